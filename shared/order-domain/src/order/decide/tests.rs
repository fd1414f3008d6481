use proptest::prelude::*;

use super::super::facts::OrderFacts;
use super::super::status::derive_status;
use super::*;

const COMMANDS: [C; 11] = [
    C::ValidateReadiness { is_ready: true },
    C::ValidateReadiness { is_ready: false },
    C::Decompose,
    C::CreateFulfillmentPlan,
    C::StartFulfillment,
    C::RecordStepOutcome,
    C::OpenFallout,
    C::ResolveFallout,
    C::SettleBilling { is_settled: true },
    C::SettleBilling { is_settled: false },
    C::CompleteOrder,
];

/// The facts of an order that reached `status` on the straight way.
fn facts_at(status: S) -> OrderFacts {
    let rank = match status {
        S::Created | S::Fallout => 0,
        S::Validated => 1,
        S::Decomposed => 2,
        S::FulfillmentInProgress => 3,
        S::PartiallyFulfilled => 4,
        S::Completed | S::Cancelled | S::Failed => 5,
    };
    OrderFacts {
        is_validated: rank >= 1,
        is_decomposed: rank >= 2,
        is_planned: rank >= 3,
        is_released: rank >= 3,
        open_blocking_case_count: u32::from(status == S::Fallout),
        work_line_count: 2,
        settled_work_line_count: u32::from(rank >= 4),
        unfulfilled_mandatory_line_count: if rank >= 5 { 0 } else { 2 },
        is_billing_settled: rank >= 5,
        is_cancellation_requested: false,
    }
}

#[test]
fn the_status_times_command_matrix_is_reviewed() {
    let mut matrix = String::new();
    for status in S::ALL {
        for command in &COMMANDS {
            let outcome = match decide(*status, command, &facts_at(*status)) {
                Ok(Decision::AlreadyApplied) => "already applied".to_owned(),
                Ok(Decision::Apply { event, terminal }) => format!(
                    "applies{}{}",
                    event.map(|x| format!(", records {x}")).unwrap_or_default(),
                    terminal.map(|x| format!(", becomes {x}")).unwrap_or_default()
                ),
                Err(rejection) => format!(
                    "refused {}{}",
                    rejection.code(),
                    if rejection.opens_case() { " (opens a case)" } else { "" }
                ),
            };
            matrix.push_str(&format!(
                "{:<24} {:<44} {outcome}\n",
                status.as_str(),
                format!("{command:?}")
            ));
        }
    }
    insta::assert_snapshot!(matrix);
}

#[test]
fn an_order_with_an_open_blocking_case_cannot_complete() {
    let facts = OrderFacts { open_blocking_case_count: 1, ..facts_at(S::Completed) };

    let decision = decide(S::Fallout, &C::CompleteOrder, &facts);

    assert_eq!(decision, Err(R::OrderHasOpenBlockingFallout));
}

#[test]
fn an_order_with_an_unfulfilled_mandatory_line_cannot_complete() {
    let facts = OrderFacts { unfulfilled_mandatory_line_count: 1, ..facts_at(S::Completed) };

    let decision = decide(S::FulfillmentInProgress, &C::CompleteOrder, &facts);

    assert_eq!(decision, Err(R::MandatoryLineNotFulfilled));
}

#[test]
fn an_order_whose_billing_is_neither_active_nor_deferred_cannot_complete() {
    let facts = OrderFacts { is_billing_settled: false, ..facts_at(S::Completed) };

    let decision = decide(S::FulfillmentInProgress, &C::CompleteOrder, &facts);

    assert_eq!(decision, Err(R::BillingNotActivated));
}

#[test]
fn the_status_follows_the_precedence_of_the_facts() {
    let partially = facts_at(S::PartiallyFulfilled);
    let blocked = OrderFacts { open_blocking_case_count: 1, ..partially };
    let single_line = OrderFacts { work_line_count: 1, ..partially };

    assert_eq!(derive_status(&partially), S::PartiallyFulfilled);
    assert_eq!(derive_status(&blocked), S::Fallout);
    assert_eq!(derive_status(&single_line), S::FulfillmentInProgress);
}

fn any_facts() -> impl Strategy<Value = OrderFacts> {
    (any::<[bool; 6]>(), 0_u32..3, 0_u32..4, 0_u32..3).prop_map(|(flags, cases, lines, open)| {
        OrderFacts {
            is_validated: flags[0],
            is_decomposed: flags[1],
            is_planned: flags[2],
            is_released: flags[3],
            open_blocking_case_count: cases,
            work_line_count: lines,
            settled_work_line_count: lines / 2,
            unfulfilled_mandatory_line_count: open,
            is_billing_settled: flags[4],
            is_cancellation_requested: flags[5],
        }
    })
}

/// Applies a command the way the store does: terminal if decided, else derived from facts.
fn next(status: S, command: &C, facts: &OrderFacts) -> S {
    match decide(status, command, facts) {
        Ok(Decision::Apply { terminal: Some(terminal), .. }) => terminal,
        Ok(Decision::Apply { .. }) if !status.is_terminal() => derive_status(facts),
        _ => status,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_sequence_of_commands_leaves_a_terminal_status(
        steps in prop::collection::vec((0..COMMANDS.len(), any_facts()), 1..60),
    ) {
        let mut status = S::Created;
        for (command, facts) in steps {
            let after = next(status, &COMMANDS[command], &facts);
            prop_assert!(!status.is_terminal() || after == status);
            status = after;
        }
    }

    #[test]
    fn completion_is_decided_only_when_the_whole_invariant_holds(facts in any_facts()) {
        if let Ok(Decision::Apply { .. }) = decide(S::FulfillmentInProgress, &C::CompleteOrder, &facts) {
            prop_assert_eq!(facts.open_blocking_case_count, 0);
            prop_assert_eq!(facts.unfulfilled_mandatory_line_count, 0);
            prop_assert!(facts.is_billing_settled && !facts.is_cancellation_requested);
        }
    }
}
