//! One bulk action on one screen.

use jiff::Timestamp;
use serde_json::Value;

use super::progress::{TROUBLES, count};
use crate::codes;
use crate::duration::relative;
use crate::fields::{NOTHING, instant, list, shown, text};
use crate::session::Session;
use crate::table::Table;

/// What the dry run may say, in the words of `prepare --help`.
const FORECASTS: [(&str, &str); 4] = [
    ("RESEND", "the target system is sent the request"),
    ("ADOPT", "the target system is asked first; what was done is adopted"),
    ("CHANGE", "nothing is sent; the case or the process goes on"),
    ("CANNOT_TELL", "nobody can find out; a person settles it"),
];

/// The counts with the titles of their columns.
const COUNTS: [(&str, &str); 8] = [
    ("TOTAL", "total"),
    ("WAITING", "waiting"),
    ("RUNNING", "running"),
    ("SUCCEEDED", "succeeded"),
    ("FAILED", "failed"),
    ("NO RESULT", "stillRunning"),
    ("LEFT OUT", "excluded"),
    ("GIVEN UP", "skipped"),
];

/// How many samples of one trouble are shown.
const SAMPLES: usize = 3;

pub(super) fn bulk_action(session: &Session, bulk: &Value) {
    head(session, bulk);
    counts(session, bulk);
    forecasts(session, bulk);
    troubles(session, bulk);
    journal(session, list(bulk, "/journal"));
}

fn head(session: &Session, bulk: &Value) {
    let (terminal, now) = (&session.terminal, session.clock.now());
    let status = terminal.paint_status(&shown(bulk, "/status"));
    terminal.answer(&format!("{}  {status}", shown(bulk, "/action")));
    for (title, fact) in facts(bulk, now) {
        terminal.answer(&format!("  {title:<11}  {fact}"));
    }
}

fn facts(bulk: &Value, now: Timestamp) -> Vec<(&'static str, String)> {
    let at = |field| instant(bulk, field).map(|at| format!(" {}", relative(at, now)));
    let id = format!("{}, version {}", shown(bulk, "/bulkActionId"), shown(bulk, "/version"));
    let note = text(bulk, "/note").map(|note| format!(": {note}")).unwrap_or_default();
    let by = format!("{}{}", shown(bulk, "/requestedBy"), at("/createdAt").unwrap_or_default());
    let pace = format!(
        "{} first, {} a minute and target system, pauses after {} failures",
        shown(bulk, "/canarySize"),
        shown(bulk, "/ratePerMinute"),
        shown(bulk, "/pauseAfterFailures")
    );
    let mut facts = vec![
        ("bulk action", id),
        ("cases", format!("{} with {}", shown(bulk, "/itemCount"), selection(bulk))),
        ("reason", format!("{}{note}", shown(bulk, "/reasonCode"))),
        ("asked by", by),
        ("pace", pace),
    ];
    let others = [
        ("approved by", text(bulk, "/approvedBy")),
        ("paused by", text(bulk, "/pauseReason")),
        ("expires", at("/expiresAt").map(|at| at.trim().to_owned())),
        ("ended", at("/endedAt").map(|at| at.trim().to_owned())),
    ];
    facts.extend(others.into_iter().filter_map(|(title, fact)| Some((title, fact?))));
    facts
}

/// `ownerGroup order-operations, overdue true`.
fn selection(bulk: &Value) -> String {
    let conditions = bulk.get("selection").and_then(Value::as_object).into_iter().flatten();
    let conditions = conditions.map(|(name, value)| format!("{name} {}", shown(value, "")));
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() { NOTHING.to_owned() } else { conditions.join(", ") }
}

fn counts(session: &Session, bulk: &Value) {
    let titles = COUNTS.map(|(title, _)| title);
    let header: Vec<&str> = std::iter::once("").chain(titles).collect();
    let mut table = Table::indented(&header);
    for (part, whose) in [("/counts", "all"), ("/canary", "first few")] {
        let [a, b, c, d, e, f, g, h] =
            COUNTS.map(|(_, name)| shown(bulk, &format!("{part}/{name}")));
        table.row([whose.to_owned(), a, b, c, d, e, f, g, h]);
    }
    session.terminal.answer("where they are");
    table.print(&session.terminal);
}

fn forecasts(session: &Session, bulk: &Value) {
    let mut table = Table::wrapping_indented(&["CASES", "FORECAST", "WHAT WOULD HAPPEN"]);
    let forecasts = bulk.get("forecasts").and_then(Value::as_object);
    for (forecast, cases) in forecasts.into_iter().flatten() {
        let known = FORECASTS.iter().find(|(name, _)| name == forecast);
        let sentence = known.map_or(NOTHING, |(_, sentence)| sentence);
        table.row([shown(cases, ""), shown(&forecast.as_str().into(), ""), sentence.to_owned()]);
    }
    if forecasts.is_some_and(|x| !x.is_empty()) {
        session.terminal.answer("what the dry run said");
        table.print(&session.terminal);
    }
}

/// Cases that are not done for one reason.
struct Trouble {
    status: String,
    code: Option<String>,
    count: u64,
    samples: Vec<String>,
}

/// What was left out, refused, failed again or has no result: why, what to do, and which.
fn troubles(session: &Session, bulk: &Value) {
    let terminal = &session.terminal;
    let troubles = alike(list(bulk, "/groups"));
    if !troubles.is_empty() {
        terminal.answer("what is not done");
    }
    for Trouble { status, code, count, samples } in troubles {
        let status = terminal.paint_status(&status);
        let code = code.unwrap_or_else(|| NOTHING.to_owned());
        terminal.answer(&format!("  {count:>5}  {status}  {code}"));
        let entries = codes::find(&code);
        let entry = entries.first();
        let meaning = entry.and_then(|x| x.meaning()).into_iter();
        for sentence in meaning.chain(entry.and_then(|x| x.remedy())) {
            terminal.answer(&format!("         {sentence}"));
        }
        for sample in samples {
            terminal.answer(&format!("         {sample}"));
        }
    }
}

/// The API tells the first few apart; why something is not done is the same for all.
fn alike(groups: &[Value]) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    for group in groups {
        let (status, code) = (shown(group, "/status"), text(group, "/code"));
        if !TROUBLES.contains(&status.as_str()) {
            continue;
        }
        let samples = list(group, "/samples")
            .iter()
            .map(|x| format!("{} {}", shown(x, "/orderId"), shown(x, "/falloutCaseId")));
        let count = count(group, "/count");
        match troubles.iter_mut().find(|x| x.status == status && x.code == code) {
            Some(trouble) => {
                trouble.count += count;
                trouble.samples.extend(samples);
                trouble.samples.truncate(SAMPLES);
            }
            None => troubles.push(Trouble { status, code, count, samples: samples.collect() }),
        }
    }
    troubles
}

fn journal(session: &Session, entries: &[Value]) {
    if entries.is_empty() {
        return;
    }
    let mut table = Table::wrapping_indented(&["AGO", "WHO", "WHAT", "STATUS", "WHY"]);
    for entry in entries {
        let ago = instant(entry, "/at").map(|at| relative(at, session.clock.now()));
        let ago = ago.unwrap_or_else(|| NOTHING.to_owned());
        let note = text(entry, "/note").map(|note| format!(": {note}")).unwrap_or_default();
        let why = format!("{}{note}", shown(entry, "/reasonCode"));
        let [who, what, to] = ["/by", "/command", "/to"].map(|field| shown(entry, field));
        table.row([ago, who, what, to, why]);
    }
    session.terminal.answer("journal");
    table.print(&session.terminal);
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use order_domain::bulk::BulkForecast;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn the_help_of_prepare_and_the_dry_run_explain_every_forecast_in_the_same_words() {
        let mut root = Cli::command();
        root.build();
        let prepare =
            root.find_subcommand_mut("bulk").and_then(|bulk| bulk.find_subcommand_mut("prepare"));
        let help = prepare.map(|x| x.render_long_help().to_string()).unwrap_or_default();

        let names: Vec<&str> = BulkForecast::ALL.iter().map(|x| x.as_str()).collect();
        assert_eq!(FORECASTS.map(|(name, _)| name).to_vec(), names);
        for (name, sentence) in FORECASTS {
            assert!(help.contains(&format!("  {name:<11}  {sentence}")), "{name}: {help}");
        }
    }
}
