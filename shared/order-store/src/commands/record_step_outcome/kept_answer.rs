//! What an unmatched callback said, kept as it was read until the message has its final verdict.
//!
//! The bytes are never stored: what the contract lets a callback say is all that a later match needs.

use order_domain::characteristic::Characteristics;
use order_domain::step::answer::StepAnswer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The three answers that a callback can give.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum KeptAnswer {
    Completed { external_reference: Option<String>, result: Characteristics },
    Accepted { external_reference: Option<String> },
    Rejected { code: String, external_reference: Option<String> },
}

/// The stored form; `None` for an answer that no callback gives.
pub(crate) fn to_json(answer: &StepAnswer) -> Option<Value> {
    let kept = match answer.clone() {
        StepAnswer::Completed { external_reference, result } => {
            KeptAnswer::Completed { external_reference, result }
        }
        StepAnswer::Accepted { external_reference } => KeptAnswer::Accepted { external_reference },
        StepAnswer::Rejected { code, external_reference } => {
            KeptAnswer::Rejected { code, external_reference }
        }
        StepAnswer::NotSent { .. }
        | StepAnswer::RetryLater { .. }
        | StepAnswer::Refused { .. }
        | StepAnswer::Unknown { .. }
        | StepAnswer::Absent
        | StepAnswer::CannotTell { .. } => return None,
    };
    serde_json::to_value(kept).ok()
}

/// Reads the stored form; `None` when it is none of ours.
pub(crate) fn from_json(stored: Value) -> Option<StepAnswer> {
    Some(match serde_json::from_value(stored).ok()? {
        KeptAnswer::Completed { external_reference, result } => {
            StepAnswer::Completed { external_reference, result }
        }
        KeptAnswer::Accepted { external_reference } => StepAnswer::Accepted { external_reference },
        KeptAnswer::Rejected { code, external_reference } => {
            StepAnswer::Rejected { code, external_reference }
        }
    })
}

#[cfg(test)]
mod tests {
    use order_domain::characteristic::CharacteristicValue;

    use super::*;

    #[test]
    fn what_a_callback_can_say_is_read_as_it_was_kept() {
        let reference = || Some("EXT-1".to_owned());
        let result = [("portId".to_owned(), CharacteristicValue::Text("P-1".to_owned()))].into();
        for answer in [
            StepAnswer::Completed { external_reference: reference(), result },
            StepAnswer::Accepted { external_reference: None },
            StepAnswer::Rejected { code: "NO_PORT".to_owned(), external_reference: reference() },
        ] {
            let kept = to_json(&answer).expect("a callback can say this");

            assert_eq!(from_json(kept), Some(answer));
        }
        assert_eq!(to_json(&StepAnswer::Absent), None);
        assert_eq!(from_json(serde_json::json!({"said": "ABSENT"})), None);
    }
}
