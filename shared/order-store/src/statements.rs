//! Every SQL constant of the crate in one list, prepared by a test against a fresh schema.

use crate::{
    aggregate, bulk, catalogue, change_set, circuit, commands, correlation, due_steps,
    engine_report, idempotency, inbox, liveness, order_reference, outbox, overdue_cases,
    read_model, target_system, tenant_chain,
};

/// Name and text of every statement.
#[doc(hidden)]
#[must_use]
pub fn all() -> Vec<(String, String)> {
    let named = [
        ("idempotency::FIND_RESULT", idempotency::FIND_RESULT),
        ("idempotency::FIND_OPERATOR_RESULT", idempotency::FIND_OPERATOR_RESULT),
        ("outbox::CLAIM_DUE", outbox::CLAIM_DUE),
        ("outbox::DELETE_DELIVERED", outbox::DELETE_DELIVERED),
        ("outbox::RESCHEDULE", outbox::RESCHEDULE),
        ("outbox::BURY", outbox::BURY),
        ("outbox::COUNT_OWED", outbox::COUNT_OWED),
        ("outbox::REPEAT_PLAN_MESSAGES", outbox::REPEAT_PLAN_MESSAGES),
        ("correlation::CLAIM_START", correlation::CLAIM_START),
        ("correlation::MARK_RUNNING", correlation::MARK_RUNNING),
        ("correlation::CLAIM_CHECKS", correlation::CLAIM_CHECKS),
        ("correlation::PUT_OFF", correlation::PUT_OFF),
        ("correlation::MARK_ENDED", correlation::MARK_ENDED),
        ("correlation::ADOPT", correlation::ADOPT),
        ("correlation::CHECK_NOW", correlation::CHECK_NOW),
        ("correlation::FIND_STATUS", correlation::FIND_STATUS),
        ("engine_report::RECORD", engine_report::RECORD),
        ("engine_report::RESOLVE_UNSEEN", engine_report::RESOLVE_UNSEEN),
        ("engine_report::RESOLVE_OF_ORDERS", engine_report::RESOLVE_OF_ORDERS),
        ("engine_report::CASES_OF_ORDERS", engine_report::CASES_OF_ORDERS),
        ("catalogue::FIND_CURRENT", catalogue::FIND_CURRENT),
        ("catalogue::APPLY", catalogue::APPLY),
        ("catalogue::RETIRE_OTHERS", catalogue::RETIRE_OTHERS),
        ("catalogue::MAKE_CURRENT", catalogue::MAKE_CURRENT),
        ("target_system::APPLY", target_system::APPLY),
        ("target_system::FIND", target_system::FIND),
        ("tenant_chain::LOCK_TENANT_CHAIN", tenant_chain::LOCK_TENANT_CHAIN),
        ("inbox::KEEP_MALFORMED", inbox::KEEP_MALFORMED),
        ("inbox::REQUESTS_OF_REFERENCES", inbox::REQUESTS_OF_REFERENCES),
        ("inbox::KEEP_UNREFERENCED", inbox::KEEP_UNREFERENCED),
        ("inbox::CLAIM_UNMATCHED", inbox::CLAIM_UNMATCHED),
        ("inbox::EXPOSE_FOREIGN", inbox::EXPOSE_FOREIGN),
        ("inbox::GIVE_UP", inbox::GIVE_UP),
        ("inbox::LIST_ORPHANS", inbox::LIST_ORPHANS),
        ("order_reference::FIND", order_reference::FIND),
        ("order_reference::NEXT_OPEN_COMMUNICATION", order_reference::NEXT_OPEN_COMMUNICATION),
        ("liveness::LIST_STRANDED", liveness::LIST_STRANDED),
        ("liveness::OWE_LOST_STARTS", liveness::OWE_LOST_STARTS),
        ("overdue_cases::LIST_OVERDUE", overdue_cases::LIST_OVERDUE),
        ("circuit::LIST_DUE", circuit::LIST_DUE),
        ("due_steps::LIST_DUE", due_steps::LIST_DUE),
        ("due_steps::REDISPATCH_OVERDUE", due_steps::REDISPATCH_OVERDUE),
    ];
    let owned = |(name, sql): (&str, &str)| (name.to_owned(), sql.to_owned());
    let mut all: Vec<(String, String)> = named.into_iter().map(owned).collect();
    all.extend(bulk::statements().into_iter().map(owned));
    all.extend(read_model::statements().into_iter().map(owned));
    all.extend(commands::statements().into_iter().map(owned));
    all.extend(
        aggregate::statements().into_iter().map(|(n, sql)| (format!("aggregate::{n}"), sql)),
    );
    all.push(("change_set (every part)".to_owned(), change_set::full_statement()));
    all
}
