//! `orderctl systems …`: which target systems are sent nothing, and deciding that.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::act::{Guard, body};
use crate::cli::{HoldArguments, ReleaseArguments, SystemDecision};
use crate::duration::between;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, absolute, elements, first_text, instant, shown, text};
use crate::session::Session;
use crate::table::Table;

pub(crate) async fn list(session: &Session) -> Result<Exit, Failure> {
    let page = session.api.get("/target-systems", &[]).await?.body;
    session.print(&page, |page| {
        let now = session.clock.now();
        let mut table = Table::new(&["SYSTEM", "STATUS", "SINCE", "BY", "WAITING", "NEXT"]);
        for system in elements(page, "targetSystems") {
            let since = instant(system, "/since").map(|at| between(at, now));
            let since = since.unwrap_or_else(|| NOTHING.to_owned());
            let by = first_text(system, &["/operator", "/openedBy"]);
            let by = by.unwrap_or_else(|| NOTHING.to_owned());
            let (name, status) = (shown(system, "/system"), shown(system, "/status"));
            let waiting = shown(system, "/waitingStepCount");
            table.row([name, status, since, by, waiting, next(system, now)]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}

/// When it is tried by itself, or how fast it drains.
fn next(system: &Value, now: Timestamp) -> String {
    if let Some(rate) = text(system, "/drainRatePerMinute") {
        return format!("{rate} a minute");
    }
    let at = instant(system, "/endsAt").or_else(|| instant(system, "/nextProbeAt"));
    match at {
        Some(at) if at > now => format!("in {}", between(at, now)),
        Some(_) => "now".to_owned(),
        None => NOTHING.to_owned(),
    }
}

pub(crate) async fn hold(session: &Session, arguments: &HoldArguments) -> Result<Exit, Failure> {
    let ends_at = match (arguments.until, arguments.duration) {
        (Some(until), _) => until,
        (None, Some(span)) => {
            let span = SignedDuration::try_from(span.as_duration()).unwrap_or(SignedDuration::MAX);
            let end = session.clock.now().checked_add(span);
            end.map_err(|_| Failure::usage("the hold would never end"))?
        }
        (None, None) => return Err(Failure::usage("say when the hold ends")),
    };
    // A repeat must say the same: a duration would end at another time.
    let again = format!("--until {ends_at}");
    let fields = json!({"endsAt": ends_at});
    decide(session, &arguments.decision, ("hold", again, fields)).await
}

pub(crate) async fn release(
    session: &Session,
    arguments: &ReleaseArguments,
) -> Result<Exit, Failure> {
    let again = arguments.rate.map(|rate| format!("--rate {rate}")).unwrap_or_default();
    let fields = json!({"drainRatePerMinute": arguments.rate});
    decide(session, &arguments.decision, ("release", again, fields)).await
}

/// The key is said before anything is sent, so that a killed command can be repeated.
async fn decide(
    session: &Session,
    decision: &SystemDecision,
    (what, again, fields): (&str, String, Value),
) -> Result<Exit, Failure> {
    let guard = Guard::new(None, &decision.key).or_again_with(again);
    if let Some(repeat) = guard.repeat() {
        session.terminal.message(&format!("to repeat it: {repeat}"));
    }
    let path = format!("/target-systems/{}/{what}", decision.system);
    let answer = session.api.post(&path, guard.headers()?, &body(&decision.why, fields)).await;
    let answer = answer.map_err(|failure| guard.advise(failure, "orderctl systems list"))?;
    session.print(&answer.body, |body| print(session, body));
    Ok(Exit::Done)
}

fn print(session: &Session, body: &Value) {
    let terminal = &session.terminal;
    let status = terminal.paint_status(&shown(body, "/status"));
    terminal.answer(&format!("{} {status}", shown(body, "/system")));
    if let Some(at) = instant(body, "/endsAt") {
        terminal.answer(&format!("  held until  {}", absolute(at)));
    }
    if let Some(rate) = text(body, "/drainRatePerMinute") {
        terminal.answer(&format!("  sent        {rate} a minute"));
    }
}
