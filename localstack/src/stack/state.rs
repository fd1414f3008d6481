//! `stack.json`: what a stack consists of, for people, tests and the next command.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::{StackLayout, lock};
use crate::process::ProcessId;
use crate::{ports, random};

/// Who answers for the processes of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// Nothing runs.
    #[default]
    Stopped,
    /// A command runs it and will stop it; when that command is gone, the next one sweeps.
    Attached,
    /// It runs on its own until `cargo local down`.
    Detached,
}

/// One running process tree of the stack.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Component {
    pub process: ProcessId,
    pub port: Option<u16>,
    pub log: PathBuf,
}

/// The content of `stack.json`; readable by its owner only, because it holds passwords.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StackState {
    pub name: String,
    pub phase: Phase,
    /// Process ids mean nothing after a reboot.
    pub boot_id: String,
    pub components: BTreeMap<String, Component>,
    /// Kept over restarts, so that addresses stay the same whenever possible.
    pub ports: BTreeMap<String, u16>,
    /// By database role or other user name.
    pub passwords: BTreeMap<String, String>,
    pub endpoints: BTreeMap<String, String>,
    /// Ports by which functions reach a component instead of its own, while a run spoils the wire.
    pub detours: BTreeMap<String, u16>,
}

impl StackState {
    /// The recorded state, or an empty one for a stack that never was.
    ///
    /// # Errors
    /// The file cannot be read or was not written by this program.
    pub fn load(layout: &StackLayout) -> Result<Self> {
        let path = layout.state_file();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { name: layout.name().to_owned(), ..Self::default() });
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged: run `cargo local purge`", path.display()))
    }

    /// Changes the recorded state; concurrent changes wait for each other.
    ///
    /// # Errors
    /// What `change` refuses, and files that cannot be read or written.
    pub fn update<T>(
        layout: &StackLayout,
        change: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let _turn = lock::exclusive(&layout.dir().join("stack.json.lock"))?;
        let mut state = Self::load(layout)?;
        let answer = change(&mut state)?;
        write_atomically(&layout.state_file(), &serde_json::to_vec_pretty(&state)?)?;
        Ok(answer)
    }

    /// The port of a component: the one it had, if that is free, else a new one.
    ///
    /// # Errors
    /// No port is free, or `stack.json` cannot be written.
    pub fn reserve_port(layout: &StackLayout, component: &str) -> Result<u16> {
        let others = ports_of_other_stacks(layout);
        Self::update(layout, |state| {
            if let Some(&port) = state.ports.get(component)
                && ports::is_free(port)
            {
                return Ok(port);
            }
            let reserved = others.into_iter().chain(state.ports.values().copied()).collect();
            let port = ports::choose(&reserved)?;
            state.ports.insert(component.to_owned(), port);
            Ok(port)
        })
    }

    /// The port by which functions reach a component.
    ///
    /// # Errors
    /// The component has no port yet.
    pub fn way_to(&self, component: &str) -> Result<u16> {
        let port = self.detours.get(component).or_else(|| self.ports.get(component));
        port.copied().with_context(|| format!("{component} has no port yet"))
    }

    /// The password of a user: generated once per stack.
    ///
    /// # Errors
    /// No randomness, or `stack.json` cannot be written.
    pub fn password(layout: &StackLayout, user: &str) -> Result<String> {
        Self::update(layout, |state| {
            if let Some(password) = state.passwords.get(user) {
                return Ok(password.clone());
            }
            let password = random::password()?;
            state.passwords.insert(user.to_owned(), password.clone());
            Ok(password)
        })
    }

    /// Records an address under which something of the stack can be reached.
    ///
    /// # Errors
    /// `stack.json` cannot be written.
    pub fn set_endpoint(layout: &StackLayout, name: &str, address: &str) -> Result<()> {
        Self::update(layout, |state| {
            state.endpoints.insert(name.to_owned(), address.to_owned());
            Ok(())
        })
    }

    /// An address recorded by the component that answers there.
    ///
    /// # Errors
    /// The component was never started.
    pub fn endpoint(&self, name: &str) -> Result<&str> {
        self.endpoints
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("stack {} has no {name}: `cargo local up`", self.name))
    }

    /// The component, if its process lives.
    #[must_use]
    pub fn alive(&self, component: &str) -> Option<&Component> {
        self.components.get(component).filter(|found| found.process.is_alive())
    }
}

fn ports_of_other_stacks(layout: &StackLayout) -> BTreeSet<u16> {
    let Ok(folders) = std::fs::read_dir(layout.all_stacks()) else {
        return BTreeSet::new();
    };
    folders
        .flatten()
        .filter(|folder| folder.file_name() != layout.name())
        .filter_map(|folder| std::fs::read(folder.path().join("stack.json")).ok())
        .filter_map(|bytes| serde_json::from_slice::<StackState>(&bytes).ok())
        .flat_map(|state| state.ports.into_values())
        .collect()
}

/// A reader sees the old content or the new one, never half of it.
fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let draft = path.with_extension("json.new");
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .with_context(|| format!("cannot write {}", draft.display()))?;
    file.write_all(content)?;
    std::fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}
