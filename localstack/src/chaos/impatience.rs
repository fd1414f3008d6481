//! Time limits of a run: those of production would be waited for, one message at a time.

use anyhow::Result;

use super::evidence::WORK_QUEUES;
use crate::aws::AwsClient;
use crate::stack::{StackLayout, StackState};

/// A message whose function was killed comes again after so long, and not after six minutes. Shorter
/// than a function may run, so that some messages also come while their first reader still works.
const HIDDEN_SECONDS: u32 = 30;

/// For every new deployment: the template's limits are those of production.
pub(super) async fn of_queues(layout: &StackLayout) -> Result<()> {
    let client = AwsClient::of(&StackState::load(layout)?)?;
    for name in WORK_QUEUES {
        client.queue_named(name).await?.hide_for(HIDDEN_SECONDS).await?;
    }
    Ok(())
}
