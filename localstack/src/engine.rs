//! Camunda 7 without Docker: its jars, one settings file, one process.

mod cockpit;
mod jars;

use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::http;
use crate::postgres::ENGINE_DATABASE;
use crate::prerequisites;
use crate::process::{Launch, Signal, log_tail};
use crate::progress::Progress;
use crate::stack::{Component, StackLayout, StackState, stop_component};
use crate::wait;

pub use cockpit::where_to_find as where_to_find_cockpit;

pub const COMPONENT: &str = "engine";
/// Endpoint name in `stack.json`: the base of the REST API, ending in `/engine-rest`.
pub const URL: &str = "engineUrl";

/// The log of calls, as `logs/engine-access.log`; see engine.yml.
pub const ACCESS_LOG: &str = "engine-access";

/// Environment variable: how much the engine remembers, for tests that read it; see engine.yml.
const HISTORY_LEVEL: &str = "OMS_ENGINE_HISTORY_LEVEL";
const DEPLOYED_HISTORY_LEVEL: &str = "activity";

/// Alone it is up in 9 s; a machine that compiles meanwhile needs a multiple.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Copies the jars into the cache, unless they are there.
///
/// # Errors
/// Missing programs that cannot be installed, or a failed download.
pub async fn fetch(layout: &StackLayout, progress: &Progress) -> Result<()> {
    jars::fetch(layout, progress).await.map(drop)
}

/// Starts the engine, unless it runs, and waits until it answers from its database.
///
/// # Errors
/// Missing programs that cannot be installed, an engine that does not come up.
pub async fn start(layout: &StackLayout, progress: &Progress) -> Result<()> {
    if StackState::load(layout)?.alive(COMPONENT).is_some() {
        return Ok(());
    }
    let java = prerequisites::java(layout, progress).await?;
    let jars = jars::fetch(layout, progress).await?;
    let step = progress.step("Camunda 7");
    let database_port = StackState::load(layout)?
        .alive(crate::postgres::COMPONENT)
        .and_then(|postgres| postgres.port)
        .context("the engine needs PostgreSQL: `cargo local postgres start`")?;
    let port = StackState::reserve_port(layout, COMPONENT)?;
    let password = StackState::password(layout, ENGINE_DATABASE)?;
    let settings = layout.workspace().join("localstack/engine/engine.yml");
    let history = std::env::var_os(HISTORY_LEVEL).unwrap_or(DEPLOYED_HISTORY_LEVEL.into());
    let engine = Launch::new(COMPONENT, java)
        // Unbounded, the heap would grow to a quarter of the machine's memory.
        .args(["-Xms256m", "-Xmx640m", "-XX:+UseSerialGC", "-Duser.timezone=UTC"])
        .arg("-cp")
        .arg(jars.join("*"))
        .arg("org.springframework.boot.SpringApplication")
        .arg(format!("--spring.config.location=file:{}", settings.display()))
        .env("SERVER_PORT", port.to_string())
        .env(
            "OMS_ENGINE_DATABASE_URL",
            format!("jdbc:postgresql://127.0.0.1:{database_port}/{ENGINE_DATABASE}"),
        )
        .env("OMS_ENGINE_LOG_DIRECTORY", layout.logs())
        .env("OMS_ENGINE_DATABASE_USER", ENGINE_DATABASE)
        .env("OMS_ENGINE_DATABASE_PASSWORD", password)
        .env("OMS_ENGINE_ADMIN_USER", cockpit::USER)
        .env("OMS_ENGINE_ADMIN_PASSWORD", StackState::password(layout, cockpit::USER)?)
        .env(HISTORY_LEVEL, history)
        .port(port)
        .start(layout)?;
    let url = url(port);
    wait_until_ready(&engine, &url).await?;
    StackState::set_endpoint(layout, URL, &url)?;
    StackState::set_endpoint(layout, cockpit::URL, &cockpit::address(port))?;
    step.done(&url);
    Ok(())
}

/// The base of the REST API behind a port of this machine.
#[must_use]
pub fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/engine-rest")
}

/// `kill -9`.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn kill(layout: &StackLayout) -> Result<()> {
    stop_component(layout, COMPONENT, Signal::KILL).await
}

/// Not by `/version`, which answers even while the database is down.
async fn wait_until_ready(engine: &Component, url: &str) -> Result<()> {
    let client = http::client()?;
    let question = format!("{url}/process-definition/count");
    wait::until("Camunda 7", START_LIMIT, async || {
        if !engine.process.is_alive() {
            bail!("Camunda 7 did not start; {}", log_tail(&engine.log));
        }
        Ok(http::is_ok(&client, &question).await.then_some(()))
    })
    .await
}
