//! Bench B6: callbacks that complete SUBMITTED steps, a hundred at once and one by one.
//!
//! Ours is what `callback-processor` calls once its messages are read. The first probe keeps inbox
//! and step only; the second one writes every row that ours writes.

use anyhow::{Result, ensure};
use jiff::Timestamp;
use order_domain::ids::RequestId;
use order_domain::step::{AnswerSource, Jitter, StepPolicy, StepStatus};
use order_store::commands::{
    CallbackReceipt, OutcomeVerdict, StepOutcome, StepSubject, record_each_step_outcome,
};
use test_support::tenant;

use crate::ground::{Ground, Layer};
use crate::measure::{Bench, Comparison};
use crate::rows::{self, StepIds, batches};
use crate::steps::completed;

/// Four steps of each are called back about.
const ORDERS: u64 = 200;
/// The answer is not due while the bench runs.
const DUE_IN_S: i32 = 100_000;
/// Fewer are enough where every callback goes alone: one batch's worth.
const ORDERS_ONE_BY_ONE: u64 = 25;
const ONE_BY_ONE: usize = 3;

/// Batches of callbacks against the updates alone, and against callbacks one by one.
#[derive(Debug)]
pub struct Callbacks;

impl Bench for Callbacks {
    type Work = Vec<Vec<StepIds>>;
    const NAME: &'static str = "callbacks";
    const UNIT: &'static str = "callback";

    const CONTENDERS: &'static [&'static str] =
        &["inbox and step", "same rows", "ours", "ours, one by one"];
    const COMPARISONS: &'static [Comparison] = &[
        Comparison { of: 2, against: 1, goal: Some(0.7) },
        Comparison { of: 2, against: 3, goal: Some(10.0) },
        Comparison { of: 2, against: 0, goal: None },
        Comparison { of: 1, against: 0, goal: None },
    ];
    const OURS: usize = 2;

    async fn prepare(&self, ground: &Ground, contender: usize) -> Result<Self::Work> {
        let orders = if contender == ONE_BY_ONE { ORDERS_ONE_BY_ONE } else { ORDERS };
        let first = ground.add_orders(orders, Layer::Submitted { due_in_s: DUE_IN_S }).await?;
        Ok(batches(first, orders))
    }

    async fn run(&self, ground: &Ground, contender: usize, work: Self::Work) -> Result<usize> {
        for batch in &work {
            match contender {
                0 => rows::inbox_and_step(ground, batch).await?,
                1 => rows::answer_records(ground, batch, true).await?,
                ONE_BY_ONE => {
                    for one in batch.chunks(1) {
                        ours(ground, one).await?;
                    }
                }
                _ => ours(ground, batch).await?,
            }
        }
        Ok(work.iter().map(Vec::len).sum())
    }
}

async fn ours(ground: &Ground, batch: &[StepIds]) -> Result<()> {
    let outcomes: Vec<StepOutcome> = batch.iter().map(outcome_of).collect();
    let ctx = ground.context("callback-processor");
    let recorded = record_each_step_outcome(&ground.callbacks, &ctx, &outcomes).await?;
    let completed = OutcomeVerdict::Applied(StepStatus::Completed);
    let done = recorded.iter().filter(|x| matches!(x, Ok(verdict) if *verdict == completed));
    let done = done.count();
    ensure!(done == batch.len(), "{done} of {} callbacks were applied", batch.len());
    Ok(())
}

fn outcome_of(step: &StepIds) -> StepOutcome {
    let reference = format!("EXT-{}", step.number);
    let receipt = CallbackReceipt {
        system: "LOGISTICS".to_owned(),
        message_id: format!("msg_{}", step.number),
        digest: "c".repeat(64),
        external_reference: Some(reference.clone()),
        received_at: Timestamp::now(),
    };
    StepOutcome {
        tenant: tenant(),
        request_id: RequestId::from_uuid(step.request),
        subject: StepSubject::Callback(Box::new(receipt)),
        source: AnswerSource::Callback,
        answer: completed(reference),
        attempts: Vec::new(),
        policy: StepPolicy::WITHOUT_SETTINGS,
        jitter: Jitter::FULL,
    }
}
