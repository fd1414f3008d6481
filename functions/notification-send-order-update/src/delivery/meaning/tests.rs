use order_domain::characteristic::Characteristics;
use order_domain::ids::{NotificationId, RequestId};
use serde_json::json;
use uuid::Uuid;

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

const AT: (Timestamp, Jitter) = (Timestamp::UNIX_EPOCH, Jitter::FULL);

fn after(millis: i64, check_count: u32) -> NotificationResult {
    let check_at = Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis);
    NotificationResult::Unknown { check_at, check_count, first_absent_at: None }
}

fn attempt(must_query: bool, check_count: u32) -> NotificationAttempt {
    NotificationAttempt {
        id: NotificationId::from_uuid(Uuid::nil()),
        kind: "ORDER_COMPLETED".to_owned(),
        request_id: RequestId::from_uuid(Uuid::nil()),
        lease_epoch: 1,
        must_query,
        check_count,
        first_absent_at: None,
        order_number: String::new(),
        customer_id: String::new(),
        target_settings: None,
    }
}

fn of(answer: StepAnswer, was_asked_before: bool) -> Delivered {
    meaning(answer, &attempt(was_asked_before, 0), &settings(), AT)
}

fn without_ids() -> TargetSystemSettings {
    let mut settings = settings();
    settings.capabilities.honours_request_id = false;
    settings
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
        assert_eq!(of(answer, false), Delivered::of(sent, Next::Done));
    }
}

#[test]
fn a_definitive_no_is_recorded_and_holds_up_nothing() {
    let rejected = StepAnswer::Rejected { code: "NO_CONSENT".to_owned(), external_reference: None };

    let result = NotificationResult::Refused { code: "NO_CONSENT".to_owned() };
    let expected = Delivered::of(result, Next::Done);
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
}

#[test]
fn a_wrong_request_or_login_is_for_engineering() {
    let delivered = of(StepAnswer::Refused { detail: "status 401".to_owned() }, false);

    assert_eq!(delivered.result, NotificationResult::NotSent);
    assert!(matches!(delivered.next, Next::Mend { .. }));
}

#[test]
fn an_unknown_outcome_is_asked_about_soon_and_then_less_and_less_often() {
    assert_eq!(of(unknown(), false), Delivered::of(after(200, 0), Next::Check));
    assert_eq!(of(cannot_tell(), true), Delivered::of(after(400, 1), Next::Check));
    let late = meaning(cannot_tell(), &attempt(true, 9), &settings(), AT);
    assert_eq!(late.result, after(30_000, 10));
}

#[test]
fn what_stays_unknown_is_given_up_and_the_process_goes_on() {
    let last = meaning(cannot_tell(), &attempt(true, 11), &settings(), AT);

    let reason = "unknown after 12 checks, the last one: status 500".to_owned();
    let result = NotificationResult::GivenUp { reason };
    assert_eq!(last, Delivered::of(result, Next::Done));
}

#[test]
fn without_request_ids_a_communication_is_sent_again_after_two_absences_only() {
    let settings = without_ids();
    let apart = settings.step_policy().absence_apart;
    let once = meaning(StepAnswer::Absent, &attempt(true, 0), &settings, AT);
    let NotificationResult::Unknown { check_at, first_absent_at, .. } = once.result else {
        panic!("{once:?}")
    };
    let again = NotificationAttempt { first_absent_at, ..attempt(true, 0) };

    assert_eq!((first_absent_at, check_at), (Some(AT.0), AT.0 + apart));
    assert!(!may_be_sent_again(&attempt(true, 0), &settings, check_at));
    assert!(!may_be_sent_again(&again, &settings, check_at - SignedDuration::from_millis(1)));
    assert!(may_be_sent_again(&again, &settings, check_at));
    let sent = meaning(unknown(), &again, &settings, AT);
    assert!(matches!(sent.result, NotificationResult::Unknown { first_absent_at: None, .. }));
}

#[test]
fn a_system_that_can_neither_be_asked_nor_dedupes_is_for_a_person() {
    let mut settings = without_ids();
    settings.capabilities.can_be_queried = false;

    let delivered = meaning(cannot_tell(), &attempt(true, 0), &settings, AT);

    assert!(matches!(delivered.result, NotificationResult::GivenUp { .. }));
    assert_eq!(delivered.next, Next::Done);
}

#[test]
fn what_was_not_called_stays_unknown_only_if_it_may_have_been_sent() {
    let next = || Next::Mend { reason: "no settings".to_owned() };
    let of = |must_query| not_called(&attempt(must_query, 0), next(), Timestamp::UNIX_EPOCH);

    assert_eq!(of(false).result, NotificationResult::NotSent);
    assert_eq!(of(true).result, after(1000, 0));
}

#[test]
fn the_more_pressing_of_two_ends_wins() {
    let mend = Next::Mend { reason: String::new() };
    let retry = Next::Retry { reason: "z".to_owned(), not_before: None };

    assert!(Next::Done < Next::Check && Next::Check < retry && retry < mend);
}
