//! Correlating a message: how the domain tells a waiting instance to go on.
//!
//! The engine neither buffers nor de-duplicates messages: too early is [`EngineError::NoMatch`],
//! and a blind repeat of a non-interrupting start opens its sub-process a second time.

use serde::{Deserialize, Serialize};

use crate::business_key::BusinessKey;
use crate::calls::CallKind;
use crate::checks::check_name;
use crate::client::EngineClient;
use crate::error::EngineError;
use crate::variables::Variables;

/// A message for exactly one waiting execution.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageCorrelation {
    name: String,
    receiver: Receiver,
    local_variables: Variables,
    triggered_scope_variables: Variables,
}

#[derive(Debug, Clone, PartialEq)]
enum Receiver {
    Order(BusinessKey),
    Instance(String),
}

/// Who took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrelatedMessage {
    /// The instance that took it.
    pub process_instance_id: String,
    /// The execution that took it; absent when the message started an instance.
    pub execution_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageBody<'a> {
    message_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_key: Option<&'a BusinessKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process_instance_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    correlation_keys: Variables,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    process_variables_local: &'a Variables,
    #[serde(skip_serializing_if = "Variables::is_empty")]
    process_variables_to_triggered_scope: &'a Variables,
    result_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultBody {
    execution: Option<ExecutionBody>,
    process_instance: Option<InstanceBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionBody {
    id: String,
    process_instance_id: String,
}

#[derive(Deserialize)]
struct InstanceBody {
    id: String,
}

impl MessageCorrelation {
    /// For the instance of an order: by business key, tenant and order.
    #[must_use]
    pub fn to_order(name: impl Into<String>, key: BusinessKey) -> Self {
        Self::to(name.into(), Receiver::Order(key))
    }

    /// For one instance by its id.
    #[must_use]
    pub fn to_instance(name: impl Into<String>, process_instance_id: impl Into<String>) -> Self {
        Self::to(name.into(), Receiver::Instance(process_instance_id.into()))
    }

    const fn to(name: String, receiver: Receiver) -> Self {
        Self {
            name,
            receiver,
            local_variables: Variables::none(),
            triggered_scope_variables: Variables::none(),
        }
    }

    /// Variables for the waiting execution only, for the record.
    #[must_use]
    pub fn with_local_variables(mut self, variables: Variables) -> Self {
        self.local_variables = variables;
        self
    }

    /// Variables for the scope that the message opens; absent ones would be inherited.
    #[must_use]
    pub fn with_triggered_scope_variables(mut self, variables: Variables) -> Self {
        self.triggered_scope_variables = variables;
        self
    }

    fn body(&self) -> MessageBody<'_> {
        let (business_key, process_instance_id) = match &self.receiver {
            Receiver::Order(key) => (Some(key), None),
            Receiver::Instance(id) => (None, Some(id.as_str())),
        };
        let correlation_keys = business_key.map_or_else(Variables::none, |key| {
            Variables::none()
                .with("tenantId", key.tenant().as_str())
                .with("orderId", key.order_id().to_string())
        });
        MessageBody {
            message_name: &self.name,
            business_key,
            process_instance_id,
            correlation_keys,
            process_variables_local: &self.local_variables,
            process_variables_to_triggered_scope: &self.triggered_scope_variables,
            result_enabled: true,
        }
    }
}

impl EngineClient {
    /// Hands a message to the one execution that waits for it.
    ///
    /// # Errors
    /// [`EngineError::NoMatch`] when nobody waits (not yet, already consumed, ended, suspended),
    /// [`EngineError::AmbiguousMatch`] when two instances wait under one key.
    pub async fn correlate_message(
        &self,
        message: &MessageCorrelation,
    ) -> Result<CorrelatedMessage, EngineError> {
        let kind = CallKind::CorrelateMessage;
        kind.check(check_name("message name", &message.name))?;
        if let Receiver::Instance(id) = &message.receiver {
            kind.check(check_name("process instance id", id))?;
        }
        kind.check(message.local_variables.check())?;
        kind.check(message.triggered_scope_variables.check())?;
        let call = self.post(kind, &["message"])?.json(&message.body());
        let results: Vec<ResultBody> = self.ask(call).await?;
        results.into_iter().find_map(ResultBody::taken).ok_or_else(|| {
            let detail = "it names no instance".to_owned();
            EngineError::UnreadableAnswer { call: kind, status: 200, detail }
        })
    }
}

impl ResultBody {
    fn taken(self) -> Option<CorrelatedMessage> {
        if let Some(execution) = self.execution {
            return Some(CorrelatedMessage {
                process_instance_id: execution.process_instance_id,
                execution_id: Some(execution.id),
            });
        }
        let process_instance_id = self.process_instance?.id;
        Some(CorrelatedMessage { process_instance_id, execution_id: None })
    }
}
