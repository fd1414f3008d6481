//! One order made many: copies of everything that its commands read, for what is done to many cases.
#![expect(clippy::unwrap_used, reason = "a stage that fails fails its test")]

use jiff::SignedDuration;
use order_domain::characteristic::Characteristics;
use order_domain::ids::{FulfillmentStepId, OrderId};
use order_domain::step::Jitter;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{
    BeginAttempt, BeginOutcome, StepAttempt, StepOutcome, begin_step_attempts, record_step_outcomes,
};
use uuid::Uuid;

use crate::operations::IMPATIENT;
use crate::stage::Stage;

/// Steps that are claimed and answered together.
const BATCH: usize = 200;

/// Each id of a copy follows from the id that it copies and the copy's number.
const COPY: &str = r"
    set session_replication_role = replica;
    create or replace function pg_temp.copy_of(id uuid, n integer) returns uuid
        language sql immutable strict as $$ select md5(id::text || ':' || n)::uuid $$;
    insert into product_order select (jsonb_populate_record(t, jsonb_build_object(
        'id', pg_temp.copy_of(t.id, n), 'order_number', 'COPY-' || n, 'quote_id', 'Q-COPY-' || n,
        'correlation_id', pg_temp.copy_of(t.id, n), 'audit_sequence', 0, 'audit_head', 'genesis'))).*
    from product_order t, generate_series(1, {copies}) n where t.id = '{order}';
    insert into order_line select (jsonb_populate_record(t, jsonb_build_object(
        'id', pg_temp.copy_of(t.id, n), 'order_id', pg_temp.copy_of(t.order_id, n)))).*
    from order_line t, generate_series(1, {copies}) n where t.order_id = '{order}';
    insert into fulfillment_plan select (jsonb_populate_record(t, jsonb_build_object(
        'id', pg_temp.copy_of(t.id, n), 'order_id', pg_temp.copy_of(t.order_id, n)))).*
    from fulfillment_plan t, generate_series(1, {copies}) n where t.order_id = '{order}';
    insert into fulfillment_step select (jsonb_populate_record(t, jsonb_build_object(
        'id', pg_temp.copy_of(t.id, n), 'order_id', pg_temp.copy_of(t.order_id, n),
        'plan_id', pg_temp.copy_of(t.plan_id, n), 'order_line_id', pg_temp.copy_of(t.order_line_id, n),
        'request_id', pg_temp.copy_of(t.request_id, n)))).*
    from fulfillment_step t, generate_series(1, {copies}) n where t.order_id = '{order}';
    insert into external_request select (jsonb_populate_record(t, jsonb_build_object(
        'request_id', pg_temp.copy_of(t.request_id, n), 'order_id', pg_temp.copy_of(t.order_id, n),
        'subject_id', pg_temp.copy_of(t.subject_id, n)))).*
    from external_request t, generate_series(1, {copies}) n where t.order_id = '{order}';
    insert into order_fallout_case select (jsonb_populate_record(t, jsonb_build_object(
        'id', pg_temp.copy_of(t.id, n), 'order_id', pg_temp.copy_of(t.order_id, n),
        'order_line_id', pg_temp.copy_of(t.order_line_id, n),
        'fulfillment_step_id', pg_temp.copy_of(t.fulfillment_step_id, n),
        'cause', coalesce('step:' || pg_temp.copy_of(t.fulfillment_step_id, n), t.cause)))).*
    from order_fallout_case t, generate_series(1, {copies}) n where t.order_id = '{order}';
    set session_replication_role = origin;
    analyze product_order, order_line, fulfillment_plan, fulfillment_step, order_fallout_case";

impl Stage {
    /// Copies the order, as it is now, so many times; what it owes is not copied.
    pub async fn multiply(&self, copies: u32) {
        let sql = COPY.replace("{copies}", &copies.to_string());
        self.db.execute(&sql.replace("{order}", &self.order_id.to_string())).await;
    }

    /// Claims every READY step of whatever order and answers it, until none is left. Returns how
    /// often each answer was given: successes, others.
    pub async fn answer_every_order(
        &self,
        answer: impl Fn(&StepAttempt) -> Option<StepAnswer>,
    ) -> (usize, usize) {
        let executor = self.db.store("oms_fulfillment_step_executor").await;
        let (mut succeeded, mut failed) = (0, 0);
        loop {
            let batch = self.ready_of_every_order().await;
            if batch.is_empty() {
                return (succeeded, failed);
            }
            let ctx = self.context("executor");
            let lease = SignedDuration::from_secs(60);
            let tx = executor.system_tx().await.unwrap();
            let begun = begin_step_attempts(tx, &ctx, lease, &batch).await.unwrap();
            let outcomes = begun.into_iter().map(|x| {
                let BeginOutcome::Begun(attempt) = x else { panic!("not claimed: {x:?}") };
                let other = answer(&attempt);
                let completed = StepAnswer::Completed {
                    external_reference: Some(format!("EXT-{}", attempt.request_id)),
                    result: Characteristics::new(),
                };
                *(if other.is_none() { &mut succeeded } else { &mut failed }) += 1;
                attempt.answered(other.unwrap_or(completed), IMPATIENT, Jitter::FULL)
            });
            let outcomes: Vec<StepOutcome> = outcomes.collect();
            let tx = executor.system_tx().await.unwrap();
            record_step_outcomes(tx, &ctx, &outcomes).await.unwrap();
        }
    }

    async fn ready_of_every_order(&self) -> Vec<BeginAttempt> {
        let sql = format!(
            "select order_id, id from fulfillment_step where status = 'READY' order by id limit {BATCH}"
        );
        let rows = self.db.rows(&sql, &[]).await;
        let attempt = |row: &tokio_postgres::Row| BeginAttempt {
            tenant: self.tenant.clone(),
            order_id: OrderId::from_uuid(row.try_get::<_, Uuid>("order_id").unwrap()),
            step_id: FulfillmentStepId::from_uuid(row.try_get::<_, Uuid>("id").unwrap()),
        };
        rows.iter().map(attempt).collect()
    }
}
