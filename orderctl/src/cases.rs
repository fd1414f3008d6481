//! `orderctl cases …`: looking at what waits for a person.

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::{CaseReference, ListCases, ListSignatures};
use crate::duration::between;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, elements, first_text, instant, outline, shown, text};
use crate::pages::Listing;
use crate::session::Session;
use crate::table::Table;

pub(crate) async fn list(session: &Session, arguments: &ListCases) -> Result<Exit, Failure> {
    let listing = Listing {
        path: "/fallout-cases",
        name: "falloutCases",
        query: arguments.query(),
        is_whole: arguments.all,
    };
    let page = listing.read(session).await?;
    session.print(&page, |page| {
        // Everything does not fit one line of 100 columns: what the other commands take comes
        // second.
        let cases = elements(page, "falloutCases");
        let mut table = Table::new(&["SEVERITY", "STATUS", "DUE", "OWNER", "REASON"]);
        for case in cases {
            table.row(summary(case, session.clock.now()));
        }
        let names = cases.iter().map(|case| {
            let order = first_text(case, &["/orderNumber", "/orderId"]);
            let order = order.unwrap_or_else(|| NOTHING.to_owned());
            format!("  {order} {}", shown(case, "/falloutCaseId"))
        });
        table.print_with_second_lines(&session.terminal, "  ORDER CASE", names);
    });
    Ok(Exit::Done)
}

pub(crate) async fn show(session: &Session, case: &CaseReference) -> Result<Exit, Failure> {
    let answer = session.api.get(&session.case_path(case).await?, &[]).await?;
    session.print(&answer.body, |case| {
        let terminal = &session.terminal;
        let [severity, status, due, owner, reason] = summary(case, session.clock.now());
        terminal.answer(&format!("{reason}  {}", terminal.paint_status(&status)));
        terminal.answer(&format!("  severity  {}", terminal.paint_status(&severity)));
        terminal.answer(&format!("  owner     {owner}"));
        terminal.answer(&format!("  due       {due}"));
        let version = answer.version.map_or_else(|| NOTHING.to_owned(), |x| x.to_string());
        terminal.answer(&format!("  version   {version}"));
        terminal.answer("all that is known");
        outline(case, 2).iter().for_each(|line| terminal.answer(line));
    });
    if let Some(reason) = text(&answer.body, "/reasonCode") {
        session.terminal.message(&format!("what it means: orderctl --explain {reason}"));
    }
    Ok(Exit::Done)
}

pub(crate) async fn signatures(
    session: &Session,
    arguments: &ListSignatures,
) -> Result<Exit, Failure> {
    let page = session.api.get("/fallout-signatures", &arguments.query()).await?.body;
    session.print(&page, |page| {
        let mut table = Table::new(&["ORDERS", "CASES", "SINCE", "SIGNATURE"]);
        for signature in elements(page, "falloutSignatures") {
            let since = instant(signature, "/firstOpenedAt");
            let since = since.map(|at| between(at, session.clock.now()));
            let (orders, cases) = (shown(signature, "/orderCount"), shown(signature, "/caseCount"));
            let since = since.unwrap_or_else(|| NOTHING.to_owned());
            table.row([orders, cases, since, shown(signature, "/failureSignature")]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}

/// The cases of one order.
pub(crate) fn print_cases(session: &Session, cases: &[Value]) {
    if cases.is_empty() {
        return;
    }
    let mut table = Table::indented(&["CASE", "SEVERITY", "STATUS", "DUE", "REASON"]);
    for case in cases {
        let [severity, status, due, _, reason] = summary(case, session.clock.now());
        table.row([shown(case, "/falloutCaseId"), severity, status, due, reason]);
    }
    session.terminal.answer("cases");
    table.print(&session.terminal);
}

/// Whose a case is: the group, and the person who works on it.
pub(crate) fn owner(case: &Value) -> Option<String> {
    let owner = [
        first_text(case, &["/ownerGroup", "/assignedGroup"]),
        first_text(case, &["/ownerUser", "/assignedUser"]),
    ];
    let owner: Vec<String> = owner.into_iter().flatten().collect();
    Some(owner.join("/")).filter(|owner| !owner.is_empty())
}

/// Severity, status, due, owner, reason.
fn summary(case: &Value, now: Timestamp) -> [String; 5] {
    let owner = owner(case).unwrap_or_else(|| NOTHING.to_owned());
    let (severity, status) = (shown(case, "/severity"), shown(case, "/status"));
    [severity, status, due(case, now), owner, shown(case, "/reasonCode")]
}

fn due(case: &Value, now: Timestamp) -> String {
    let is_closed = text(case, "/resolvedAt").is_some();
    match instant(case, "/dueAt") {
        Some(at) if !is_closed && at < now => format!("{} late", between(at, now)),
        Some(at) if !is_closed => format!("in {}", between(at, now)),
        _ => NOTHING.to_owned(),
    }
}
