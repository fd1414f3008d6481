//! `orderctl orders watch`: each change once, until the order is where it shall be.

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::Value;

use super::change::{self, Change};
use super::show::waits_for;
use crate::cli::{Format, OrderStatus, WatchArguments};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{absolute, shown};
use crate::session::Session;

/// What was seen of an order, so that nothing is told twice.
#[derive(Debug, Default)]
struct Seen {
    changes: BTreeSet<Change>,
    steps: BTreeMap<String, String>,
    is_begun: bool,
}

pub(crate) async fn watch(session: &Session, arguments: &WatchArguments) -> Result<Exit, Failure> {
    let end = session.end_of_patience();
    let path = session.order_path(&arguments.order.order).await?;
    let spinner = session.terminal.spinner();
    let mut seen = Seen::default();
    loop {
        let order = session.api.get(&path, &[]).await?.body;
        let now = session.clock.now();
        for change in seen.news(&order, now) {
            spinner.suspend(|| print(session, &change));
        }
        let status = shown(&order, "/status");
        if let Some(exit) = verdict(&status, arguments.until) {
            spinner.finish_and_clear();
            session.terminal.message(&last_words(&status, arguments.until, exit));
            return Ok(exit);
        }
        show_progress(&spinner, &status, &order, now);
        if !session.waits(arguments.every.as_duration(), end).await {
            spinner.finish_and_clear();
            session.terminal.message(&format!("the time is over, and the order is {status}"));
            say_what_it_waits_for(session, &order, now);
            return Ok(Exit::TimedOut);
        }
    }
}

impl Seen {
    /// What happened since the last look; at first, only where the order is.
    fn news(&mut self, order: &Value, now: Timestamp) -> Vec<Change> {
        let steps = change::steps(order);
        let mut news = Vec::new();
        for change in change::of_order(order) {
            if self.changes.insert(change.clone()) {
                news.push(change);
            }
        }
        news.extend(change::step_changes(&self.steps, &steps, now));
        self.steps = steps;
        if std::mem::replace(&mut self.is_begun, true) {
            return news;
        }
        let what = format!("is {}", shown(order, "/status"));
        vec![Change { at: now, kind: "ORDER".to_owned(), what, who: None, why: None }]
    }
}

/// Whether it is over, and how.
fn verdict(status: &str, until: Option<OrderStatus>) -> Option<Exit> {
    let is_terminal = matches!(status, "COMPLETED" | "CANCELLED" | "FAILED");
    let wanted = until.map_or_else(|| "COMPLETED".to_owned(), OrderStatus::as_str);
    match (status == wanted, is_terminal) {
        (true, _) => Some(Exit::Done),
        (false, true) => Some(Exit::EndedOtherwise),
        (false, false) => None,
    }
}

fn last_words(status: &str, until: Option<OrderStatus>, exit: Exit) -> String {
    match (until, exit) {
        (Some(until), Exit::EndedOtherwise) => {
            format!("the order ended {status} and never was {} meanwhile", until.as_str())
        }
        _ => format!("the order is {status}"),
    }
}

fn say_what_it_waits_for(session: &Session, order: &Value, now: Timestamp) {
    for line in waits_for(order, now) {
        session.terminal.message(&format!("  {line}"));
    }
    session
        .terminal
        .message(&format!("  next: orderctl orders explain {}", shown(order, "/orderId")));
}

fn show_progress(spinner: &ProgressBar, status: &str, order: &Value, now: Timestamp) {
    let waits = waits_for(order, now).into_iter().next();
    spinner
        .set_message(waits.map_or_else(|| status.to_owned(), |waits| format!("{status}, {waits}")));
}

fn print(session: &Session, change: &Change) {
    session.terminal.answer(&match session.format {
        Format::Json => change.as_json().to_string(),
        Format::Table => {
            format!("{}  {:<6}  {}", absolute(change.at), change.kind, change.sentence())
        }
    });
}
