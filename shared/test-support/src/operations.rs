//! What operators meet and do: steps that fall out, and people who act on cases.
#![expect(clippy::unwrap_used, reason = "a stage that fails fails its test")]

use jiff::SignedDuration;
use order_domain::actor::{Actor, Role};
use order_domain::fallout::{CaseKind, CaseStatus, FalloutAction, FalloutResolution};
use order_domain::ids::FalloutCaseId;
use order_domain::readiness::ReadinessFindings;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_store::CommandContext;
use order_store::commands::{
    self, ActOnCase, ActOutcome, ActionInput, CallbackReceipt, CommandOutcome, OutcomeVerdict,
    RequestAttempt, StepAttempt, StepOutcome, StepSubject, SystemOutcome, SystemRequest,
    act_on_case,
};
use uuid::Uuid;

use crate::READY;
use crate::stage::Stage;

/// A policy under which the second answer without an outcome asks a person.
pub const IMPATIENT: StepPolicy = StepPolicy {
    max_attempts: 1,
    base_delay: SignedDuration::from_millis(1),
    delay_cap: SignedDuration::from_secs(1),
    response_due: SignedDuration::from_secs(60),
    check_delay: SignedDuration::from_millis(1),
    max_checks: 0,
    honours_request_id: true,
    ..StepPolicy::WITHOUT_SETTINGS
};

/// Somebody with a token.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// The token's subject.
    pub name: &'static str,
    /// The token's role.
    pub role: Role,
}

/// Works on cases.
pub const OPERATOR: Person = Person { name: "olga", role: Role::OrderOperator };
/// Approves what others ask for.
pub const SUPERVISOR: Person = Person { name: "sven", role: Role::OrderSupervisor };
/// A second one, for four eyes.
pub const OTHER_SUPERVISOR: Person = Person { name: "sara", role: Role::OrderSupervisor };

/// A "no" of a target system.
pub fn rejected(code: &str) -> StepAnswer {
    StepAnswer::Rejected { code: code.to_owned(), external_reference: None }
}

/// An answer after which nobody knows.
pub fn unknown() -> StepAnswer {
    StepAnswer::Unknown { detail: "status 502".to_owned(), is_contract_breach: false }
}

impl Stage {
    /// The milestone refused: the engine waits at the user task of its BPMN error.
    pub async fn unready() -> Self {
        let stage = Self::placed(1).await;
        let tx = stage.db.store("oms_order_validate_readiness").await;
        let tx = tx.tenant_tx(&stage.tenant).await.unwrap();
        let findings = ReadinessFindings { is_approved: false, ..READY };
        let ctx = stage.context("validate");
        let refused = commands::validate_readiness(tx, stage.order_id, &ctx, findings).await;
        assert!(matches!(refused, Ok(CommandOutcome::Refused { .. })), "{refused:?}");
        stage
    }

    /// The first step of each line is answered like this by its system, at once.
    pub async fn fallen_out(lines: usize, answer: &StepAnswer) -> Self {
        let stage = Self::released(lines).await;
        stage.answer(&stage.claim().await, answer).await;
        stage
    }

    /// These calls came to this, by the impatient policy.
    pub async fn answer(&self, attempts: &[StepAttempt], answer: &StepAnswer) {
        let outcome = |x: &StepAttempt| x.answered(answer.clone(), IMPATIENT, Jitter::FULL);
        let batch: Vec<StepOutcome> = attempts.iter().map(outcome).collect();
        let executor = self.db.store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let ctx = self.context("executor");
        let recorded = commands::record_step_outcomes(tx, &ctx, &batch).await.unwrap();
        assert_eq!(recorded.len(), attempts.len());
    }

    /// Answers READY steps with success until none is left. Returns how many were done.
    pub async fn fulfil(&self) -> usize {
        let mut done = 0;
        loop {
            let attempts = self.claim().await;
            if attempts.is_empty() {
                return done;
            }
            done += attempts.len();
            let completed = StepAnswer::Completed {
                external_reference: Some("EXT-1".to_owned()),
                result: order_domain::characteristic::Characteristics::new(),
            };
            self.answer(&attempts, &completed).await;
        }
    }

    /// The system says by callback that it did what this call was for.
    pub async fn contradict(&self, attempt: &StepAttempt, message_id: &str) {
        let receipt = CallbackReceipt {
            system: attempt.target_system.clone(),
            message_id: message_id.to_owned(),
            digest: message_id.to_owned(),
            external_reference: None,
            received_at: self.now(),
        };
        let completed = StepAnswer::Completed {
            external_reference: Some("EXT-1".to_owned()),
            result: order_domain::characteristic::Characteristics::new(),
        };
        let outcome = StepOutcome {
            subject: StepSubject::Callback(Box::new(receipt)),
            source: AnswerSource::Callback,
            ..attempt.answered(completed, IMPATIENT, Jitter::FULL)
        };
        let tx = self.db.store("oms_callback_processor").await.system_tx().await.unwrap();
        let ctx = self.context("callback-processor");
        let recorded = commands::record_step_outcomes(tx, &ctx, &[outcome]).await.unwrap();
        assert_eq!(recorded, [OutcomeVerdict::Contradictory]);
    }

    /// None of these calls reached a system that is there.
    pub async fn unavailable(&self, attempts: &[StepAttempt]) {
        let outcome = |x: &StepAttempt| {
            let answer =
                StepAnswer::RetryLater { retry_after_ms: None, detail: "status 503".to_owned() };
            let call = RequestAttempt {
                kind: "SUBMIT",
                started_at: self.now(),
                duration_ms: 1,
                http_status: Some(503),
                failure_class: answer.failure_class(),
            };
            StepOutcome { attempts: vec![call], ..x.answered(answer, IMPATIENT, Jitter::FULL) }
        };
        let batch: Vec<StepOutcome> = attempts.iter().map(outcome).collect();
        let executor = self.db.store("oms_fulfillment_step_executor").await;
        let tx = executor.system_tx().await.unwrap();
        let ctx = self.context("executor");
        let recorded = commands::record_step_outcomes(tx, &ctx, &batch).await.unwrap();
        assert_eq!(recorded.len(), attempts.len());
    }

    /// A supervisor holds a system for an hour.
    pub async fn hold(&self, system: &str) {
        self.configure(system, "http://held", serde_json::json!({})).await;
        let store = self.db.store("oms_operator_api").await;
        let tx = store.tenant_tx(&self.tenant).await.unwrap();
        let actor = Actor::caller(SUPERVISOR.name, vec![SUPERVISOR.role.to_string()]);
        let ctx =
            CommandContext::new(actor, self.now()).with_idempotency_key(Uuid::now_v7().to_string());
        let request = SystemRequest {
            system: system.to_owned(),
            reason_code: "MAINTENANCE".to_owned(),
            note: None,
            fingerprint: String::new(),
        };
        let ends_at = self.now() + SignedDuration::from_hours(1);
        let held = commands::hold_system(tx, &ctx, (&request, ends_at)).await;
        assert!(matches!(held, Ok(SystemOutcome::Done(_))), "{held:?}");
    }

    /// The oldest open case.
    pub async fn case(&self) -> FalloutCaseId {
        let sql = "select id::text from order_fallout_case
            where status not in ('RESOLVED', 'CANCELLED') order by opened_at, id limit 1";
        FalloutCaseId::from_uuid(self.db.text(sql).await.expect("an open case").parse().unwrap())
    }

    /// Somebody asks for an action on a case, with a key of its own.
    pub async fn act(
        &self,
        person: Person,
        (action, case_id): (FalloutAction, FalloutCaseId),
        input: ActionInput,
    ) -> ActOutcome {
        let request = self.request(action, case_id, input);
        self.ask(person, &Uuid::now_v7().to_string(), &request).await
    }

    /// Closes a case by the action that gives its process this resolution; a step is left out.
    pub async fn resolve(&self, case_id: FalloutCaseId, resolution: FalloutResolution) {
        use FalloutAction as A;
        use FalloutResolution::{Continue, Retry};
        let sql = format!("select cause from order_fallout_case where id = '{case_id}'");
        let kind = CaseKind::of_cause(&self.db.text(&sql).await.expect("a case"));
        let action = match (kind, resolution) {
            (CaseKind::Readiness, Retry) => A::Revalidate,
            (CaseKind::Readiness, Continue) => A::OverrideReadiness,
            (CaseKind::Decomposition | CaseKind::Planning, _) => A::RetryDecomposition,
            (CaseKind::Billing, Retry) => A::RetryBilling,
            (CaseKind::Billing, Continue) => A::DeferBilling,
            (CaseKind::Completion | CaseKind::Order, _) => A::RetryCompletion,
            (CaseKind::Step | CaseKind::Contradiction, _) => A::SkipStep,
        };
        let mut outcome = self.act(SUPERVISOR, (action, case_id), ActionInput::default()).await;
        if matches!(&outcome, ActOutcome::Done(x) if x.needs_approval) {
            let approve = (A::Approve, case_id);
            outcome = self.act(OTHER_SUPERVISOR, approve, ActionInput::default()).await;
        }
        let is_closed = matches!(&outcome, ActOutcome::Done(x) if x.case.map(|x| x.case_status) == Some(CaseStatus::Resolved));
        assert!(is_closed, "{outcome:?}");
    }

    /// An action with a reason, on whatever version the case has.
    #[must_use]
    pub fn request(
        &self,
        action: FalloutAction,
        case_id: FalloutCaseId,
        input: ActionInput,
    ) -> ActOnCase {
        ActOnCase {
            order_id: self.order_id,
            case_id: Some(case_id),
            action,
            expected_version: None,
            reason_code: "DATA_CORRECTED".to_owned(),
            note: Some("the account was opened".to_owned()),
            input,
            fingerprint: format!("{action}:{case_id}"),
            is_preview: false,
            bulk_action_id: None,
        }
    }

    /// What a command is told that somebody asks for under this key.
    #[must_use]
    pub fn context_of(&self, person: Person, key: &str) -> CommandContext {
        let actor = Actor::caller(person.name, vec![person.role.to_string()]);
        CommandContext::new(actor, self.now()).with_idempotency_key(key)
    }

    /// Somebody asks under this key.
    pub async fn ask(&self, person: Person, key: &str, request: &ActOnCase) -> ActOutcome {
        let store = self.db.store("oms_operator_api").await;
        let tx = store.tenant_tx(&self.tenant).await.unwrap();
        let ctx = self.context_of(person, key);
        act_on_case(tx, &ctx, request).await.expect("the store answers")
    }
}
