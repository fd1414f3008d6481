//! The AWS command line, for what needs more than one HTTP request: packaging and deploying.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::emulator::REGION;
use crate::progress::Step;
use crate::stack::StackLayout;
use crate::tools;

/// The command line, pointed at one emulator.
#[derive(Debug)]
pub(super) struct AwsCli<'a> {
    pub(super) layout: &'a StackLayout,
    pub(super) python: PathBuf,
    pub(super) endpoint: String,
}

impl AwsCli<'_> {
    /// Runs a command to its end, its output in `logs/<log>.log`.
    pub(super) async fn run(&self, step: &Step, log: &str, arguments: &[&str]) -> Result<()> {
        tools::run(self.layout, step, log, &mut self.command(arguments)).await
    }

    /// Runs a command that answers JSON.
    pub(super) async fn query(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command(arguments).args(["--output", "json"]).output().await?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            bail!("aws {}: {}", arguments.join(" "), message.trim());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tools::command(self.layout, &self.python);
        // A profile or a role of the person at this machine must never be used.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        command
            .args(["-m", "awscli"])
            .args(arguments)
            .args(["--endpoint-url", &self.endpoint])
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_PAGER", "")
            .current_dir(self.layout.workspace());
        command
    }
}
