//! The lines of the journal: everything that must survive a restart, in the order it happened.

use external_systems::wire::RequestStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::behaviour::Behaviour;
use crate::fault::{Fault, Place, Plan};
use crate::system::System;

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "record")]
pub(crate) enum Record {
    Submitted(Box<Submitted>),
    Resubmitted(Resubmitted),
    Effect(Effect),
    Settled(Settled),
    CallbackAccepted(CallbackAccepted),
    BehaviourSet(BehaviourSet),
    FaultsSet(FaultsSet),
    FaultsStopped,
    Arrived(Arrived),
    Quote(Document),
    Customer(Document),
    BillingAccount(Document),
}

/// The body of a submit; stricter than a real system would be, so that drift is seen at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SubmitBody {
    pub(crate) request_id: Uuid,
    pub(crate) operation: String,
    pub(crate) tenant_id: String,
    pub(crate) order_id: Uuid,
    #[serde(default)]
    pub(crate) order_line_id: Option<Uuid>,
    pub(crate) step_key: String,
    pub(crate) payload: Map<String, Value>,
    #[serde(default)]
    pub(crate) callback_url: Option<String>,
}

/// A request was taken; its behaviour is fixed from here on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submitted {
    pub(crate) system: System,
    pub(crate) request: SubmitBody,
    pub(crate) behaviour: Behaviour,
    pub(crate) external_reference: String,
    pub(crate) received_at: Timestamp,
    /// What will go wrong with its callback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_fault: Option<Fault>,
}

/// A system that does not recognise request ids took the same request again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Resubmitted {
    pub(crate) system: System,
    pub(crate) request_id: Uuid,
}

/// Something happened in the world that cannot be taken back: the ledger's entry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Effect {
    pub(crate) system: System,
    pub(crate) request_id: Uuid,
    pub(crate) at: Timestamp,
}

/// A request has its outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Settled {
    pub(crate) system: System,
    pub(crate) request_id: Uuid,
    pub(crate) status: RequestStatus,
    pub(crate) reason_code: Option<String>,
    pub(crate) result: Map<String, Value>,
    /// Id of the callback's message, the same for each of its deliveries; none when none is owed.
    pub(crate) callback_message_id: Option<String>,
    pub(crate) at: Timestamp,
}

/// The callback was answered with 2xx.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallbackAccepted {
    pub(crate) system: System,
    pub(crate) request_id: Uuid,
    pub(crate) at: Timestamp,
}

/// Somebody set, or with none reset, a behaviour.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BehaviourSet {
    pub(crate) system: System,
    pub(crate) operation: Option<String>,
    pub(crate) behaviour: Option<Behaviour>,
}

/// Somebody replaced the faults of a system, or of one of its operations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaultsSet {
    pub(crate) system: System,
    pub(crate) operation: Option<String>,
    pub(crate) plans: Vec<Plan>,
}

/// A request came to a place where a fault was set.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Arrived {
    pub(crate) system: System,
    pub(crate) place: Place,
    pub(crate) subject: String,
    /// Number of the plan that hit it, in the order of their setting.
    pub(crate) hit: Option<usize>,
}

/// What a source system shall answer for an id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) id: String,
    /// The revision of a quote, 0 for anything else.
    pub(crate) revision: u32,
    /// None: the object does not exist.
    pub(crate) document: Option<Value>,
}
