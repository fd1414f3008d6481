//! The mistakes, as `shared/fault-points` has them, and where each is looked for first.

/// One seeded mistake.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bug {
    pub(super) number: u8,
    pub(super) name: &'static str,
    pub(super) mistake: &'static str,
    /// The package whose tests run first; whoever is not noticed there meets all the others.
    pub(super) looked_for_first_in: &'static str,
}

const fn bug(
    number: u8,
    (name, mistake): (&'static str, &'static str),
    looked_for_first_in: &'static str,
) -> Bug {
    Bug { number, name, mistake, looked_for_first_in }
}

/// By their numbers.
pub(super) const BUGS: [Bug; 24] = [
    bug(
        1,
        (
            "PublishBeforeCommit",
            "An event reaches the bus although its transaction may not be committed.",
        ),
        "order-store",
    ),
    bug(2, ("NoLeaseCheck", "A worker's outcome counts whatever its lease says."), "order-store"),
    bug(
        3,
        ("ResendWithoutQuery", "An unknown outcome is sent again instead of asked about."),
        "fulfillment-step-executor",
    ),
    bug(
        4,
        ("AcknowledgeOnError", "A queue message is acknowledged although recording it failed."),
        "callback-processor",
    ),
    bug(
        5,
        ("CorrelateInCallback", "The engine is told while the callback's transaction is open."),
        "callback-processor",
    ),
    bug(
        6,
        ("TrustCallbackOrder", "A callback that comes later overwrites a settled step."),
        "callback-processor",
    ),
    bug(
        7,
        ("OutboxByCursor", r#"The outbox is read by "sequence greater than the last one seen"."#),
        "order-store",
    ),
    bug(
        8,
        ("NoInboxDedupe", "The same callback is applied as often as it comes."),
        "callback-processor",
    ),
    bug(
        9,
        ("CompleteBeforeCommit", r#"The engine hears "complete" before the command is committed."#),
        "order-decompose",
    ),
    bug(
        10,
        (
            "RetryBusinessRejection",
            "A business rejection is taken for a technical failure and sent again.",
        ),
        "external-systems",
    ),
    bug(
        11,
        ("NewRequestIdPerAttempt", "Every attempt gets a request id of its own."),
        "fulfillment-step-executor",
    ),
    bug(
        12,
        ("IgnoreConflict", r#"409 "already known" is taken for a refusal."#),
        "external-systems",
    ),
    bug(
        13,
        ("StartWithoutAsking", "A start whose answer was lost is repeated without asking."),
        "workflow-delivery",
    ),
    bug(
        14,
        ("NoMatchIsDelivered", r#""Nobody waits for this message" is taken for delivered."#),
        "workflow-delivery",
    ),
    bug(
        15,
        ("GoneIsFailure", "A task that is gone when it is completed is reported as failed."),
        "lambda-support",
    ),
    bug(16, ("OneBadFailsBatch", "One bad message sends its whole batch back."), "lambda-support"),
    bug(
        17,
        ("WrongItemIds", "The queue is told positions instead of message ids."),
        "lambda-support",
    ),
    bug(
        18,
        ("NoFingerprint", "A key is replayed without comparing what was asked for."),
        "order-intake",
    ),
    bug(
        19,
        ("KeyByActivity", "The key of a command names the activity and not its run."),
        "topic-worker",
    ),
    bug(
        20,
        ("NoRetriesInFailure", "A failure is reported without the retries that are left."),
        "lambda-support",
    ),
    bug(
        21,
        ("NoResponseDue", "A step waits for its answer without a due time."),
        "callback-processor",
    ),
    bug(22, ("EventsOutOfOrder", "Events of one order leave in any order."), "order-store"),
    bug(
        23,
        ("BusinessErrorAsFailure", "A business error is reported as a technical failure."),
        "topic-worker",
    ),
    bug(24, ("OneWorkerId", "Every invocation has the same worker id."), "lambda-support"),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_seeded_bug_is_tried_with_its_number_and_description() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let source = root.join("shared/fault-points/src/seeded_bug.rs");
        let source = std::fs::read_to_string(source).unwrap();

        for Bug { number, name, mistake, .. } in BUGS {
            let variant = format!("    /// {mistake}\n    {name} = {number},\n");
            assert!(source.contains(&variant), "{number} {name}: {mistake}");
        }
        let last = format!("{} = {}", BUGS[23].name, BUGS.len());
        assert!(source.contains(&format!("{last},\n}}")), "{last} is the last one");
    }
}
