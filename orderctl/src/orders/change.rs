//! What happened to an order, read from its document.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fields::{first_text, instant, list, shown, text};

/// Instants that an action may be recorded under.
const ACTED_AT: [&str; 4] = ["/occurredAt", "/actedAt", "/recordedAt", "/createdAt"];
/// People that an action may name.
const ACTED_BY: [&str; 4] = ["/actorName", "/actor", "/actedBy", "/requestedBy"];

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) at: Timestamp,
    /// ORDER, LINE, PLAN, STEP, EVENT, CASE or ACTION.
    pub(crate) kind: String,
    pub(crate) what: String,
    pub(crate) who: Option<String>,
    pub(crate) why: Option<String>,
}

impl Change {
    pub(crate) fn as_json(&self) -> Value {
        let Self { at, kind, what, who, why } = self;
        json!({"at": at, "kind": kind, "what": what, "who": who, "why": why})
    }

    pub(crate) fn sentence(&self) -> String {
        let who = self.who.iter().map(|who| format!(" by {who}"));
        let why = self.why.iter().map(|why| format!(": {why}"));
        std::iter::once(self.what.clone()).chain(who).chain(why).collect()
    }
}

/// Transitions, events, cases and, where the API has them, actions; by time.
pub(crate) fn of_order(order: &Value) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(list(order, "/transitions").iter().filter_map(|x| transition(order, x)));
    changes.extend(list(order, "/events").iter().filter_map(event));
    changes.extend(list(order, "/falloutCases").iter().flat_map(case));
    changes.extend(list(order, "/actions").iter().filter_map(action));
    // Stable: what happened at one instant stays in the order of the document.
    changes.sort_by_key(|change| change.at);
    changes
}

/// Where each step is, by its key.
pub(crate) fn steps(order: &Value) -> BTreeMap<String, String> {
    let steps = list(order, "/steps").iter();
    steps.map(|step| (shown(step, "/stepKey"), shown(step, "/status"))).collect()
}

/// What moved between two looks at the steps, seen at `at`.
pub(crate) fn step_changes(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    at: Timestamp,
) -> Vec<Change> {
    let moved = after.iter().filter(|(key, status)| before.get(*key) != Some(status));
    let change = |(key, status): (&String, &String)| {
        let what = match before.get(key) {
            Some(old) => format!("{key} {old} → {status}"),
            None => format!("{key} {status}"),
        };
        Change { at, kind: "STEP".to_owned(), what, who: None, why: None }
    };
    moved.map(change).collect()
}

fn transition(order: &Value, document: &Value) -> Option<Change> {
    let to = shown(document, "/toStatus");
    let what = match text(document, "/fromStatus") {
        Some(from) => format!("{from} → {to}"),
        None => to,
    };
    Some(Change {
        at: instant(document, "/occurredAt")?,
        kind: shown(document, "/subjectType"),
        what: format!("{}{what} ({})", line_of(order, document), shown(document, "/command")),
        who: text(document, "/actorName"),
        why: text(document, "/reason"),
    })
}

/// Which line a transition is about, as people count them.
fn line_of(order: &Value, transition: &Value) -> String {
    let id = text(transition, "/subjectId");
    let mut lines = list(order, "/lines").iter();
    let line = lines.find(|line| id.is_some() && text(line, "/orderLineId") == id);
    let line = line.map(|x| format!("{} {}: ", shown(x, "/lineNumber"), shown(x, "/productCode")));
    line.unwrap_or_default()
}

fn event(document: &Value) -> Option<Change> {
    let version =
        text(document, "/orderVersion").map(|version| format!(", order version {version}"));
    Some(Change {
        at: instant(document, "/occurredAt")?,
        kind: "EVENT".to_owned(),
        what: format!("{}{}", shown(document, "/eventType"), version.unwrap_or_default()),
        who: None,
        why: None,
    })
}

/// A case is opened, and perhaps resolved.
fn case(document: &Value) -> Vec<Change> {
    let reason = shown(document, "/reasonCode");
    let change = |at, what, why| Change { at, kind: "CASE".to_owned(), what, who: None, why };
    let opened = instant(document, "/openedAt").map(|at| {
        let severity = shown(document, "/severity");
        change(
            at,
            format!("{reason} opened, {severity}, for {}", shown(document, "/assignedGroup")),
            None,
        )
    });
    let resolved = instant(document, "/resolvedAt").map(|at| {
        let why = text(document, "/resolutionCode");
        change(at, format!("{reason} {}", shown(document, "/status")), why)
    });
    opened.into_iter().chain(resolved).collect()
}

fn action(document: &Value) -> Option<Change> {
    let verdict = text(document, "/verdict").map(|verdict| format!(" {verdict}"));
    let why: Vec<String> =
        ["/reasonCode", "/note"].iter().filter_map(|field| text(document, field)).collect();
    Some(Change {
        at: ACTED_AT.iter().find_map(|field| instant(document, field))?,
        kind: "ACTION".to_owned(),
        what: format!("{}{}", shown(document, "/action"), verdict.unwrap_or_default()),
        who: first_text(document, &ACTED_BY),
        why: Some(why.join(", ")).filter(|why| !why.is_empty()),
    })
}
