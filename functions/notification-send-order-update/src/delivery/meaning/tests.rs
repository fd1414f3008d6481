use order_domain::characteristic::Characteristics;
use serde_json::json;

use super::*;

fn settings() -> TargetSystemSettings {
    TargetSystemSettings::parse(&json!({
        "baseUrl": "http://127.0.0.1:1/NOTIFICATION", "auth": {"kind": "NONE"},
        "connectTimeoutMs": 500, "requestTimeoutMs": 5000, "mode": "SYNC",
        "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": false},
        "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 200, "capMs": 30_000, "totalBudgetMs": 60_000},
        "concurrencyLimit": 4, "responseDueMs": 5000, "pollIntervalMs": 200
    }))
    .expect("valid settings")
}

fn after(millis: i64) -> NotificationResult {
    let check_at = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
    NotificationResult::Unknown { check_at }
}

fn of(answer: StepAnswer, was_asked_before: bool) -> Delivered {
    meaning(answer, was_asked_before, &settings(), Timestamp::UNIX_EPOCH)
}

fn unknown() -> StepAnswer {
    StepAnswer::Unknown { detail: "timeout".to_owned(), is_contract_breach: false }
}

fn cannot_tell() -> StepAnswer {
    StepAnswer::CannotTell { detail: "status 500".to_owned() }
}

#[test]
fn done_and_accepted_both_mean_that_the_system_took_it() {
    let reference = || Some("N-1".to_owned());
    for answer in [
        StepAnswer::Completed { external_reference: reference(), result: Characteristics::new() },
        StepAnswer::Accepted { external_reference: reference() },
    ] {
        let sent = NotificationResult::Sent { external_reference: reference() };
        assert_eq!(of(answer, false), Delivered { result: sent, next: Next::Done });
    }
}

#[test]
fn a_definitive_no_is_recorded_and_holds_up_nothing() {
    let rejected = StepAnswer::Rejected { code: "NO_CONSENT".to_owned(), external_reference: None };

    let expected = Delivered { result: NotificationResult::Refused, next: Next::Done };
    assert_eq!(of(rejected, false), expected);
}

#[test]
fn provably_not_sent_is_sent_again_and_not_before_the_system_wants() {
    let later = StepAnswer::RetryLater { retry_after_ms: Some(7000), detail: "503".to_owned() };

    let delivered = of(later, false);

    assert_eq!(delivered.result, NotificationResult::NotSent);
    let not_before = Some(Duration::from_secs(7));
    let reason = "not sent: 503".to_owned();
    assert_eq!(delivered.next, Next::Retry { reason, not_before });
    assert_eq!(of(StepAnswer::Absent, true).result, NotificationResult::NotSent);
}

#[test]
fn a_wrong_request_or_login_is_for_engineering() {
    let delivered = of(StepAnswer::Refused { detail: "status 401".to_owned() }, false);

    assert_eq!(delivered.result, NotificationResult::NotSent);
    assert!(matches!(delivered.next, Next::Mend { .. }));
}

#[test]
fn an_unknown_outcome_is_asked_about_soon_and_then_at_the_longest_delay() {
    assert_eq!(of(unknown(), false), Delivered { result: after(200), next: Next::Check });
    assert_eq!(of(cannot_tell(), true), Delivered { result: after(30_000), next: Next::Check });
}

#[test]
fn a_system_that_can_neither_be_asked_nor_dedupes_is_for_a_person() {
    let mut settings = settings();
    settings.capabilities.can_be_queried = false;
    settings.capabilities.honours_request_id = false;

    let delivered = meaning(cannot_tell(), true, &settings, Timestamp::UNIX_EPOCH);

    assert_eq!(delivered.result, after(0));
    assert!(matches!(delivered.next, Next::Mend { .. }));
}

#[test]
fn what_was_not_called_stays_unknown_only_if_it_may_have_been_sent() {
    let next = || Next::Mend { reason: "no settings".to_owned() };
    let of = |was_asked_before| not_called(was_asked_before, next(), Timestamp::UNIX_EPOCH);

    assert_eq!(of(false).result, NotificationResult::NotSent);
    assert_eq!(of(true).result, after(1000));
}

#[test]
fn the_more_pressing_of_two_ends_wins() {
    let mend = Next::Mend { reason: String::new() };
    let retry = Next::Retry { reason: "z".to_owned(), not_before: None };

    assert!(Next::Done < Next::Check && Next::Check < retry && retry < mend);
}
