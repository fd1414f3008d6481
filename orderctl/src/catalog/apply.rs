//! `orderctl catalog apply`: shown, asked, and then written on the version that was compared with.

use reqwest::header::{HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde_json::Value;

use super::{PATH, PREVIEW, difference, is_for_programs, read};
use crate::act::Guard;
use crate::cli::{ApplyCatalogue, Key};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::shown;
use crate::session::Session;
use crate::terminal::Reply;

/// Compares, asks, applies. A repeat with its key only applies: it may have been done already.
pub(crate) async fn apply(session: &Session, arguments: &ApplyCatalogue) -> Result<Exit, Failure> {
    if is_for_programs(session) && !arguments.yes && arguments.idempotency_key.is_none() {
        // What it changes is for people to read, and stdout is for one answer.
        let failure = Failure::usage("-o json asks nobody, and nothing was changed");
        return Err(failure.advise("--yes applies without asking; diff compares".to_owned()));
    }
    let document = read(&arguments.file)?;
    let version = match arguments.idempotency_key {
        Some(_) => arguments.if_match,
        None => match compare(session, arguments, &document).await? {
            Ok(version) => version,
            Err(exit) => return Ok(exit),
        },
    };
    let key = Key { idempotency_key: arguments.idempotency_key.clone() };
    // Only the first catalogue of a tenant follows nothing.
    let guard = Guard::new(version, &key).or_again_with("--first");
    session.terminal.message(&guard.to_string());
    let answer = session.api.post(PATH, headers(&guard)?, &document).await;
    let answer = answer.map_err(|failure| guard.advise(failure, "orderctl catalog show"))?;
    session.print(&answer.body, |answer| {
        let verdict = session.terminal.paint_status(&shown(answer, "/verdict"));
        let version = shown(answer, "/version");
        session.terminal.answer(&format!("{verdict} version {version}"));
    });
    Ok(Exit::Done)
}

/// Shows the difference and asks; the version that it was compared with, or how the command ends.
async fn compare(
    session: &Session,
    arguments: &ApplyCatalogue,
    document: &Value,
) -> Result<Result<Option<u64>, Exit>, Failure> {
    let said = arguments.first || arguments.if_match.is_some();
    let guard = Guard::of_preview(arguments.if_match);
    let headers = if said { headers(&guard)? } else { HeaderMap::new() };
    let answer = session.api.post(PREVIEW, headers, document).await?.body;
    let terminal = &session.terminal;
    if !is_for_programs(session) {
        difference::print(terminal, &answer);
    }
    let exit = difference::tell_problems(session, &answer);
    if exit != Exit::Done {
        if is_for_programs(session) {
            session.print(&answer, |_| ());
        }
        return Ok(Err(exit));
    }
    if !arguments.yes {
        let question = format!("apply version {}?", shown(&answer, "/version"));
        match terminal.ask(&question) {
            Reply::Yes => {}
            Reply::No => {
                terminal.message("nothing was changed");
                return Ok(Err(Exit::Done));
            }
            Reply::NobodyThere => {
                let failure = Failure::usage("nobody can be asked here, and nothing was changed");
                return Err(failure.advise("--yes applies without asking".to_owned()));
            }
        }
    }
    Ok(Ok(answer.get("previousVersion").and_then(Value::as_u64)))
}

/// The version that it follows, or that it follows none.
fn headers(guard: &Guard) -> Result<HeaderMap, Failure> {
    let mut headers = guard.headers()?;
    if !guard.has_version() {
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    }
    Ok(headers)
}
