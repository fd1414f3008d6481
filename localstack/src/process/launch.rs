//! Starting a server of the stack.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::{MARKER_VARIABLE, ProcessId};
use crate::stack::{Component, StackLayout, StackState};

/// The user a server runs as when the command itself runs as root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnixUser {
    pub uid: u32,
    pub gid: u32,
}

/// A server to be started: what, with which environment, as whom.
///
/// The environment is clean except for what is named here, so that a stack behaves the same
/// whoever starts it; `PATH`, `HOME`, `LANG` and `TZ=UTC` have defaults.
#[derive(Debug, Clone)]
pub struct Launch {
    component: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    folder: Option<PathBuf>,
    user: Option<UnixUser>,
    port: Option<u16>,
}

impl Launch {
    #[must_use]
    pub fn new(component: &str, program: impl Into<PathBuf>) -> Self {
        Self {
            component: component.to_owned(),
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            folder: None,
            user: None,
            port: None,
        }
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The folder it is started in; without it, the stack's own.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    #[must_use]
    pub fn user(mut self, user: Option<UnixUser>) -> Self {
        self.user = user;
        self
    }

    /// The port it will listen on, for `stack.json`.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Starts it as leader of its own process group, output appended to its log, and records it.
    ///
    /// # Errors
    /// The program cannot be started, or `stack.json` cannot be written.
    pub fn start(self, layout: &StackLayout) -> Result<Component> {
        let log = layout.log(&self.component);
        let process = self.spawn(layout, &log)?;
        let component = Component { process, port: self.port, log };
        StackState::update(layout, |state| {
            state.boot_id = super::boot_id();
            state.components.insert(self.component.clone(), component.clone());
            Ok(())
        })?;
        Ok(component)
    }

    fn spawn(&self, layout: &StackLayout, log: &Path) -> Result<ProcessId> {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(inherited())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .envs(&self.environment)
            .env(MARKER_VARIABLE, layout.dir())
            .current_dir(self.folder.clone().unwrap_or_else(|| layout.dir()))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0);
        if let Some(user) = self.user {
            command.uid(user.uid).gid(user.gid);
        }
        let child =
            command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        ProcessId::of(child.id())
    }
}

/// What servers need from the caller's environment.
fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    ["PATH", "HOME", "JAVA_HOME", "SSL_CERT_FILE"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}
