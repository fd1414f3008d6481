//! Deciding something: one request, however often its answer is lost.
//!
//! The key is made once and printed before anything is sent, so that even a command that was
//! killed can be repeated without acting twice.

mod request;

use reqwest::header::{HeaderMap, HeaderValue};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use request::ActionRequest;

use crate::cli::Decision;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, shown, text};
use crate::session::Session;
use crate::terminal::Terminal;

/// What is acted on: an order, or a case of an order.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its path below the API's base URL.
    pub(crate) path: String,
    /// The command that shows it.
    pub(crate) shown_by: String,
}

/// The version and the key that one decision is sent with.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) version: Option<u64>,
    pub(crate) key: Option<String>,
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
    let answer = answer.map_err(|failure| advise(failure, subject, &guard))?;
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
        return Ok(Guard { version: decision.if_match, key: None });
    }
    let version = match decision.if_match {
        Some(version) => version,
        None => version_of(session, subject).await?,
    };
    let key = decision.idempotency_key.clone();
    let key = key.unwrap_or_else(|| Uuid::now_v7().to_string());
    let guard = Guard { version: Some(version), key: Some(key) };
    guard.announce(&session.terminal);
    Ok(guard)
}

async fn version_of(session: &Session, subject: &Subject) -> Result<u64, Failure> {
    let answer = session.api.get(&subject.path, &[]).await?;
    answer.version.ok_or_else(|| {
        let failure = Failure::unreadable("it has no version");
        failure.advise("say which version you decided on: --if-match VERSION".to_owned())
    })
}

impl Guard {
    /// Says what is about to be sent, so that even a killed command can be repeated.
    pub(crate) fn announce(&self, terminal: &Terminal) {
        let key = self.key.as_deref().unwrap_or(NOTHING);
        let version = self.version.map_or_else(|| NOTHING.to_owned(), |x| x.to_string());
        terminal.message(&format!("idempotency key {key}, version {version}"));
    }

    pub(crate) fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        let version = self.version.map(|version| version.to_string());
        for (name, value) in [("if-match", &version), ("idempotency-key", &self.key)] {
            let Some(value) = value else { continue };
            let quoted = HeaderValue::from_str(&format!("\"{value}\""));
            headers.insert(name, quoted.map_err(|error| Failure::usage(error.to_string()))?);
        }
        Ok(headers)
    }
}

/// What to do next, where that depends on what was sent.
pub(crate) fn advise(failure: Failure, subject: &Subject, guard: &Guard) -> Failure {
    match (failure.exit(), guard) {
        (Exit::Stale, _) => failure.advise(format!(
            "read it again ({}) and decide again; the next command acts on what is there then",
            subject.shown_by
        )),
        (Exit::Technical, Guard { key: Some(key), version }) => {
            // Only the first catalogue of a tenant follows nothing.
            let seen = version.map_or_else(|| "--first".to_owned(), |x| format!("--if-match {x}"));
            failure.advise(format!(
                "whether it was done is not known; repeat it, and it is done once: \
                 --idempotency-key {key} {seen}"
            ))
        }
        _ => failure,
    }
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
