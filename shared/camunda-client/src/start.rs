//! Starting a process instance.
//!
//! The business key is not unique at the engine: a start whose answer was lost is asked for by
//! business key before it is sent again, never blindly repeated.

use serde::{Deserialize, Serialize};

use crate::business_key::BusinessKey;
use crate::calls::CallKind;
use crate::checks::check_name;
use crate::client::EngineClient;
use crate::error::EngineError;
use crate::variables::Variables;

/// What to start.
#[derive(Debug, Clone, PartialEq)]
pub struct StartProcess {
    process_key: String,
    business_key: BusinessKey,
    variables: Variables,
    instructions: Vec<StartInstruction>,
}

/// Where a lost instance is put back; without any, the start event is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum StartInstruction {
    /// Start as if a token arrived at the activity.
    StartBeforeActivity {
        /// The activity in the model.
        activity_id: String,
    },
    /// Start as if the activity had just ended.
    StartAfterActivity {
        /// The activity in the model.
        activity_id: String,
    },
}

/// The instance that the engine made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartedInstance {
    /// Id of the process instance.
    pub id: String,
    /// Id of the definition, which names its version.
    pub definition_id: String,
    /// True when the instance ran through without stopping anywhere.
    pub ended: bool,
    /// True when the definition is suspended.
    pub suspended: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StartBody<'a> {
    business_key: &'a BusinessKey,
    variables: &'a Variables,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    start_instructions: &'a [StartInstruction],
}

impl StartProcess {
    /// The newest version of a process for an order.
    #[must_use]
    pub fn new(process_key: impl Into<String>, business_key: BusinessKey) -> Self {
        let (variables, instructions) = (Variables::none(), Vec::new());
        Self { process_key: process_key.into(), business_key, variables, instructions }
    }

    /// With these variables in the process scope.
    #[must_use]
    pub fn with_variables(mut self, variables: Variables) -> Self {
        self.variables = variables;
        self
    }

    /// At this place instead of the start event; may be given more than once.
    #[must_use]
    pub fn with_instruction(mut self, instruction: StartInstruction) -> Self {
        self.instructions.push(instruction);
        self
    }
}

impl EngineClient {
    /// Starts an instance; two starts with one business key make two instances.
    ///
    /// # Errors
    /// [`EngineError::DefinitionMissing`] when nothing is deployed under the key; on an unknown
    /// outcome look for the instance with [`EngineClient::list_historic_instances`] first.
    pub async fn start_process(
        &self,
        start: &StartProcess,
    ) -> Result<StartedInstance, EngineError> {
        let kind = CallKind::StartProcess;
        kind.check(check_name("business key", &start.business_key.to_string()))?;
        kind.check(start.variables.check())?;
        let body = StartBody {
            business_key: &start.business_key,
            variables: &start.variables,
            start_instructions: &start.instructions,
        };
        let path = ["process-definition", "key", &start.process_key, "start"];
        self.ask(self.post(kind, &path)?.json(&body)).await
    }
}
