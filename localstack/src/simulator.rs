//! The simulator of the external systems and of the secrets extension, as a process.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::process::{Launch, Signal, log_tail};
use crate::progress::Progress;
use crate::stack::{Component, StackLayout, StackState, stop_component};
use crate::{http, secrets, tools, wait};

pub const COMPONENT: &str = "simulator";
/// Endpoint name in `stack.json`: base of all systems, `/admin` and `/secretsmanager`.
pub const URL: &str = "simulatorUrl";

const START_LIMIT: Duration = Duration::from_secs(20);

/// Builds its binary; separate from starting it, because a restart must be quick.
///
/// # Errors
/// It does not compile.
pub async fn build(layout: &StackLayout, progress: &Progress) -> Result<()> {
    let step = progress.step("build simulator");
    let mut cargo = tools::command(layout, "cargo");
    cargo
        .args(["build", "--locked", "--package", "simulator", "--bin", "simulator"])
        .current_dir(layout.workspace());
    tools::run(layout, &step, "build-simulator", &mut cargo).await?;
    step.done("built");
    Ok(())
}

/// Starts it, unless it runs; its ledger is found again after a restart.
///
/// # Errors
/// It was not built or does not come up.
pub async fn start(layout: &StackLayout, progress: &Progress) -> Result<()> {
    if StackState::load(layout)?.alive(COMPONENT).is_some() {
        return Ok(());
    }
    let step = progress.step("simulator");
    let secrets_file = secrets::write(layout)?;
    let state_folder = layout.component_dir(COMPONENT);
    std::fs::create_dir_all(&state_folder)?;
    let port = StackState::reserve_port(layout, COMPONENT)?;
    // A copy, because the next build replaces the original under a running process.
    let binary = layout.component_dir("bin").join("simulator");
    std::fs::create_dir_all(layout.component_dir("bin"))?;
    replace(&layout.build_dir().join("debug/simulator"), &binary)?;
    let simulator = Launch::new(COMPONENT, binary)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--state-dir")
        .arg(state_folder)
        .arg("--secrets-file")
        .arg(secrets_file)
        .port(port)
        .start(layout)?;
    let url = format!("http://127.0.0.1:{port}");
    wait_until_ready(&simulator, &url).await?;
    StackState::set_endpoint(layout, URL, &url)?;
    step.done(&url);
    Ok(())
}

/// Forgets ledger and requests of a stack that is down.
///
/// # Errors
/// The folder cannot be removed.
pub fn forget_data(layout: &StackLayout) -> Result<()> {
    let folder = layout.component_dir(COMPONENT);
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// `kill -9`.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn kill(layout: &StackLayout) -> Result<()> {
    stop_component(layout, COMPONENT, Signal::KILL).await
}

/// By rename: the file of a program that still runs cannot be written.
fn replace(source: &std::path::Path, target: &std::path::Path) -> Result<()> {
    let draft = target.with_extension("draft");
    if let Err(error) = std::fs::copy(source, &draft) {
        bail!("cannot copy {}: {error}; `cargo local up` builds it", source.display());
    }
    std::fs::rename(&draft, target)?;
    Ok(())
}

async fn wait_until_ready(simulator: &Component, url: &str) -> Result<()> {
    let client = http::client()?;
    let question = format!("{url}/healthz");
    wait::until("the simulator", START_LIMIT, async || {
        if !simulator.process.is_alive() {
            bail!("the simulator did not start; {}", log_tail(&simulator.log));
        }
        Ok(http::is_ok(&client, &question).await.then_some(()))
    })
    .await
}
