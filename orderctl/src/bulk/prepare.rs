//! `orderctl bulk prepare`: select, wait for the dry run, and show it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::follow::follow;
use super::print;
use super::progress::{Turn, turn};
use crate::act::{Guard, body};
use crate::cli::{BulkCaseAction, BulkInput, PrepareBulk, Severity};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{shown, text};
use crate::session::Session;

/// A dry run takes seconds.
const EVERY: Duration = Duration::from_secs(1);

pub(crate) async fn prepare(session: &Session, arguments: &PrepareBulk) -> Result<Exit, Failure> {
    let request = request(arguments)?;
    let guard = Guard::new(None, &arguments.key);
    session.terminal.message(&guard.to_string());
    let prepared = session.api.post("/bulk-actions", guard.headers()?, &request).await;
    let prepared = prepared.and_then(|answer| Ok((id_of(&answer.body)?, answer.body)));
    let (id, prepared) = prepared.map_err(|failure| guard.advise(failure, "orderctl bulk list"))?;
    let cases = shown(&prepared, "/itemCount");
    session.terminal.message(&format!("bulk action {id}, {cases} cases; the dry run follows"));
    let is_enough = |status: &str| status != "PREPARING";
    let bulk = follow(session, (id, EVERY), is_enough, |_, _| ()).await.map_err(|failure| {
        failure.advise(format!("it is prepared all the same: orderctl bulk show {id}"))
    })?;
    session.print(&bulk, |bulk| print::bulk_action(session, bulk));
    let exit = verdict(&shown(&bulk, "/status"));
    match exit {
        Exit::TimedOut => session.terminal.message("the time is over, and the dry run goes on"),
        Exit::EndedOtherwise => session.terminal.message("there is nothing to start"),
        _ => session.terminal.message("nothing is done yet"),
    }
    super::say_what_is_next(session, &bulk);
    Ok(exit)
}

fn id_of(prepared: &Value) -> Result<Uuid, Failure> {
    let id = text(prepared, "/bulkActionId").and_then(|id| id.parse().ok());
    id.ok_or_else(|| Failure::unreadable("it names no bulk action"))
}

/// What became of the dry run.
fn verdict(status: &str) -> Exit {
    match (status, turn(status)) {
        ("PREPARING", _) => Exit::TimedOut,
        ("ABORTING", _) | (_, Turn::Nobody) => Exit::EndedOtherwise,
        (_, Turn::Person | Turn::Itself) => Exit::Done,
    }
}

fn request(arguments: &PrepareBulk) -> Result<Value, Failure> {
    let selection: Map<String, Value> = arguments
        .filter
        .conditions()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    check(arguments.action, &arguments.input)?;
    let (input, pace) = (&arguments.input, &arguments.pace);
    let fields = json!({
        "action": arguments.action.as_str(),
        "selection": selection,
        "targetSystem": input.to_system,
        "assignedGroup": input.assign_group,
        "assignedUser": input.assign_user,
        "severity": input.to_severity.map(Severity::as_str),
        "canarySize": pace.canary,
        "ratePerMinute": pace.rate,
        "pauseAfterFailures": pace.pause_after,
    });
    Ok(body(&arguments.why, fields))
}

/// Every action has what it needs and nothing else: an option that does nothing is a mistake.
fn check(action: BulkCaseAction, input: &BulkInput) -> Result<(), Failure> {
    let (takes, needs_one): (&[&str], bool) = match action {
        BulkCaseAction::ReplaceTarget => (&["--to-system"], true),
        BulkCaseAction::Assign => (&["--assign-group", "--assign-user"], true),
        BulkCaseAction::Escalate => (&["--to-severity"], false),
        BulkCaseAction::RetryStep
        | BulkCaseAction::ReleaseStep
        | BulkCaseAction::Revalidate
        | BulkCaseAction::RetryDecomposition
        | BulkCaseAction::RetryBilling
        | BulkCaseAction::RetryCompletion
        | BulkCaseAction::AddNote => (&[], false),
    };
    let given = [
        ("--to-system", input.to_system.is_some()),
        ("--assign-group", input.assign_group.is_some()),
        ("--assign-user", input.assign_user.is_some()),
        ("--to-severity", input.to_severity.is_some()),
    ];
    let mut given = given.iter().filter(|(_, is_given)| *is_given).map(|(option, _)| *option);
    let action = action.as_str();
    match given.clone().find(|option| !takes.contains(option)) {
        Some(option) => Err(Failure::usage(format!("{action} takes no {option}"))),
        None if needs_one && given.next().is_none() => {
            Err(Failure::usage(format!("{action} needs {}", takes.join(" or "))))
        }
        None => Ok(()),
    }
}
