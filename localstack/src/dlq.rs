//! `cargo local dlq`: what was given up, why, and the way back.
//!
//! Without `--endpoint` it speaks to the stack's emulator; with it, to any SQS, with the credentials
//! and region of the environment: the same code serves the local queues and those on AWS.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use message_sinks::{DeadLetter, DeadLetterQueue, DeadLetters};
use reqwest::Url;

use crate::aws;
use crate::cli::{Dlq, DlqArguments};
use crate::dead_letter_reasons::DeadLetterReasons;
use crate::output;
use crate::stack::{StackLayout, StackState};

/// Does what was typed.
///
/// # Errors
/// The stack is down, the queue does not exist, or SQS refuses.
pub async fn run(stack: &str, arguments: &DlqArguments) -> Result<()> {
    let letters = connect(stack, arguments.endpoint.as_ref())?;
    match &arguments.action {
        Dlq::List => letters.list().await?.iter().for_each(|x| output::line(&listed(x))),
        Dlq::Show { queue, limit, body } => {
            let reasons = match arguments.endpoint {
                Some(_) => DeadLetterReasons::default(),
                None => DeadLetterReasons::of(&StackLayout::open(stack)?.logs())?,
            };
            for queue in chosen(&letters, queue.as_deref()).await? {
                for letter in letters.peek(&queue, *limit).await? {
                    let reason = reasons.of_message(&letter.message_id);
                    output::line(&shown(&queue.name, &letter, (reason, *body)));
                }
            }
        }
        Dlq::Redrive { queue, limit } => {
            for queue in chosen(&letters, queue.as_deref()).await? {
                if queue.sources.is_empty() {
                    output::line(&format!("{}: belongs to no queue, left as it is", queue.name));
                    continue;
                }
                let moved = letters.redrive(&queue, *limit).await?;
                output::line(&format!("{}: {moved} sent to {}", queue.name, queue.sources[0]));
            }
        }
        Dlq::Purge { queue, message_id } => {
            let queue = letters.find(queue).await?;
            let is_gone = letters.purge_one(&queue, message_id).await?;
            ensure!(is_gone, "{} holds no message {message_id}", queue.name);
            output::line(&format!("{}: {message_id} is gone for good", queue.name));
        }
    }
    Ok(())
}

fn connect(stack: &str, endpoint: Option<&Url>) -> Result<DeadLetters> {
    if endpoint.is_some() {
        return Ok(DeadLetters::from_environment(endpoint)?);
    }
    let state = StackState::load(&StackLayout::open(stack)?)?;
    Ok(DeadLetters::of_emulator(state.endpoint(aws::URL)?, aws::REGION)?)
}

async fn chosen(letters: &DeadLetters, queue: Option<&str>) -> Result<Vec<DeadLetterQueue>> {
    Ok(match queue {
        Some(name) => vec![letters.find(name).await?],
        None => letters.list().await?,
    })
}

fn listed(queue: &DeadLetterQueue) -> String {
    let sources = if queue.sources.is_empty() { "-".to_owned() } else { queue.sources.join(", ") };
    format!("{:<28} {:>6} waiting   from {sources}", queue.name, queue.waiting_count)
}

/// One line per message; a body only when it was asked for, because it may hold what is private.
fn shown(queue: &str, letter: &DeadLetter, (reason, with_body): (Option<&str>, bool)) -> String {
    let sent_at = letter
        .sent_at_ms
        .and_then(|ms| Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok())
        .map_or_else(|| "-".to_owned(), |at| at.to_string());
    let reasons: Vec<String> =
        letter.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut line = format!(
        "{} {} received {} times, sent {sent_at}, {} bytes {}",
        queue,
        letter.message_id,
        letter.receive_count,
        letter.body.len(),
        reasons.join(" ")
    );
    line.truncate(line.trim_end().len());
    if let Some(reason) = reason {
        line.push_str(&format!(" · {reason}"));
    }
    if with_body {
        line.push('\n');
        line.push_str(&letter.body);
    }
    line
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn queue_limit_and_endpoint_are_told_apart() {
        let typed = [
            "local",
            "dlq",
            "--endpoint",
            "https://sqs",
            "redrive",
            "fulfillment-steps",
            "--limit",
            "3",
        ];
        let Command::Dlq(dlq) = Cli::parse_from(typed).command else { panic!("not dlq") };

        assert_eq!(dlq.endpoint.as_ref().map(Url::as_str), Some("https://sqs/"));
        let Dlq::Redrive { queue, limit } = dlq.action else { panic!("not redrive") };
        assert_eq!((queue.as_deref(), limit), (Some("fulfillment-steps"), 3));
    }

    #[test]
    fn every_action_teaches_itself() {
        for action in ["list", "show", "redrive", "purge"] {
            let help = Cli::try_parse_from(["local", "dlq", action, "--help"]).expect_err("help");
            assert!(help.to_string().contains("Usage: cargo local dlq"), "{help}");
        }
    }

    #[test]
    fn a_reason_is_shown_and_a_body_only_on_demand() {
        let letter = DeadLetter {
            message_id: "m-1".to_owned(),
            receive_count: 6,
            sent_at_ms: Some(1_800_000_000_000),
            attributes: BTreeMap::from([("ErrorCode".to_owned(), "NO_PERMISSIONS".to_owned())]),
            body: "private".to_owned(),
        };

        let letters = DeadLetters::of_emulator("http://127.0.0.1:1", "us-east-1");
        assert!(letters.is_ok(), "an emulator needs nothing from the environment");
        let line = line_of(&letter, (None, false));
        assert!(
            line.ends_with(
                "received 6 times, sent 2027-01-15T08:00:00Z, 7 bytes ErrorCode=NO_PERMISSIONS"
            ),
            "{line}"
        );
        assert!(
            line_of(&letter, (Some("the store failed"), false)).ends_with(" · the store failed")
        );
        assert!(line_of(&letter, (None, true)).ends_with("\nprivate"));
    }

    fn line_of(letter: &DeadLetter, what: (Option<&str>, bool)) -> String {
        shown("external-callbacks-dlq", letter, what)
    }
}
