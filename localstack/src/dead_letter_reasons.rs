//! Why a message was given up, from what its readers logged under its id.
//!
//! A reader that refuses a message says why (`lambda_support::sqs_batch`); one that was killed says
//! nothing, and the next one that the message came again. On AWS the same lines are in CloudWatch.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

const MESSAGE_ID: &str = "messaging.message_id";
const CAME_AGAIN: &str = "message came again";
const NO_ANSWER: &str = "its readers ended without an answer";

/// The last reason of every message that came back.
#[derive(Debug, Default)]
pub(crate) struct DeadLetterReasons(BTreeMap<String, String>);

impl DeadLetterReasons {
    /// Reads the logs of all functions.
    pub(crate) fn of(logs: &Path) -> Result<Self> {
        let mut reasons = Self::default();
        for entry in std::fs::read_dir(logs)? {
            let text = std::fs::read(entry?.path())?;
            reasons.read(&String::from_utf8_lossy(&text));
        }
        Ok(reasons)
    }

    /// Why the message was not taken the last time; `None` when nobody ever said.
    pub(crate) fn of_message(&self, message_id: &str) -> Option<&str> {
        self.0.get(message_id).map(String::as_str)
    }

    fn read(&mut self, log: &str) {
        for line in log.lines().filter(|x| x.contains(MESSAGE_ID)) {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let Some(id) = line[MESSAGE_ID].as_str() else { continue };
            if let Some(reason) = line["reason"].as_str() {
                self.0.insert(id.to_owned(), reason.to_owned());
            } else if line["message"] == CAME_AGAIN {
                self.0.entry(id.to_owned()).or_insert_with(|| NO_ANSWER.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_explained_by_the_last_reason_or_by_the_silence_of_its_readers() {
        let log = r#"
            {"message":"message came again","messaging.message_id":"refused","receive_count":2}
            {"message":"message goes back to the queue","messaging.message_id":"refused","reason":"the store failed"}
            {"message":"message came again","messaging.message_id":"refused","receive_count":3}
            {"message":"message came again","messaging.message_id":"killed","receive_count":2}
            {"message":"no callback envelope","messaging.message_id":"once"}
            no JSON with messaging.message_id"#;
        let mut reasons = DeadLetterReasons::default();
        reasons.read(log);

        assert_eq!(reasons.of_message("refused"), Some("the store failed"));
        assert_eq!(reasons.of_message("killed"), Some(NO_ANSWER));
        assert_eq!(reasons.of_message("once"), None);
    }
}
