//! Every SQL constant of the crate in one list, prepared by a test against a fresh schema.

use crate::{
    aggregate, catalogue, change_set, commands, correlation, due_steps, idempotency, inbox,
    order_reference, outbox, read_model, target_system,
};

/// Name and text of every statement.
#[doc(hidden)]
#[must_use]
pub fn all() -> Vec<(String, String)> {
    let named = [
        ("idempotency::FIND_RESULT", idempotency::FIND_RESULT),
        ("outbox::CLAIM_DUE", outbox::CLAIM_DUE),
        ("outbox::DELETE_DELIVERED", outbox::DELETE_DELIVERED),
        ("outbox::RESCHEDULE", outbox::RESCHEDULE),
        ("outbox::BURY", outbox::BURY),
        ("outbox::COUNT_OWED", outbox::COUNT_OWED),
        ("correlation::CLAIM_START", correlation::CLAIM_START),
        ("correlation::MARK_RUNNING", correlation::MARK_RUNNING),
        ("catalogue::FIND_CURRENT", catalogue::FIND_CURRENT),
        ("catalogue::APPLY", catalogue::APPLY),
        ("catalogue::RETIRE_OTHERS", catalogue::RETIRE_OTHERS),
        ("catalogue::MAKE_CURRENT", catalogue::MAKE_CURRENT),
        ("target_system::APPLY", target_system::APPLY),
        ("target_system::FIND", target_system::FIND),
        ("inbox::KEEP_MALFORMED", inbox::KEEP_MALFORMED),
        ("inbox::REQUEST_OF_REFERENCE", inbox::REQUEST_OF_REFERENCE),
        ("read_model::LIST_ORDERS", read_model::order_list::LIST_ORDERS),
        ("read_model::FIND_ORDER", read_model::find_order::FIND_ORDER),
        ("order_reference::FIND", order_reference::FIND),
        ("order_reference::NEXT_OPEN_COMMUNICATION", order_reference::NEXT_OPEN_COMMUNICATION),
        ("due_steps::LIST_DUE", due_steps::LIST_DUE),
        ("due_steps::REDISPATCH_OVERDUE", due_steps::REDISPATCH_OVERDUE),
    ];
    let owned = |(name, sql): (&str, &str)| (name.to_owned(), sql.to_owned());
    let mut all: Vec<(String, String)> = named.into_iter().map(owned).collect();
    all.extend(commands::statements().into_iter().map(owned));
    all.extend(
        aggregate::statements().into_iter().map(|(n, sql)| (format!("aggregate::{n}"), sql)),
    );
    all.push(("change_set (every part)".to_owned(), change_set::full_statement()));
    all
}
