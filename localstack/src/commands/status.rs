//! `cargo local status`.

use std::process::ExitCode;

use anyhow::Result;

use crate::stack::{StackLayout, StackState};
use crate::{engine, output};

/// Exit code 1 when something that was started does not run, so that scripts can ask.
pub(super) fn print(layout: &StackLayout) -> Result<ExitCode> {
    let state = StackState::load(layout)?;
    if state.components.is_empty() {
        output::line(&format!("stack {} is down", layout.name()));
        return Ok(ExitCode::FAILURE);
    }
    let mut is_complete = true;
    for (name, component) in &state.components {
        let is_alive = state.alive(name).is_some();
        is_complete &= is_alive;
        output::line(&format!(
            "{name:<12} {:<8} process {:<8} port {:<6} {}",
            if is_alive { "running" } else { "DEAD" },
            component.process.pid,
            component.port.map_or_else(|| "-".to_owned(), |port| port.to_string()),
            component.log.display(),
        ));
    }
    for (name, address) in &state.endpoints {
        output::line(&format!("{name:<24} {}", without_password(address)));
    }
    output::line(&format!("{:<24} {}", "passwords and ids", layout.state_file().display()));
    if let Some(line) = engine::where_to_find_cockpit(layout, &state) {
        output::line(&line);
    }
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Screens are shared; the passwords stand in the file.
fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return address.to_owned();
    };
    match rest.split_once('@') {
        Some((user, host)) => {
            let name = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:…@{host}")
        }
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        assert_eq!(without_password("postgres://u:secret@h:1/d"), "postgres://u:…@h:1/d");
        assert_eq!(without_password("http://h:1/engine-rest"), "http://h:1/engine-rest");
    }
}
