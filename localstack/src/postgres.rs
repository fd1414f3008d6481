//! PostgreSQL of the stack's own: private data folder, loopback only, passwords required.
//!
//! The machine's own cluster is never touched.
//! Durability stays on, because stacks are killed on purpose and must come back with everything
//! they confirmed; only `test --no-fsync` and `seeded-bugs` trade that away.

mod cluster;
mod databases;

use std::time::Duration;

use anyhow::{Result, bail};

use crate::prerequisites;
use crate::process::{Launch, Signal, log_tail};
use crate::progress::Progress;
use crate::stack::{Component, StackLayout, StackState, remove_folder, stop_component};
use crate::wait;

use cluster::{Cluster, outside_folder};
pub(crate) use databases::connect;

pub const COMPONENT: &str = "postgres";
/// Owns the database `oms`; migrations run as this role.
pub const OWNER_ROLE: &str = "oms_owner";
/// The database and the role of the engine.
pub const ENGINE_DATABASE: &str = "camunda";
/// Endpoint names in `stack.json`.
pub const SUPERUSER_URL: &str = "postgresSuperuserUrl";
pub const OWNER_URL: &str = "postgresOwnerUrl";

const START_LIMIT: Duration = Duration::from_secs(60);

/// Whether a confirmed commit survives a crash of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    Fsync,
    /// For tests that never kill the database: its data are in memory where there is room for them,
    /// and gone when the stack stops.
    NoFsync,
}

/// Starts the stack's PostgreSQL, unless it runs, and makes its databases.
///
/// # Errors
/// Missing programs that cannot be installed, a server that does not come up.
pub async fn start(
    layout: &StackLayout,
    progress: &Progress,
    durability: Durability,
) -> Result<()> {
    if StackState::load(layout)?.alive(COMPONENT).is_some() {
        return Ok(());
    }
    let binaries = prerequisites::postgres(layout, progress).await?;
    let step = progress.step("PostgreSQL");
    let cluster = Cluster::prepare(layout, &step, binaries, durability).await?;
    let port = StackState::reserve_port(layout, COMPONENT)?;
    let password = StackState::password(layout, "postgres")?;
    let server = launch(layout, &cluster, port, durability)?;
    let url = url("postgres", &password, port, "postgres");
    wait_until_ready(&server, &url).await?;
    databases::create(layout, &url).await?;
    StackState::set_endpoint(layout, SUPERUSER_URL, &url)?;
    let owner = StackState::password(layout, OWNER_ROLE)?;
    StackState::set_endpoint(layout, OWNER_URL, &self::url(OWNER_ROLE, &owner, port, "oms"))?;
    step.done(&format!("127.0.0.1:{port}"));
    Ok(())
}

/// The database `oms` as superuser, for commands that look at every tenant's rows.
///
/// # Errors
/// PostgreSQL was never started.
pub fn superuser_url_of_oms(state: &StackState) -> Result<String> {
    Ok(state.endpoint(SUPERUSER_URL)?.replace("/postgres?", "/oms?"))
}

/// Forgets the data of a stack that is down, so that the next start makes new ones.
///
/// # Errors
/// The folder cannot be removed.
pub fn forget_data(layout: &StackLayout) -> Result<()> {
    for folder in [layout.component_dir(COMPONENT), outside_folder(layout)] {
        remove_folder(&folder)?;
    }
    Ok(())
}

/// `pg_ctl stop -m immediate`: no checkpoint, so the next start recovers from the log.
///
/// # Errors
/// Processes that cannot be killed.
pub async fn kill(layout: &StackLayout) -> Result<()> {
    stop_component(layout, COMPONENT, Signal::QUIT).await
}

fn url(role: &str, password: &str, port: u16, database: &str) -> String {
    format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable")
}

fn launch(
    layout: &StackLayout,
    cluster: &Cluster,
    port: u16,
    durability: Durability,
) -> Result<Component> {
    let mut launch = Launch::new(COMPONENT, cluster.binaries.join("postgres"))
        .arg("-D")
        .arg(&cluster.data)
        .args(["-p", &port.to_string()])
        // TCP only: a socket path in a deep folder would pass the limit of 107 bytes.
        .args(["-c", "unix_socket_directories=", "-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "max_connections=300", "-c", "shared_buffers=128MB"])
        .args(["-c", "log_timezone=UTC", "-c", "timezone=UTC"])
        .folder(&cluster.data)
        .env("HOME", &cluster.data)
        .user(cluster.user)
        .port(port);
    if durability == Durability::NoFsync {
        launch = launch
            .args(["-c", "fsync=off", "-c", "synchronous_commit=off"])
            .args(["-c", "full_page_writes=off"]);
    }
    launch.start(layout)
}

async fn wait_until_ready(server: &Component, url: &str) -> Result<()> {
    wait::until("PostgreSQL", START_LIMIT, async || {
        if !server.process.is_alive() {
            bail!("PostgreSQL did not start; {}", log_tail(&server.log));
        }
        Ok(databases::answers(url).await.then_some(()))
    })
    .await
}
