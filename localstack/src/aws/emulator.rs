//! The emulator as a process of the stack.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{COMPONENT, URL, install};
use crate::process::{Launch, Signal, log_tail};
use crate::progress::Progress;
use crate::stack::{Component, StackLayout, StackState, stop_component};
use crate::{http, wait};

/// The account's region; nothing depends on which one it is.
pub const REGION: &str = "us-east-1";
const SITE_CUSTOMIZE: &str = include_str!("sitecustomize.py");
/// It is up in half a second; a machine that compiles meanwhile needs a multiple.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Starts the emulator, unless it runs; a new one is an empty account.
///
/// # Errors
/// It cannot be installed or does not come up.
pub async fn start(layout: &StackLayout, progress: &Progress) -> Result<()> {
    if StackState::load(layout)?.alive(COMPONENT).is_some() {
        return Ok(());
    }
    let python = install(layout, progress).await?;
    let step = progress.step("emulator of AWS");
    let folder = layout.component_dir(COMPONENT);
    make_empty(&folder)?;
    let port = StackState::reserve_port(layout, COMPONENT)?;
    let url = format!("http://127.0.0.1:{port}");
    let emulator = Launch::new(COMPONENT, python)
        .args(["-m", "ministack"])
        .env("HOME", &folder)
        .env("TMPDIR", folder.join("tmp"))
        .env("STATE_DIR", folder.join("state"))
        .env("S3_DATA_DIR", folder.join("s3"))
        .env("PYTHONPATH", folder.join("site"))
        .env("OMS_FUNCTION_LOGS", layout.logs())
        .env("BIND_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        // Addresses of queues carry this name; "localhost" may resolve to ::1 first.
        .env("MINISTACK_HOST", "127.0.0.1")
        // Functions inherit it; without it they would look for the real AWS.
        .env("AWS_ENDPOINT_URL", &url)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .port(port)
        .start(layout)?;
    wait_until_ready(&emulator, &url).await?;
    StackState::set_endpoint(layout, URL, &url)?;
    step.done(&url);
    Ok(())
}

/// `kill -9`, with all running functions: its queues and schedules are lost.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn kill(layout: &StackLayout) -> Result<()> {
    stop_component(layout, COMPONENT, Signal::KILL).await
}

/// What an earlier emulator unpacked is worthless to the next one, and it adds up.
fn make_empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    for name in ["tmp", "state", "s3", "site"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    std::fs::write(folder.join("site/sitecustomize.py"), SITE_CUSTOMIZE)?;
    Ok(())
}

async fn wait_until_ready(emulator: &Component, url: &str) -> Result<()> {
    let client = http::client()?;
    let question = format!("{url}/_ministack/ready");
    wait::until("the emulator of AWS", START_LIMIT, async || {
        if !emulator.process.is_alive() {
            bail!("the emulator of AWS did not start; {}", log_tail(&emulator.log));
        }
        Ok(http::is_ok(&client, &question).await.then_some(()))
    })
    .await
}
