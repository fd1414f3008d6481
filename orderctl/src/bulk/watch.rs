//! `orderctl bulk watch`: until it is over, or waits for a person.

use serde_json::Value;

use super::follow::follow;
use super::progress::{Progress, Turn, is_success, turn};
use crate::cli::{Format, WatchBulk};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::absolute;
use crate::session::Session;

pub(crate) async fn watch(session: &Session, arguments: &WatchBulk) -> Result<Exit, Failure> {
    let mut seen: Option<Progress> = None;
    let is_enough = |status: &str| turn(status) != Turn::Itself;
    let looks = (arguments.bulk.bulk_action, arguments.every.as_duration());
    let bulk = follow(session, looks, is_enough, |bar, progress| {
        let before = seen.replace(progress.clone());
        if is_news((before.as_ref(), progress), session.format, bar.is_hidden()) {
            bar.suspend(|| print(session, progress));
        }
    });
    let bulk = bulk.await?;
    let exit = verdict(&bulk);
    let Progress { status, .. } = Progress::of(&bulk);
    let the_time = if exit == Exit::TimedOut { "the time is over, and " } else { "" };
    session.terminal.message(&format!("{the_time}the bulk action is {status}"));
    super::say_what_is_next(session, &bulk);
    Ok(exit)
}

/// Whether a look is told: every change, but to whoever sees the bar only a new status.
fn is_news(
    (before, now): (Option<&Progress>, &Progress),
    format: Format,
    is_bar_hidden: bool,
) -> bool {
    match (format, is_bar_hidden) {
        (Format::Table, false) => before.is_none_or(|x| x.status != now.status),
        (Format::Json, _) | (Format::Table, true) => before != Some(now),
    }
}

fn verdict(bulk: &Value) -> Exit {
    match turn(&Progress::of(bulk).status) {
        Turn::Person => Exit::WaitsForPerson,
        Turn::Nobody if is_success(bulk) => Exit::Done,
        Turn::Nobody => Exit::EndedOtherwise,
        Turn::Itself => Exit::TimedOut,
    }
}

fn print(session: &Session, progress: &Progress) {
    let now = session.clock.now();
    session.terminal.answer(&match session.format {
        Format::Json => progress.as_json(now).to_string(),
        Format::Table => {
            let status = session.terminal.paint_status(&progress.status);
            format!("{}  {status}  {}", absolute(now), progress.sentence())
        }
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_sees_the_bar_reads_a_line_only_when_the_status_changes() {
        let look = |status: &str, running: u32| {
            Progress::of(&json!({"status": status, "counts": {"total": 9, "running": running}}))
        };
        let (one, two, other) = (look("RUNNING", 1), look("RUNNING", 2), look("COMPLETED", 2));

        for (before, now, for_eyes, for_files) in [
            (None, &one, true, true),
            (Some(&one), &one, false, false),
            (Some(&one), &two, false, true),
            (Some(&two), &other, true, true),
        ] {
            assert_eq!(is_news((before, now), Format::Table, false), for_eyes);
            assert_eq!(is_news((before, now), Format::Table, true), for_files);
            assert_eq!(is_news((before, now), Format::Json, false), for_files);
        }
    }
}
