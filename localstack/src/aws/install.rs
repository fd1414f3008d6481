//! Emulator and AWS command line, in a Python environment that all stacks share.

use std::path::PathBuf;

use anyhow::Result;

use crate::prerequisites::{self, Need};
use crate::progress::Progress;
use crate::stack::{StackLayout, exclusive};
use crate::tools;

const EMULATOR: &str = "1.5.33";
const COMMAND_LINE: &str = "1.46.3";

/// The Python interpreter that has both, installed on first use.
///
/// # Errors
/// Python is missing and cannot be installed, or a failed download.
pub async fn install(layout: &StackLayout, progress: &Progress) -> Result<PathBuf> {
    // The versions are part of the name, so that an upgrade installs and a checkout back reuses.
    let folder = layout.cache().join(format!("aws-{EMULATOR}-{COMMAND_LINE}"));
    let python = folder.join("bin/python");
    // Written last: an environment cannot be moved into place, because it contains its own path.
    let is_complete = folder.join("complete");
    if is_complete.exists() {
        return Ok(python);
    }
    prerequisites::ensure(layout, progress, &[Need::PythonVenv]).await?;
    let step = progress.step("fetch emulator of AWS");
    let turn_file = layout.cache().join("aws.lock");
    // Another stack may be fetching: the wait for it must not block the interrupt handler.
    let _turn = tokio::task::spawn_blocking(move || exclusive(&turn_file)).await??;
    if is_complete.exists() {
        step.done("another stack fetched it");
        return Ok(python);
    }
    let mut venv = tools::command(layout, "python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    tools::run(layout, &step, "aws-venv", &mut venv).await?;
    let mut pip = tools::command(layout, &python);
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"])
        .arg(format!("ministack[full]=={EMULATOR}"))
        .arg(format!("awscli=={COMMAND_LINE}"));
    tools::run(layout, &step, "aws-pip", &mut pip).await?;
    std::fs::write(&is_complete, "")?;
    step.done(&format!("MiniStack {EMULATOR}, AWS command line {COMMAND_LINE}"));
    Ok(python)
}
