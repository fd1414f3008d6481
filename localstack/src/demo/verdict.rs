//! What must hold before the demo may say "completed".

use super::facts::Facts;

/// The conditions that do not hold, each as a sentence; empty is success.
pub(super) fn unfulfilled(facts: &Facts) -> Vec<String> {
    let mut missing = Vec::new();
    let mut demand = |holds: bool, sentence: String| {
        if !holds {
            missing.push(sentence);
        }
    };
    demand(facts.order_status == "COMPLETED", format!("the order is {}", facts.order_status));
    demand(
        facts.process_instance_state.as_deref() == Some("COMPLETED"),
        format!("the process instance is {:?}", facts.process_instance_state),
    );
    demand(
        facts.outbox_pending == Some(0),
        format!("the outbox still owes {:?} deliveries", facts.outbox_pending),
    );
    demand(
        facts.duplicate_effects == Some(0),
        format!("{:?} effects happened twice", facts.duplicate_effects),
    );
    let completed = u64::try_from(facts.completed_steps).unwrap_or(u64::MAX);
    demand(
        facts.effects.is_some_and(|effects| effects >= completed),
        format!(
            "{completed} steps are completed, but the systems know {:?} effects",
            facts.effects
        ),
    );
    let on_bus = facts.received_events.len();
    demand(
        !facts.stored_events.is_empty() && facts.stored_events == facts.received_events,
        format!("{} events are stored, {on_bus} reached the bus", facts.stored_events.len()),
    );
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        let events = ["a".to_owned(), "b".to_owned()];
        Facts {
            order_status: "COMPLETED".into(),
            process_instance_state: Some("COMPLETED".into()),
            completed_steps: 5,
            effects: Some(6),
            duplicate_effects: Some(0),
            stored_events: events.clone().into(),
            received_events: events.into(),
            outbox_pending: Some(0),
            ..Facts::default()
        }
    }

    #[test]
    fn an_order_with_everything_in_place_is_completed() {
        assert_eq!(unfulfilled(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_condition_alone_prevents_success() {
        let broken: [fn(&mut Facts); 7] = [
            |facts| facts.order_status = "FALLOUT".into(),
            |facts| facts.process_instance_state = Some("ACTIVE".into()),
            |facts| facts.outbox_pending = None,
            |facts| facts.duplicate_effects = Some(1),
            |facts| facts.effects = Some(4),
            |facts| drop(facts.received_events.pop_first()),
            |facts| drop(facts.stored_events.pop_first()),
        ];
        for break_it in broken {
            let mut facts = good();
            break_it(&mut facts);

            assert_eq!(unfulfilled(&facts).len(), 1, "{facts:?}");
        }
    }

    #[test]
    fn events_that_nobody_could_count_are_no_success() {
        let facts = Facts { stored_events: [].into(), received_events: [].into(), ..good() };

        assert_eq!(unfulfilled(&facts).len(), 1);
    }
}
