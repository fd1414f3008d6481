//! What a look at the engine means for one process: pure.

use camunda_client::{HistoricInstance, HistoricState};
use order_domain::workflow::CorrelationStatus;
use order_store::commands::ProcessFinding;
use order_store::correlation::ProcessCheck;

/// What is to be done about one process.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict<'a> {
    /// As recorded; these others of the same order go.
    Alive { duplicates: Vec<&'a str> },
    /// Another instance than the recorded one serves the order; these others go.
    Adopt { instance: &'a str, duplicates: Vec<&'a str> },
    /// Ended inside the model, and so did the order: nothing is left.
    Finished,
    /// Gone, while the order may need it.
    Missing(ProcessFinding),
    /// A start is owed: the relay is at it.
    Leave,
}

/// `is_running` says that the recorded instance runs although history does not know it.
pub(crate) fn verdict<'a>(
    check: &ProcessCheck,
    instances: &'a [HistoricInstance],
    is_running: bool,
) -> Verdict<'a> {
    if check.owes_start {
        return Verdict::Leave;
    }
    let recorded = check.process_instance_id.as_deref();
    let alive: Vec<&HistoricInstance> = instances.iter().filter(|x| is_alive(x)).collect();
    let kept = alive.iter().find(|x| Some(x.id.as_str()) == recorded).or(alive.first());
    if let Some(kept) = kept {
        let others = alive.iter().filter(|x| x.id != kept.id);
        let duplicates = others.map(|x| x.id.as_str()).collect();
        let is_recorded =
            check.status == CorrelationStatus::Running && Some(kept.id.as_str()) == recorded;
        return if is_recorded {
            Verdict::Alive { duplicates }
        } else {
            Verdict::Adopt { instance: &kept.id, duplicates }
        };
    }
    if is_running {
        return Verdict::Alive { duplicates: Vec::new() };
    }
    let ended = instances.iter().find(|x| Some(x.id.as_str()) == recorded);
    match (check.status, ended.or(instances.last())) {
        (CorrelationStatus::Starting, _) => Verdict::Missing(ProcessFinding::NeverStarted),
        (_, None) => Verdict::Missing(ProcessFinding::Lost),
        (_, Some(x)) if x.state == HistoricState::Completed && check.order_status.is_terminal() => {
            Verdict::Finished
        }
        (_, Some(x)) => Verdict::Missing(ProcessFinding::Ended(how(x).to_owned())),
    }
}

const fn is_alive(instance: &HistoricInstance) -> bool {
    matches!(instance.state, HistoricState::Active | HistoricState::Suspended)
}

const fn how(instance: &HistoricInstance) -> &'static str {
    match instance.state {
        HistoricState::Active => "ACTIVE",
        HistoricState::Suspended => "SUSPENDED",
        HistoricState::Completed => "COMPLETED",
        HistoricState::ExternallyTerminated => "EXTERNALLY_TERMINATED",
        HistoricState::InternallyTerminated => "INTERNALLY_TERMINATED",
    }
}

#[cfg(test)]
mod tests;
