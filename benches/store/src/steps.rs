//! Bench B7: READY steps claimed and answered, in batches of a hundred steps of as many orders.
//!
//! Ours: `begin_step_attempts`, then `record_step_outcomes`, two transactions of two round trips.
//! The first probe keeps steps and plans only; the second one writes every row that ours writes.

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use order_domain::characteristic::Characteristics;
use order_domain::ids::{FulfillmentStepId, OrderId};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{Jitter, StepPolicy, StepStatus};
use order_store::commands::{
    BeginAttempt, BeginOutcome, OutcomeVerdict, StepAttempt, StepOutcome, begin_step_attempts,
    record_step_outcomes,
};
use test_support::tenant;

use crate::ground::{Ground, Layer};
use crate::measure::{Bench, Comparison};
use crate::rows::{self, StepIds, batches};

/// Four steps of each are claimed and answered.
const ORDERS: u64 = 200;
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// Two transitions of a step against the updates alone.
#[derive(Debug)]
pub struct Steps;

impl Bench for Steps {
    type Work = Vec<Vec<StepIds>>;
    const NAME: &'static str = "steps";
    const UNIT: &'static str = "step";

    const CONTENDERS: &'static [&'static str] = &["two tables", "same rows", "ours"];
    const COMPARISONS: &'static [Comparison] = &[
        Comparison { of: 2, against: 1, goal: Some(0.8) },
        Comparison { of: 2, against: 0, goal: None },
        Comparison { of: 1, against: 0, goal: None },
    ];
    const OURS: usize = 2;

    async fn prepare(&self, ground: &Ground, _contender: usize) -> Result<Self::Work> {
        let first = ground.add_orders(ORDERS, Layer::Ready).await?;
        Ok(batches(first, ORDERS))
    }

    async fn run(&self, ground: &Ground, contender: usize, work: Self::Work) -> Result<usize> {
        for batch in &work {
            match contender {
                0 => {
                    rows::claim_step(ground, batch).await?;
                    rows::two_tables(ground, batch).await?;
                }
                2 => ours(ground, batch).await?,
                _ => {
                    rows::claim_records(ground, batch).await?;
                    rows::answer_records(ground, batch, false).await?;
                }
            }
        }
        Ok(work.iter().map(Vec::len).sum())
    }
}

async fn ours(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let wanted: Vec<BeginAttempt> = batch
        .iter()
        .map(|x| BeginAttempt {
            tenant: tenant(),
            order_id: OrderId::from_uuid(x.order),
            step_id: FulfillmentStepId::from_uuid(x.step),
        })
        .collect();
    let ctx = ground.context("fulfillment-step-executor");
    let tx = ground.executor.system_tx().await?;
    let begun = begin_step_attempts(tx, &ctx, LEASE, &wanted).await?;
    let outcomes: Vec<StepOutcome> = begun
        .into_iter()
        .filter_map(|x| match x {
            BeginOutcome::Begun(attempt) => Some(outcome_of(&attempt)),
            _ => None,
        })
        .collect();
    let tx = ground.executor.system_tx().await?;
    let verdicts = record_step_outcomes(tx, &ctx, &outcomes).await?;
    let is_done = |x: &&OutcomeVerdict| **x == OutcomeVerdict::Applied(StepStatus::Completed);
    let done = verdicts.iter().filter(is_done).count();
    ensure!(done == batch.len(), "{done} of {} steps were completed", batch.len());
    Ok(())
}

fn outcome_of(attempt: &StepAttempt) -> StepOutcome {
    attempt.answered(
        completed(attempt.request_id.to_string()),
        StepPolicy::WITHOUT_SETTINGS,
        Jitter::FULL,
    )
}

/// The work is done under this reference.
pub fn completed(reference: String) -> StepAnswer {
    StepAnswer::Completed { external_reference: Some(reference), result: Characteristics::new() }
}
