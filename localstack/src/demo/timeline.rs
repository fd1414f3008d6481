//! The story of the order, for people.

use super::view::OrderView;

/// Milestones and events in the order they happened, then the steps.
pub(super) fn render(view: &OrderView) -> String {
    let milestones =
        view.transitions.iter().filter(|transition| transition.subject_type == "ORDER").map(
            |transition| (transition.occurred_at.as_str(), "●", transition.to_status.as_str()),
        );
    let events = view
        .events
        .iter()
        .map(|event| (event.occurred_at.as_str(), " ", event.event_type.as_str()));
    let mut entries: Vec<(&str, &str, &str)> = milestones.chain(events).collect();
    // RFC 3339 in UTC sorts as text; sorting is stable, so a milestone precedes its event.
    entries.sort_by_key(|(time, _, _)| time.to_owned());
    let mut lines: Vec<String> =
        entries.iter().map(|(time, mark, what)| format!("{time:<30} {mark} {what}")).collect();
    let mut steps: Vec<_> = view.steps.iter().collect();
    steps.sort_by_key(|step| &step.completed_at);
    lines.extend(steps.iter().map(|step| {
        format!(
            "{:<30}   {:<34} {:<13} {:<10} {}× {}",
            step.completed_at.as_deref().unwrap_or("-"),
            step.step_key,
            step.target_system,
            step.status,
            step.attempt_count,
            step.external_reference.as_deref().unwrap_or("-"),
        )
    }));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::view::{EventView, TransitionView};
    use super::*;

    #[test]
    fn a_milestone_stands_before_the_event_of_the_same_moment() {
        let at = |second: u8| format!("2026-01-01T00:00:0{second}Z");
        let view = OrderView {
            transitions: vec![TransitionView {
                subject_type: "ORDER".into(),
                to_status: "VALIDATED".into(),
                occurred_at: at(2),
            }],
            events: vec![
                EventView { event_type: "OrderCreated".into(), occurred_at: at(1) },
                EventView { event_type: "OrderValidated".into(), occurred_at: at(2) },
            ],
            ..OrderView::default()
        };

        let story = render(&view);

        let words: Vec<&str> =
            story.lines().filter_map(|line| line.split_whitespace().last()).collect();
        assert_eq!(words, ["OrderCreated", "VALIDATED", "OrderValidated"]);
    }
}
