//! `orderctl bulk start | approve | pause | resume | abort`: what a person decides about it.

use serde_json::Value;

use crate::act::{Guard, body, without_version};
use crate::cli::MoveBulk;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{shown, text};
use crate::session::Session;

/// Decides on what is read now, once: what went on in between is read and decided again.
pub(crate) async fn decide(
    session: &Session,
    command: &str,
    decision: &MoveBulk,
) -> Result<Exit, Failure> {
    let id = decision.bulk.bulk_action;
    let path = super::path(id);
    let guard = match decision.once.if_match {
        Some(version) => {
            let guard = Guard::new(Some(version), &decision.once.key);
            session.terminal.message(&guard.to_string());
            guard
        }
        None => {
            let read = session.api.get(&path, &[]).await?;
            let version = read.version.ok_or_else(without_version)?;
            let guard = Guard::new(Some(version), &decision.once.key);
            let status = shown(&read.body, "/status");
            session.terminal.message(&format!("{guard}, decided on {status}"));
            guard
        }
    };
    let body = body(&decision.why, Value::Null);
    let answer = session.api.post(&format!("{path}/{command}"), guard.headers()?, &body).await;
    let shown_by = format!("orderctl bulk show {id}");
    let moved = answer.map_err(|failure| guard.advise(failure, &shown_by))?.body;
    session.print(&moved, |moved| {
        let status = session.terminal.paint_status(&shown(moved, "/status"));
        session.terminal.answer(&format!("{status}, version {}", shown(moved, "/version")));
    });
    // An answer that does not name it is about the one that was asked about.
    if text(&moved, "/bulkActionId") == Some(id.to_string()) {
        super::say_what_is_next(session, &moved);
    }
    Ok(Exit::Done)
}
