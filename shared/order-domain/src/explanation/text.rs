//! The same facts as plain sentences, for people and terminals.

use std::fmt::Write;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{ExplainedAction, Explanation};

/// A moment to the second, in UTC: `2026-11-27 10:42:00 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    let civil = at.to_zoned(TimeZone::UTC).datetime();
    let (date, time) = (civil.date(), civil.time());
    format!("{date} {:02}:{:02}:{:02} UTC", time.hour(), time.minute(), time.second())
}

/// Every line ends with a newline; the first says what is wrong.
#[must_use]
pub fn to_text(explanation: &Explanation) -> String {
    let mut text = String::new();
    let x = explanation;
    let _ = writeln!(text, "Order {} is {} (version {}).", x.order_number, x.status, x.version);
    let _ = writeln!(text, "{}", x.summary);
    section(&mut text, "Also in its way:", x.blockers.iter().skip(1).map(|x| x.sentence.clone()));
    let next = x.next.iter().map(|next| format!("{}: {}", moment(next.at), next.sentence));
    section(&mut text, "What happens by itself:", next);
    let unmet = x.unmet_conditions.iter().map(|x| x.sentence.clone());
    section(&mut text, "Before it can complete:", unmet);
    let allowed = x.actions.iter().filter(|x| x.is_allowed).map(|x| {
        let approval = if x.needs_approval { " (another person must approve)" } else { "" };
        match x.fallout_case_id {
            Some(case) => format!("{} on case {case}{approval}", x.action),
            None => format!("{} on the order{approval}", x.action),
        }
    });
    section(&mut text, "What you can do:", allowed);
    section(&mut text, "What would be refused:", refusals(&x.actions).into_iter());
    text
}

/// One line per code, because most actions are refused for the same few reasons.
fn refusals(actions: &[ExplainedAction]) -> Vec<String> {
    let mut by_code: Vec<(&str, Vec<&str>)> = Vec::new();
    for action in actions {
        let Some(code) = action.refused_because else { continue };
        let name = action.action.as_str();
        match by_code.iter_mut().find(|x| x.0 == code) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => by_code.push((code, vec![name])),
        }
    }
    by_code.into_iter().map(|(code, names)| format!("{code}: {}", names.join(", "))).collect()
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "\n{title}");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}
