//! What a document changes, for people; and what would refuse it.

use serde_json::Value;

use crate::exit::Exit;
use crate::fields::{list, shown, text};
use crate::session::Session;
use crate::terminal::{Colour, Terminal, printable};

/// Added, removed and changed, as everybody reads them.
fn sign(terminal: &Terminal, kind: &str) -> String {
    match kind {
        "ADDED" => terminal.paint(Colour::Green, "+"),
        "REMOVED" => terminal.paint(Colour::Red, "-"),
        _ => terminal.paint(Colour::Yellow, "~"),
    }
}

/// The difference and its sentences; nothing where the document cannot be read.
pub(super) fn print(terminal: &Terminal, answer: &Value) {
    if answer.get("difference").is_none() {
        return;
    }
    let before = text(answer, "/previousVersion");
    let before = before.map_or_else(|| "no catalogue".to_owned(), |x| format!("version {x}"));
    terminal.answer(&format!("{before} → version {}", shown(answer, "/version")));
    for (kind, pointer) in
        [("ADDED", "/difference/productsAdded"), ("REMOVED", "/difference/productsRemoved")]
    {
        for code in list(answer, pointer) {
            terminal.answer(&format!("  {} {}", sign(terminal, kind), shown(code, "")));
        }
    }
    for product in list(answer, "/difference/productsChanged") {
        let sign = sign(terminal, "CHANGED");
        terminal.answer(&format!("  {sign} {}", shown(product, "/productCode")));
        list(product, "/changes").iter().for_each(|place| print_place(terminal, place));
    }
    let calendars = list(answer, "/difference/calendars");
    if !calendars.is_empty() {
        terminal.answer("  calendars");
        calendars.iter().for_each(|place| print_place(terminal, place));
    }
    let left_out = answer.pointer("/difference/placesLeftOut").and_then(Value::as_u64);
    if let Some(count) = left_out.filter(|count| *count > 0) {
        terminal.answer(&format!("  and {count} more places"));
    }
    for sentence in list(answer, "/sentences") {
        terminal.answer(&shown(sentence, ""));
    }
}

/// `~ ADD ship-router /products/3/…/hours: 8 → 4`.
fn print_place(terminal: &Terminal, place: &Value) {
    let names = ["/action", "/stepKey", "/pointer"].iter().filter_map(|x| text(place, x));
    let names: Vec<String> = names.collect();
    let value = |pointer: &str| place.pointer(pointer).map(told);
    let values = match (value("/before"), value("/after")) {
        (Some(before), Some(after)) => format!(": {before} → {after}"),
        (Some(only), None) | (None, Some(only)) => format!(": {only}"),
        (None, None) => String::new(),
    };
    let sign = sign(terminal, &shown(place, "/kind"));
    terminal.answer(&format!("    {sign} {}{values}", names.join(" ")));
}

fn told(value: &Value) -> String {
    text(value, "").unwrap_or_else(|| printable(&value.to_string()))
}

/// Says what would refuse the document, and how a command ends that found it.
pub(super) fn tell_problems(session: &Session, answer: &Value) -> Exit {
    let problems = list(answer, "/problems");
    let terminal = &session.terminal;
    for problem in problems {
        let error = terminal.paint(Colour::Red, "problem:");
        let (code, pointer) = (shown(problem, "/code"), text(problem, "/pointer"));
        let place = pointer.map(|pointer| format!(" {pointer}")).unwrap_or_default();
        terminal.message(&format!("{error} {code}{place}: {}", shown(problem, "/detail")));
    }
    let mut codes: Vec<String> = problems.iter().map(|x| shown(x, "/code")).collect();
    codes.dedup();
    for code in &codes {
        terminal.message(&format!("  next: orderctl --explain {code}"));
    }
    match codes.iter().any(|code| code == "VERSION_CONFLICT") {
        true => Exit::Stale,
        false if codes.is_empty() => Exit::Done,
        false => Exit::Refused,
    }
}
