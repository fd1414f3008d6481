//! One claimed step: the call to its target system, and what it amounts to.

use std::time::Instant;

use external_systems::settings::TargetSystemSettings;
use external_systems::{
    Exchange, ExchangeAttempt, ExchangeKind, HttpTargetSystem, SubmitRequest, TargetSystem,
};
use fault_points::{CrashPoint, SeededBug, reach};
use jiff::Timestamp;
use lambda_support::targets::{Targets, parse_settings};
use lambda_support::{Deadline, jitter, request_attempts};
use order_domain::failure::FailureClass;
use order_domain::step::StepPolicy;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{StepAttempt, StepOutcome};
use reqwest::Url;
use tokio::time::timeout_at;

/// Calls the target system and says what to record; never later than `deadline`.
pub(crate) async fn submit(
    targets: &Targets,
    callback_base_url: &Url,
    (attempt, traceparent): (&StepAttempt, Option<&str>),
    deadline: Deadline,
) -> StepOutcome {
    let settings = match parse_settings(attempt.target_settings.as_ref()) {
        Ok(settings) => settings,
        Err(answer) => return outcome(attempt, StepPolicy::WITHOUT_SETTINGS, without_call(answer)),
    };
    let request = request_of(attempt, callback_base_url);
    let most = usize::try_from(settings.concurrency_limit).unwrap_or(usize::MAX);
    let limit = targets.limits.of(&attempt.tenant, &attempt.target_system, most);
    let turn = timeout_at(deadline.as_instant(), limit.acquire()).await;
    // Who is cut off gives its turn to the next one: too late for that one to begin.
    let is_too_late = !matches!(turn, Ok(Ok(_))) || deadline.has_passed();
    if is_too_late || reach(CrashPoint::ExecutorBeforeCall).await.is_err() {
        return outcome(attempt, settings.step_policy(), without_call(no_turn()));
    }
    let (started_at, clock) = (Timestamp::now(), Instant::now());
    let called = call(targets, &settings, (&request, traceparent));
    let exchange = match timeout_at(deadline.as_instant(), called).await {
        Ok(exchange) => exchange,
        // A slow neighbour gives a recorded unknown outcome, never a function timeout.
        Err(_elapsed) => cut_off(started_at, clock),
    };
    outcome(attempt, settings.step_policy(), exchange)
}

async fn call(
    targets: &Targets,
    settings: &TargetSystemSettings,
    (request, traceparent): (&SubmitRequest, Option<&str>),
) -> Exchange {
    let system: HttpTargetSystem = match targets.open(settings).await {
        Ok(system) => system,
        Err(answer) => return without_call(answer),
    };
    let first = system.submit(request, traceparent).await;
    // Refused for its token, so provably not executed: a token rotated meanwhile may be tried.
    let is_denied = first.attempts.last().is_some_and(|x| matches!(x.http_status, Some(401 | 403)));
    match (is_denied, &first.answer) {
        (true, StepAnswer::Refused { .. }) => match targets.reopen(settings).await {
            Some(system) => {
                let second = system.submit(request, traceparent).await;
                let attempts = [first.attempts, second.attempts].concat();
                Exchange { answer: second.answer, attempts }
            }
            None => first,
        },
        _ => first,
    }
}

fn request_of(attempt: &StepAttempt, callback_base_url: &Url) -> SubmitRequest {
    let base = callback_base_url.as_str().trim_end_matches('/');
    let (tenant, system) = (&attempt.tenant, &attempt.target_system);
    SubmitRequest {
        request_id: attempt.request_id,
        operation: attempt.operation.clone(),
        tenant_id: attempt.tenant.clone(),
        order_id: attempt.order_id,
        order_line_id: attempt.order_line_id,
        step_key: attempt.step_key.clone(),
        payload: attempt.payload.clone(),
        callback_url: Some(format!("{base}/callbacks/{tenant}/{system}")),
    }
}

const fn without_call(answer: StepAnswer) -> Exchange {
    Exchange { answer, attempts: Vec::new() }
}

/// Nothing was sent, and it is not the system that kept us from it.
fn no_turn() -> StepAnswer {
    StepAnswer::NotSent { detail: "the system's other calls took all the time".to_owned() }
}

fn cut_off(started_at: Timestamp, clock: Instant) -> Exchange {
    Exchange {
        answer: StepAnswer::Unknown {
            detail: "no answer before the function had to end".to_owned(),
            is_contract_breach: false,
        },
        attempts: vec![ExchangeAttempt {
            kind: ExchangeKind::Submit,
            started_at,
            duration_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
            http_status: None,
            failure_class: Some(FailureClass::UnknownOutcome),
        }],
    }
}

fn outcome(attempt: &StepAttempt, policy: StepPolicy, exchange: Exchange) -> StepOutcome {
    let attempts = request_attempts::of_exchange(&exchange);
    let answer = match exchange.answer {
        StepAnswer::Unknown { detail, .. } if SeededBug::ResendWithoutQuery.is_present() => {
            StepAnswer::RetryLater { retry_after_ms: None, detail }
        }
        answer => answer,
    };
    StepOutcome { attempts, ..attempt.answered(answer, policy, jitter::of_step()) }
}
