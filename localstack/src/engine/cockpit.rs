//! Cockpit: where a process engineer looks at instances, incidents and their history.
//!
//! It is part of the engine's process. The REST API beside it stays without a login, as it was.

use crate::stack::{StackLayout, StackState};

/// Endpoint name in `stack.json`.
pub(super) const URL: &str = "cockpitUrl";
/// The engine takes letters and digits only; its password stands in `stack.json` under this name.
pub(super) const USER: &str = "cockpit";

pub(super) fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}/camunda/app/cockpit/")
}

/// One line for people: the address, and where its login is; nothing without an engine.
#[must_use]
pub fn where_to_find(layout: &StackLayout, state: &StackState) -> Option<String> {
    let url = state.endpoint(URL).ok()?;
    state.alive(super::COMPONENT)?;
    let file = layout.state_file();
    Some(format!("Cockpit: {url} as {USER}, password: passwords.{USER} in {}", file.display()))
}
