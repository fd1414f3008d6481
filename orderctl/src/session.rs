//! What every command that asks the API works with.

use serde_json::Value;

use crate::api::Api;
use crate::cli::{Connection, Format};
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::world::{Clock, World};

/// The API, the terminal and the clock of one command.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) api: Api,
    pub(crate) terminal: Terminal,
    pub(crate) clock: Clock,
    pub(crate) format: Format,
}

impl Session {
    pub(crate) fn open(options: &Connection, world: &World) -> Result<Self, Failure> {
        let api = Api::open(options, &world.terminal, &world.clock)?;
        let (terminal, clock) = (world.terminal.clone(), world.clock.clone());
        Ok(Self { api, terminal, clock, format: options.format })
    }

    /// The API's own document for programs, `for_people` for people.
    pub(crate) fn print(&self, document: &Value, for_people: impl FnOnce(&Value)) {
        match self.format {
            Format::Json => self.terminal.answer(&format!("{document:#}")),
            Format::Table => for_people(document),
        }
    }
}
