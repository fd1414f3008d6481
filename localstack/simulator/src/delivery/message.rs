//! What a callback says: the truth, or what a fault makes of it. Every message is signed rightly.

use std::time::Duration;

use external_systems::wire::RequestStatus;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fault::{Fault, Malformation};
use crate::record::Settled;
use crate::world::Request;

const JSON: &str = "application/json";
/// Above the 128 KiB that the product takes.
const OVERSIZED_BYTES: usize = 200 * 1024;

/// One message, as it is sent apart from its signature.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) content_type: &'static str,
    pub(super) body: Vec<u8>,
    /// Broken on purpose: any answer to it is final.
    pub(super) is_broken: bool,
}

/// How long a delayed callback still has to wait; its time runs on while the simulator is down.
pub(super) fn wait(request: &Request, settled: &Settled, now: Timestamp) -> Duration {
    let Some(Fault::Delayed { delay_ms }) = request.submitted.callback_fault else {
        return Duration::ZERO;
    };
    let age_ms = now.as_millisecond() - settled.at.as_millisecond();
    Duration::from_millis(delay_ms.saturating_sub(u64::try_from(age_ms).unwrap_or(0)))
}

/// All messages in their order. Ids are derived, so that a restart repeats them.
pub(super) fn messages(request: &Request, settled: &Settled, id: &str) -> Vec<Message> {
    let truth = body(request, settled);
    let true_one = || message(id.to_owned(), &truth);
    match &request.submitted.callback_fault {
        // A missing callback is never owed, and an early one is early by the submit's waiting.
        None | Some(Fault::Delayed { .. } | Fault::Early {} | Fault::Missing {}) => {
            vec![true_one()]
        }
        Some(Fault::Duplicated { copies, new_id }) => {
            let copy_id = |n: u8| if *new_id { format!("{id}_{n}") } else { id.to_owned() };
            let copies = (1..=*copies).map(|n| message(copy_id(n), &truth));
            std::iter::once(true_one()).chain(copies).collect()
        }
        Some(Fault::Contradictory { lie_first }) => {
            let lie = message(format!("{id}_lie"), &opposite(&truth, settled.status));
            if *lie_first { vec![lie, true_one()] } else { vec![true_one(), lie] }
        }
        Some(Fault::Malformed { malformation }) => {
            vec![malformed(*malformation, id.to_owned(), truth)]
        }
        Some(
            Fault::Refuse {}
            | Fault::Hang {}
            | Fault::TooManyRequests { .. }
            | Fault::Unavailable { .. }
            | Fault::TechnicalRefusal { .. }
            | Fault::Redirect {}
            | Fault::Error500Before {}
            | Fault::Error500After {}
            | Fault::AnswerLost {}
            | Fault::Reset {}
            | Fault::SlowDrip { .. }
            | Fault::InvalidJson {}
            | Fault::WrongContentType {}
            | Fault::Oversized { .. },
        ) => vec![true_one()],
    }
}

fn body(request: &Request, settled: &Settled) -> Value {
    json!({
        "requestId": settled.request_id,
        "externalReference": request.submitted.external_reference,
        "status": settled.status,
        "result": settled.result,
        "reasonCode": settled.reason_code,
        "occurredAt": settled.at,
    })
}

fn message(id: String, body: &Value) -> Message {
    Message { id, content_type: JSON, body: body.to_string().into_bytes(), is_broken: false }
}

fn opposite(truth: &Value, status: RequestStatus) -> Value {
    let mut lie = truth.clone();
    if status == RequestStatus::Completed {
        lie["status"] = json!(RequestStatus::Rejected);
        lie["reasonCode"] = json!("SIMULATED_CONTRADICTION");
        lie["result"] = json!({});
    } else {
        lie["status"] = json!(RequestStatus::Completed);
        lie["reasonCode"] = Value::Null;
    }
    lie
}

fn malformed(malformation: Malformation, id: String, truth: Value) -> Message {
    let mut changed = truth.clone();
    let mut content_type = JSON;
    let body = match malformation {
        Malformation::NotJson => b"status=COMPLETED".to_vec(),
        Malformation::WrongContentType => {
            content_type = "text/plain";
            truth.to_string().into_bytes()
        }
        Malformation::NoRequestId => {
            changed.as_object_mut().map(|fields| fields.remove("requestId"));
            changed.to_string().into_bytes()
        }
        Malformation::UnknownStatus => {
            changed["status"] = json!("PERHAPS");
            changed.to_string().into_bytes()
        }
        Malformation::WrongTypes => {
            changed["result"] = json!([{"nested": 1.5}]);
            changed.to_string().into_bytes()
        }
        Malformation::Oversized => {
            let mut text = truth.to_string().into_bytes();
            text.resize(OVERSIZED_BYTES, b' ');
            text
        }
        Malformation::InvalidUtf8 => {
            let mut text = truth.to_string().into_bytes();
            text.splice(1..1, *b"\"note\":\"\xff\xfe\",");
            text
        }
        Malformation::Truncated => {
            let text = truth.to_string();
            text.as_bytes()[..text.len() / 2].to_vec()
        }
    };
    Message { id, content_type, body, is_broken: true }
}
