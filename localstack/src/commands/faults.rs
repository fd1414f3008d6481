//! Killing one component and starting it again, while everything else goes on.
//!
//! These commands take no lock on the stack: they are made for the middle of a demo or a test,
//! which hold it.

use anyhow::Result;

use crate::cli::Fault;
use crate::postgres::Durability;
use crate::progress::Progress;
use crate::stack::StackLayout;
use crate::{aws, engine, postgres, simulator};

pub(super) async fn postgres(stack: &str, action: Fault) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    match action {
        Fault::Kill => postgres::kill(&layout).await,
        Fault::Start => postgres::start(&layout, &Progress::new(), Durability::Fsync).await,
    }
}

pub(super) async fn engine(stack: &str, action: Fault) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    match action {
        Fault::Kill => engine::kill(&layout).await,
        Fault::Start => engine::start(&layout, &Progress::new()).await,
    }
}

pub(super) async fn simulator(stack: &str, action: Fault) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    match action {
        Fault::Kill => simulator::kill(&layout).await,
        Fault::Start => simulator::start(&layout, &Progress::new()).await,
    }
}

/// The emulator keeps everything in memory, so that starting it means deploying again.
pub(super) async fn aws(stack: &str, action: Fault) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    let progress = Progress::new();
    match action {
        Fault::Kill => aws::kill(&layout).await,
        Fault::Start => {
            aws::start(&layout, &progress).await?;
            aws::deploy(&layout, &progress, &aws::Target::of(&layout)?).await
        }
    }
}
