//! `orderctl orders show`: one order on one screen.

use jiff::Timestamp;
use serde_json::Value;

use crate::cases::print_cases;
use crate::cli::OrderReference;
use crate::duration::{between, relative};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, first_text, instant, list, shown, text};
use crate::session::Session;
use crate::table::Table;

/// Milestones with the words that people use.
const MILESTONES: [(&str, &str); 7] = [
    ("/createdAt", "created"),
    ("/validatedAt", "validated"),
    ("/decomposedAt", "decomposed"),
    ("/plannedAt", "planned"),
    ("/releasedAt", "released"),
    ("/billingSettledAt", "billing settled"),
    ("/completedAt", "completed"),
];

pub(crate) async fn show(session: &Session, order: &OrderReference) -> Result<Exit, Failure> {
    let order = session.api.get(&session.order_path(&order.order).await?, &[]).await?.body;
    session.print(&order, |order| {
        print_head(session, order);
        print_waiting(session, order);
        print_cases(session, list(order, "/falloutCases"));
        print_lines(session, list(order, "/lines"));
        print_steps(session, list(order, "/steps"));
    });
    Ok(Exit::Done)
}

/// Whom the order waits for, one sentence per step.
pub(crate) fn waits_for(order: &Value, now: Timestamp) -> Vec<String> {
    let systems = list(order, "/waitingFor").iter();
    let steps = systems.flat_map(|system| {
        let name = shown(system, "/targetSystem");
        list(system, "/steps").iter().map(move |step| (name.clone(), step))
    });
    let sentence = |(system, step): (String, &Value)| {
        let since = instant(step, "/waitingSince").map(|at| format!(" for {}", between(at, now)));
        let next = instant(step, "/nextActionAt");
        let next = next.map(|at| format!(", next action {}", relative(at, now)));
        let (key, status) = (shown(step, "/stepKey"), shown(step, "/status"));
        let (since, next) = (since.unwrap_or_default(), next.unwrap_or_default());
        format!("waits for {system}: {key} is {status}{since}{next}")
    };
    steps.map(sentence).collect()
}

fn print_head(session: &Session, order: &Value) {
    let (terminal, now) = (&session.terminal, session.clock.now());
    let status = terminal.paint_status(&shown(order, "/status"));
    terminal.answer(&format!("{}  {status}", shown(order, "/orderNumber")));
    let mut facts = vec![
        ("order", format!("{}, version {}", shown(order, "/orderId"), shown(order, "/version"))),
        (
            "quote",
            format!("{} revision {}", shown(order, "/quoteId"), shown(order, "/quoteRevision")),
        ),
        (
            "customer",
            format!(
                "{}, billed to {}",
                shown(order, "/customerId"),
                shown(order, "/billingAccountId")
            ),
        ),
    ];
    let reached = MILESTONES.iter().filter_map(|(field, word)| {
        Some(format!("{word} {}", relative(instant(order, field)?, now)))
    });
    let reached: Vec<String> = reached.collect();
    // The last two milestones say where it is; all of them are in the timeline.
    facts.push(("milestones", reached[reached.len().saturating_sub(2)..].join(", ")));
    if let Some(process) = text(order, "/processInstanceId") {
        facts.push(("process", format!("{process} {}", shown(order, "/processStatus"))));
    }
    if let Some(reference) = text(order, "/lastExternalReference/externalReference") {
        let system = shown(order, "/lastExternalReference/targetSystem");
        facts.push(("reference", format!("{reference} at {system}")));
    }
    for (title, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        terminal.answer(&format!("  {title:<10}  {fact}"));
    }
}

fn print_waiting(session: &Session, order: &Value) {
    for line in waits_for(order, session.clock.now()) {
        session.terminal.answer(&format!("  {line}"));
    }
}

fn print_lines(session: &Session, lines: &[Value]) {
    if lines.is_empty() {
        return;
    }
    let mut table = Table::indented(&["LINE", "STATUS", "ACTION", "OPEN STEPS", "PRODUCT"]);
    for line in lines {
        let steps = format!("{}/{}", shown(line, "/remainingStepCount"), shown(line, "/stepCount"));
        let product = format!("{} × {}", shown(line, "/quantity"), shown(line, "/productCode"));
        let (id, status) = (shown(line, "/orderLineId"), shown(line, "/status"));
        table.row([id, status, shown(line, "/action"), steps, product]);
    }
    session.terminal.answer("lines");
    table.print(&session.terminal);
}

fn print_steps(session: &Session, steps: &[Value]) {
    if steps.is_empty() {
        return;
    }
    let mut table = Table::indented(&["STATUS", "SYSTEM", "SENT", "STEP", "REFERENCE OR FAILURE"]);
    for step in steps {
        let result = first_text(step, &["/failureCode", "/externalReference"]);
        let (key, sent) = (shown(step, "/stepKey"), shown(step, "/attemptCount"));
        let result = result.unwrap_or_else(|| NOTHING.to_owned());
        table.row([shown(step, "/status"), shown(step, "/targetSystem"), sent, key, result]);
    }
    session.terminal.answer("steps");
    table.print(&session.terminal);
}
