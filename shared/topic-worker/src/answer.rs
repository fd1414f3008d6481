//! What a command's answer means for the engine: one exhaustive match (§8).

use std::time::Duration;

use camunda_client::{ExternalTask, Variables};
use fault_points::SeededBug;
use lambda_support::error_chain;
use lambda_support::external_task_loop::TaskOutcome;
use order_store::StoreError;
use order_store::commands::CommandOutcome;

/// While a cancellation is carried out, its message is about to take the task away.
const CANCELLATION_PAUSE: Duration = Duration::from_secs(30);
/// The refusal that is a wait and not a failure.
const CANCELLATION_IN_PROGRESS: &str = "CANCELLATION_IN_PROGRESS";

/// The outcome of a task whose command answered; `bpmn_error` is the topic's code in the model.
pub fn answer(
    task: &ExternalTask,
    bpmn_error: Option<&'static str>,
    outcome: Result<CommandOutcome, StoreError>,
) -> TaskOutcome {
    match outcome {
        Ok(CommandOutcome::Applied { .. } | CommandOutcome::AlreadyApplied { .. }) => {
            TaskOutcome::complete()
        }
        Ok(CommandOutcome::Refused { code, message, fallout_case_id, .. }) => {
            match (fallout_case_id, bpmn_error) {
                (Some(_), _) if SeededBug::BusinessErrorAsFailure.is_present() => {
                    TaskOutcome::retry(task, code)
                }
                // The sentence stays here: it can name products and steps, and the engine is
                // told no business data.
                (Some(case), Some(bpmn_error)) => TaskOutcome::BpmnError {
                    code: bpmn_error.to_owned(),
                    message: code,
                    variables: Variables::none().with("falloutCaseId", case.to_string()),
                },
                // The model has no way for it: completing would lose the refusal.
                (Some(_), None) => TaskOutcome::give_up(code),
                (None, _) if code == CANCELLATION_IN_PROGRESS => {
                    TaskOutcome::wait(task, format!("{code}: {message}"), CANCELLATION_PAUSE)
                }
                (None, _) => TaskOutcome::retry(task, format!("{code}: {message}")),
            }
        }
        Err(error) => technical(task, &error),
    }
}

/// The outcome of a task whose transaction failed.
///
/// The engine gets the first sentence only: PostgreSQL's details can quote values.
pub fn technical(task: &ExternalTask, error: &StoreError) -> TaskOutcome {
    tracing::error!(error = error_chain(error), "the store failed");
    if error.is_retryable() {
        TaskOutcome::retry(task, error.to_string())
    } else {
        TaskOutcome::give_up(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use order_domain::ids::{FalloutCaseId, OrderId};

    use super::*;
    use crate::testing;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    fn task() -> ExternalTask {
        let order_id: OrderId = ID.parse().unwrap();
        testing::task("order.complete", &"acme".parse().unwrap(), order_id)
    }

    fn refused(code: &str, fallout_case_id: Option<FalloutCaseId>) -> CommandOutcome {
        let (code, message) = (code.to_owned(), "No.".to_owned());
        CommandOutcome::Refused { code, message, fallout_case_id, order_version: 7 }
    }

    #[test]
    fn every_answer_of_a_command_has_one_meaning_for_the_engine() {
        let task = task();
        let say = |outcome| answer(&task, Some("ORDER_COMPLETION_REJECTED"), Ok(outcome));
        let case = Some(ID.parse().unwrap());

        assert_eq!(say(CommandOutcome::Applied { order_version: 2 }), TaskOutcome::complete());
        assert_eq!(
            say(CommandOutcome::AlreadyApplied { order_version: 2 }),
            TaskOutcome::complete()
        );
        assert_eq!(
            say(refused("MANDATORY_LINE_NOT_FULFILLED", case)),
            TaskOutcome::BpmnError {
                code: "ORDER_COMPLETION_REJECTED".to_owned(),
                message: "MANDATORY_LINE_NOT_FULFILLED".to_owned(),
                variables: Variables::none().with("falloutCaseId", ID),
            }
        );
        assert!(matches!(
            say(refused("ORDER_IS_TERMINAL", None)),
            TaskOutcome::Failure { retries: 4, .. }
        ));
        assert!(matches!(
            say(refused(CANCELLATION_IN_PROGRESS, None)),
            TaskOutcome::Failure { retries: 5, retry_timeout: CANCELLATION_PAUSE, .. }
        ));
        assert!(matches!(
            answer(&task, None, Ok(refused("PLAN_NOT_CREATED", case))),
            TaskOutcome::Failure { retries: 0, .. }
        ));
    }

    #[test]
    fn only_retryable_store_errors_are_retried() {
        let missing = StoreError::NotFound { what: "the order" };

        let outcome = answer(&task(), None, Err(missing));

        assert_eq!(outcome, TaskOutcome::give_up("the order not found"));
    }
}
