//! Situations that an order can be in, each made by the commands that lead there.

use jiff::Timestamp;
use order_domain::characteristic::Characteristics;
use order_domain::fallout::FalloutAction as A;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::commands::{
    ActOutcome, ActionInput, CallbackReceipt, CommandOutcome, StepAttempt, StepOutcome,
    StepSubject, complete_order, decompose, record_step_outcomes, settle_billing,
    validate_readiness,
};
use serde_json::json;
use test_support::READY;
use test_support::operations::{IMPATIENT, OPERATOR, SUPERVISOR, rejected, unknown};
use test_support::stage::Stage;

/// What is to be explained, and the cause that must be named.
pub(in crate::handler::tests) struct Situation {
    pub(in crate::handler::tests) name: &'static str,
    pub(in crate::handler::tests) cause: &'static str,
    pub(in crate::handler::tests) reason: Option<&'static str>,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    Placed,
    ProcessRuns,
    ProcessLost,
    StartIsDead,
    EngineIncident,
    Unready,
    InformationAsked,
    NotDecomposable,
    Released,
    Retried,
    Held,
    SystemHeld,
    SystemOut,
    BeingSent,
    Submitted,
    Overdue,
    Unknown,
    UnknownForGood,
    Rejected,
    Exhausted,
    ApprovalAsked,
    SentAnew,
    OptionalRejected,
    Contradicted,
    PlanDone,
    BillingRefused,
    CompletionRefused,
    Completed,
    GivenUp,
}

const fn at(
    name: &'static str,
    how: How,
    (cause, reason): (&'static str, Option<&'static str>),
) -> Situation {
    Situation { name, cause, reason, how }
}

pub(in crate::handler::tests) const SITUATIONS: &[Situation] = &[
    at("placed", How::Placed, ("PROCESS_NOT_STARTED", None)),
    at("at its first milestone", How::ProcessRuns, ("PROCESS_AT_MILESTONE", None)),
    at("its process is lost", How::ProcessLost, ("PROCESS_LOST", None)),
    at("its start was given up", How::StartIsDead, ("DELIVERY_DEAD", None)),
    at("its engine stopped", How::EngineIncident, ("INCIDENT_OPEN", None)),
    at("not ready", How::Unready, ("CASE_OPEN", Some("ORDER_REQUIRES_MANUAL_REVIEW"))),
    at(
        "sales was asked",
        How::InformationAsked,
        ("CASE_WAITS_FOR_INFORMATION", Some("ORDER_REQUIRES_MANUAL_REVIEW")),
    ),
    at("not decomposable", How::NotDecomposable, ("CASE_OPEN", Some("PRODUCT_NOT_IN_CATALOGUE"))),
    at("released", How::Released, ("STEP_WAITS_TO_BE_SENT", None)),
    at("turned away for now", How::Retried, ("STEP_WAITS_FOR_RETRY", None)),
    at("refused as such", How::Held, ("STEP_HELD", None)),
    at("its system is held", How::SystemHeld, ("STEP_WAITS_FOR_SYSTEM", None)),
    at("its system is out of service", How::SystemOut, ("STEP_WAITS_FOR_SYSTEM", None)),
    at("being sent", How::BeingSent, ("STEP_BEING_SENT", None)),
    at("accepted", How::Submitted, ("STEP_WAITS_FOR_ANSWER", None)),
    at("late", How::Overdue, ("STEP_OVERDUE", None)),
    at("unknown", How::Unknown, ("STEP_OUTCOME_UNKNOWN", None)),
    at("unknown for good", How::UnknownForGood, ("CASE_OPEN", Some("UNKNOWN_OUTCOME"))),
    at("rejected", How::Rejected, ("CASE_OPEN", Some("NO_STOCK"))),
    at("tried in vain", How::Exhausted, ("CASE_OPEN", Some("RETRIES_EXHAUSTED"))),
    at("to be skipped", How::ApprovalAsked, ("CASE_AWAITS_APPROVAL", Some("NO_STOCK"))),
    at("sent anew", How::SentAnew, ("CASE_IN_PROGRESS", Some("NO_STOCK"))),
    at("an optional step failed", How::OptionalRejected, ("STEP_WAITS_TO_BE_SENT", None)),
    at("contradicted", How::Contradicted, ("CASE_OPEN", Some("CONTRADICTORY_ANSWER"))),
    at("its plan is done", How::PlanDone, ("PROCESS_AT_MILESTONE", None)),
    at("not billed", How::BillingRefused, ("CASE_OPEN", Some("BILLING_REJECTED"))),
    at("not complete", How::CompletionRefused, ("CASE_OPEN", Some("MANDATORY_LINE_NOT_FULFILLED"))),
    at("completed", How::Completed, ("COMMUNICATION_OWED", None)),
    at("given up", How::GivenUp, ("COMMUNICATION_OWED", None)),
];

const PATIENT: StepPolicy = StepPolicy { max_attempts: 5, max_checks: 9, ..IMPATIENT };

impl Situation {
    /// An order in this situation. A system that can take over is configured everywhere.
    pub(in crate::handler::tests) async fn stage(&self) -> Stage {
        let stage = Box::pin(self.made()).await;
        stage.configure("COURIER", "http://courier", json!({})).await;
        stage
    }

    async fn made(&self) -> Stage {
        match self.how {
            How::Placed => Stage::placed(1).await,
            How::ProcessRuns => with_process("RUNNING").await,
            How::ProcessLost => with_process("LOST").await,
            How::StartIsDead => {
                let stage = Stage::placed(1).await;
                let dead = "update outbox_message set dead_at = now(), attempt_count = 12
                    where kind = 'WORKFLOW_START'";
                stage.db.execute(dead).await;
                stage
            }
            How::EngineIncident => {
                let stage = with_process("RUNNING").await;
                let incident = format!(
                    "insert into platform_incident (tenant_id, id, kind, cause, order_id, severity,
                         detail, occurrence_count, first_seen_at, last_seen_at)
                     values ('acme', gen_random_uuid(), 'ENGINE_INCIDENT', 'e', '{}', 'MAJOR', '-', 1,
                         now(), now())",
                    stage.order_id
                );
                stage.db.execute(&incident).await;
                stage
            }
            How::Unready => Stage::unready().await,
            How::InformationAsked => {
                let stage = Stage::unready().await;
                let wanted =
                    ActionInput { requested_information: vec!["model".to_owned()], ..plain() };
                done(&stage, A::RequestMoreInfo, wanted).await;
                stage
            }
            How::NotDecomposable => not_decomposable().await,
            How::Rejected => Stage::fallen_out(1, &rejected("NO_STOCK")).await,
            How::ApprovalAsked => {
                let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
                done(&stage, A::SkipStep, plain()).await;
                stage
            }
            How::SentAnew => {
                let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
                done(&stage, A::RetryStep, plain()).await;
                stage
            }
            How::GivenUp => {
                let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
                done(&stage, A::FailOrder, plain()).await;
                stage
            }
            How::SystemHeld => held_system().await,
            How::SystemOut => unavailable_system().await,
            How::OptionalRejected => optional_rejected().await,
            _ => self.made_of_released().await,
        }
    }

    async fn made_of_released(&self) -> Stage {
        let stage = Stage::released(1).await;
        let answer = match self.how {
            How::BeingSent => {
                stage.claim().await;
                return stage;
            }
            How::Retried | How::Exhausted => {
                StepAnswer::RetryLater { detail: "status 503".to_owned(), retry_after_ms: None }
            }
            How::Held => StepAnswer::Refused { detail: "status 401".to_owned() },
            How::Submitted | How::Overdue => StepAnswer::Accepted { external_reference: None },
            How::Unknown | How::UnknownForGood => unknown(),
            How::Contradicted => completed(),
            How::PlanDone | How::BillingRefused | How::CompletionRefused | How::Completed => {
                stage.fulfil().await;
                self.finish(&stage).await;
                return stage;
            }
            _ => return stage,
        };
        let is_impatient = matches!(self.how, How::Exhausted | How::UnknownForGood);
        let policy = if is_impatient { IMPATIENT } else { PATIENT };
        let attempts = stage.claim().await;
        record(&stage, attempts[0].answered(answer, policy, Jitter::FULL)).await;
        match self.how {
            How::Overdue => {
                let late = "update fulfillment_step set deadline_at = now() - interval '1 hour'
                    where status = 'SUBMITTED'";
                stage.db.execute(late).await;
            }
            How::Contradicted => contradict(&stage, &attempts[0]).await,
            _ => {}
        }
        stage
    }

    /// From a completed plan on.
    async fn finish(&self, stage: &Stage) {
        let role = |name: &'static str| async move {
            stage.db.store(name).await.tenant_tx(&stage.tenant).await.unwrap()
        };
        // The process was told: nothing else is in the order's way.
        let told = "delete from outbox_message; insert into workflow_correlation (tenant_id, id,
                subject_type, subject_id, process_key, process_instance_id, business_key, workflow_run_id,
                status, started_at)
            select tenant_id, gen_random_uuid(), 'ORDER', id, 'order-fulfillment', 'p-1', 'k',
                gen_random_uuid(), 'RUNNING', now() from product_order";
        stage.db.execute(told).await;
        let ctx = stage.context("milestone");
        if matches!(self.how, How::BillingRefused) {
            let failed = "update fulfillment_step set status = 'FAILED', failure_code = 'NO',
                is_mandatory = false where step_type = 'BILLING'";
            stage.db.execute(failed).await;
        }
        if matches!(self.how, How::PlanDone) {
            return;
        }
        let billing = role("oms_billing_activate").await;
        let _ = settle_billing(billing, stage.order_id, &ctx).await.unwrap();
        if matches!(self.how, How::CompletionRefused) {
            stage.db.execute("update order_line set status = 'IN_PROGRESS'").await;
        }
        if !matches!(self.how, How::BillingRefused) {
            let complete = role("oms_order_complete").await;
            let _ = complete_order(complete, stage.order_id, &ctx).await.unwrap();
        }
    }
}

fn plain() -> ActionInput {
    ActionInput::default()
}

fn completed() -> StepAnswer {
    StepAnswer::Completed { external_reference: None, result: Characteristics::new() }
}

/// Somebody who may does it.
async fn done(stage: &Stage, action: A, input: ActionInput) {
    let person = if action == A::FailOrder { SUPERVISOR } else { OPERATOR };
    let outcome = stage.act(person, (action, stage.case().await), input).await;
    assert!(matches!(outcome, ActOutcome::Done(_)), "{outcome:?}");
}

async fn with_process(status: &str) -> Stage {
    let stage = Stage::placed(1).await;
    let sql = format!(
        "delete from outbox_message;
         insert into workflow_correlation (tenant_id, id, subject_type, subject_id, process_key,
             process_instance_id, business_key, workflow_run_id, status, started_at, next_check_at)
         values ('acme', gen_random_uuid(), 'ORDER', '{}', 'order-fulfillment', 'p-1', 'k',
             gen_random_uuid(), '{status}', now(), now() + interval '1 hour')",
        stage.order_id
    );
    stage.db.execute(&sql).await;
    stage
}

async fn not_decomposable() -> Stage {
    let stage = Stage::placed(1).await;
    stage.db.execute("update order_line set product_code = 'UNHEARD_OF'").await;
    let ctx = stage.context("milestone");
    let tx = stage.db.store("oms_order_validate_readiness").await;
    let tx = tx.tenant_tx(&stage.tenant).await.unwrap();
    let _ = validate_readiness(tx, stage.order_id, &ctx, READY).await.unwrap();
    let tx = stage.db.store("oms_order_decompose").await;
    let tx = tx.tenant_tx(&stage.tenant).await.unwrap();
    let refused = decompose(tx, stage.order_id, &ctx).await;
    assert!(matches!(refused, Ok(CommandOutcome::Refused { .. })), "{refused:?}");
    // Engineering has mended the catalogue; the case is what is left.
    stage.db.execute("update platform_incident set resolved_at = now()").await;
    stage
}

async fn held_system() -> Stage {
    let stage = Stage::released(1).await;
    stage.hold("LOGISTICS").await;
    stage
}

async fn unavailable_system() -> Stage {
    let stage = Stage::released(10).await;
    stage.unavailable(&stage.claim().await).await;
    stage
}

/// An optional step failed for good, and a mandatory one is about to be sent.
async fn optional_rejected() -> Stage {
    let stage = Stage::released(2).await;
    let attempts = stage.claim().await;
    let optional = format!(
        "update fulfillment_step set is_mandatory = false where order_line_id = '{}'",
        attempts[0].order_line_id.unwrap()
    );
    stage.db.execute(&optional).await;
    record(&stage, attempts[0].answered(rejected("NO_STOCK"), IMPATIENT, Jitter::FULL)).await;
    record(&stage, attempts[1].answered(completed(), IMPATIENT, Jitter::FULL)).await;
    stage
}

async fn record(stage: &Stage, outcome: StepOutcome) {
    let tx = stage.db.store("oms_callback_processor").await.system_tx().await.unwrap();
    let ctx = stage.context("callback-processor");
    let recorded = record_step_outcomes(tx, &ctx, &[outcome]).await.unwrap();
    assert_eq!(recorded.len(), 1);
}

/// The system says no to what it said yes to.
async fn contradict(stage: &Stage, attempt: &StepAttempt) {
    let receipt = CallbackReceipt {
        system: attempt.target_system.clone(),
        message_id: "m-1".to_owned(),
        digest: "m-1".to_owned(),
        external_reference: None,
        received_at: Timestamp::now(),
    };
    let outcome = StepOutcome {
        subject: StepSubject::Callback(Box::new(receipt)),
        source: AnswerSource::Callback,
        ..attempt.answered(rejected("NO_STOCK"), IMPATIENT, Jitter::FULL)
    };
    record(stage, outcome).await;
}
