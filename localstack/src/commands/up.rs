//! `cargo local up`: everything that does not run yet, in the order of who needs whom.

use anyhow::Result;

use crate::cli::UpArguments;
use crate::postgres::Durability;
use crate::prerequisites::{self, Need};
use crate::session::Session;
use crate::stack::{Phase, StackState};
use crate::{aws, configuration, engine, model, postgres, simulator};

pub(super) async fn up(stack: &str, arguments: &UpArguments) -> Result<()> {
    let session = Session::open(stack, "up").await?;
    session.run(start(&session, arguments)).await?;
    session.progress.say("✓ up: `cargo local status` shows where, `cargo local down` ends it");
    say_where_cockpit_is(&session)
}

/// For commands that leave the stack running.
///
/// # Errors
/// `stack.json` cannot be read.
pub(crate) fn say_where_cockpit_is(session: &Session) -> Result<()> {
    let state = StackState::load(&session.layout)?;
    if let Some(line) = engine::where_to_find_cockpit(&session.layout, &state) {
        session.progress.say(&format!("  {line}"));
    }
    Ok(())
}

async fn start(session: &Session, arguments: &UpArguments) -> Result<()> {
    if arguments.basic {
        start_basic(session).await?
    } else {
        start_all(session).await?
    }
    session.detach()
}

/// PostgreSQL and the engine.
async fn start_basic(session: &Session) -> Result<()> {
    start_postgres(session).await?;
    engine::start(&session.layout, &session.progress).await
}

/// The whole product; the caller says whether it stays up.
///
/// # Errors
/// What is missing or does not come up; the message says where its log is.
pub(crate) async fn start_all(session: &Session) -> Result<()> {
    let (layout, progress) = (&session.layout, &session.progress);
    start_postgres(session).await?;
    // Building takes turns by cargo's own lock; the engine boots meanwhile.
    let binaries = async {
        simulator::build(layout, progress).await?;
        simulator::start(layout, progress).await?;
        aws::build(layout, progress).await
    };
    let servers = async {
        aws::start(layout, progress).await?;
        engine::start(layout, progress).await?;
        model::deploy(layout, progress).await
    };
    tokio::try_join!(binaries, servers)?;
    aws::deploy(layout, progress, &aws::Target::of(layout)?).await?;
    configuration::load_samples(layout, progress).await
}

/// The database alone, with what this machine needs to run anything.
///
/// # Errors
/// As for [`start_all`].
pub(crate) async fn start_postgres(session: &Session) -> Result<()> {
    let (layout, progress) = (&session.layout, &session.progress);
    // A stack that runs on its own stays up when this command is interrupted while repairing it.
    if StackState::load(layout)?.phase == Phase::Stopped {
        session.attach()?;
    }
    prerequisites::ensure(layout, progress, &Need::ALL).await?;
    postgres::start(layout, progress, Durability::Fsync).await
}
