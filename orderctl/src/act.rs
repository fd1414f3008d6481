//! Deciding something: one request, however often its answer is lost.
//!
//! The key is made once and printed before anything is sent, so that even a command that was
//! killed can be repeated without acting twice.

mod guard;
mod request;

use serde_json::Value;

pub(crate) use guard::Guard;
pub(crate) use request::{ActionRequest, body};

use crate::cli::Decision;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, shown, text};
use crate::session::Session;

/// What is acted on: an order, or a case of an order.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its path below the API's base URL.
    pub(crate) path: String,
    /// The command that shows it.
    pub(crate) shown_by: String,
}

/// Sends the action and prints what it did, or would do.
pub(crate) async fn act(
    session: &Session,
    subject: &Subject,
    request: &ActionRequest,
) -> Result<Exit, Failure> {
    let guard = guard(session, subject, &request.decision).await?;
    let preview = if request.decision.preview { "?preview=true" } else { "" };
    let path = format!("{}/actions/{}{preview}", subject.path, request.action);
    let answer = session.api.post(&path, guard.headers()?, &request.body).await;
    let answer = answer.map_err(|failure| guard.advise(failure, &subject.shown_by))?;
    session.print(&answer.body, |body| print(session, body));
    if request.decision.preview {
        session.terminal.message("nothing was changed; without --preview it is done");
    }
    Ok(Exit::Done)
}

async fn guard(
    session: &Session,
    subject: &Subject,
    decision: &Decision,
) -> Result<Guard, Failure> {
    if decision.preview {
        return Ok(Guard::of_preview(decision.once.if_match));
    }
    let version = match decision.once.if_match {
        Some(version) => version,
        None => version_of(session, subject).await?,
    };
    let guard = Guard::new(Some(version), &decision.once.key);
    session.terminal.message(&guard.to_string());
    Ok(guard)
}

async fn version_of(session: &Session, subject: &Subject) -> Result<u64, Failure> {
    session.api.get(&subject.path, &[]).await?.version.ok_or_else(without_version)
}

/// Nothing is decided on what cannot be named.
pub(crate) fn without_version() -> Failure {
    let failure = Failure::unreadable("it has no version");
    failure.advise("say which version you decided on: --if-match VERSION".to_owned())
}

fn print(session: &Session, answer: &Value) {
    let terminal = &session.terminal;
    let verdict = shown(answer, "/verdict");
    terminal.answer(&format!("{} {}", terminal.paint_status(&verdict), shown(answer, "/action")));
    for (title, status, version) in
        [("case", "/caseStatus", "/caseVersion"), ("order", "/orderStatus", "/orderVersion")]
    {
        if let Some(status) = text(answer, status) {
            let version = text(answer, version).unwrap_or_else(|| NOTHING.to_owned());
            let status = terminal.paint_status(&status);
            terminal.answer(&format!("  {title:<6} {status}, version {version}"));
        }
    }
    let effect =
        answer.get("effect").filter(|effect| effect.as_object().is_some_and(|x| !x.is_empty()));
    if let Some(effect) = effect {
        terminal.answer(if verdict == "PREVIEW" { "  what it would do" } else { "  what it did" });
        crate::fields::outline(effect, 4).iter().for_each(|line| terminal.answer(line));
    }
    if verdict == "AWAITING_APPROVAL" {
        terminal.message("a second person has to approve it: orderctl cases act … approve");
    }
}
