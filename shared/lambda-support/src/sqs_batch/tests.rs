use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use super::*;

fn event(bodies: &[&str]) -> SqsEvent {
    let record = |(index, body): (usize, &&str)| {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        json!({
            "messageId": format!("m-{index}"),
            "body": body,
            "attributes": {"ApproximateReceiveCount": "3"},
            "messageAttributes": {
                "traceparent": {"stringValue": trace, "dataType": "String"},
            },
        })
    };
    let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
}

async fn by_body(message: QueueMessage) -> MessageVerdict {
    match message.body.as_str() {
        "retry" => MessageVerdict::retry_later("busy"),
        "panic" => panic!("a bug"),
        "hang" => std::future::pending().await,
        _ => MessageVerdict::Done,
    }
}

#[tokio::test]
async fn only_messages_that_must_be_retried_are_reported() {
    let response = for_each_message(event(&["a", "retry", "b", "retry"]), 2, soon(), by_body).await;

    assert_eq!(failed(&response), ["m-1", "m-3"]);
}

#[tokio::test]
async fn a_panic_fails_its_own_message_only() {
    let response = for_each_message(event(&["a", "panic", "b"]), 3, soon(), by_body).await;

    assert_eq!(failed(&response), ["m-1"]);
}

#[tokio::test]
async fn a_panic_before_the_first_await_is_caught_as_well() {
    let handle = |_message: QueueMessage| -> std::future::Ready<MessageVerdict> { panic!("a bug") };
    let response = for_each_message(event(&["a"]), 1, soon(), handle).await;

    assert_eq!(failed(&response), ["m-0"]);
}

#[tokio::test]
async fn an_empty_or_missing_message_id_is_never_reported() {
    let records = json!({"Records": [
        {"messageId": "", "body": "retry"}, {"body": "retry"}, {"messageId": "m", "body": "retry"},
    ]});
    let event: SqsEvent = serde_json::from_value(records).unwrap();

    assert_eq!(failed(&for_each_message(event, 1, soon(), by_body).await), ["m"]);
}

#[tokio::test]
async fn what_is_not_finished_before_the_deadline_goes_back() {
    let deadline = Deadline::after(Duration::from_millis(50));
    let response = for_each_message(event(&["a", "hang", "b"]), 1, deadline, by_body).await;

    assert_eq!(failed(&response), ["m-1", "m-2"], "the third was never started");
}

#[tokio::test]
async fn no_more_messages_run_at_once_than_allowed() {
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let handle = |_message: QueueMessage| async {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        running.fetch_sub(1, Ordering::SeqCst);
        MessageVerdict::Done
    };
    let _response = for_each_message(event(&["a"; 10]), 3, soon(), handle).await;

    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_message_carries_its_receive_count_and_trace_context() {
    let handle = |message: QueueMessage| async move {
        assert_eq!((message.receive_count, message.body.as_str()), (3, "a"));
        assert!(message.trace_parent.is_some());
        MessageVerdict::Done
    };

    assert!(failed(&for_each_message(event(&["a"]), 1, soon(), handle).await).is_empty());
}

#[tokio::test]
async fn a_whole_batch_is_settled_by_position() {
    let response = for_whole_batch(event(&["a", "retry", "b"]), soon(), |messages| async move {
        let verdict = |message: &QueueMessage| match message.body.as_str() {
            "retry" => MessageVerdict::retry_later("busy"),
            _ => MessageVerdict::Done,
        };
        messages.iter().map(verdict).collect()
    })
    .await;

    assert_eq!(failed(&response), ["m-1"]);
}

#[tokio::test]
async fn a_whole_batch_without_a_verdict_per_message_goes_back() {
    let too_few = for_whole_batch(event(&["a", "b"]), soon(), |_messages| async { vec![] }).await;
    assert_eq!(failed(&too_few), ["m-0", "m-1"]);

    let panicked =
        for_whole_batch(event(&["a", "b"]), soon(), |_messages| async { panic!("a bug") }).await;
    assert_eq!(failed(&panicked), ["m-0", "m-1"]);
}

#[tokio::test]
async fn the_response_has_the_shape_that_the_platform_reads() {
    let response = for_each_message(event(&["retry"]), 1, soon(), by_body).await;

    assert_eq!(
        serde_json::to_value(response).unwrap(),
        json!({"batchItemFailures": [{"itemIdentifier": "m-0"}]})
    );
}

#[test]
fn why_a_message_came_back_is_logged_under_its_id() {
    let record = event(&["a"]).records.remove(0);

    let logged = crate::log::tests::lines(|| {
        let message = QueueMessage::from(record);
        let verdict = MessageVerdict::retry_later("the store failed");
        let _ = response([(message.message_id, verdict)]);
    });

    let of = |x: &serde_json::Value| {
        let (id, reason) = (&x["messaging.message_id"], &x["reason"]);
        (x["message"].clone(), id.clone(), reason.clone(), x["receive_count"].clone())
    };
    let expected = [
        (json!("message came again"), json!("m-0"), json!(null), json!(3)),
        (
            json!("message goes back to the queue"),
            json!("m-0"),
            json!("the store failed"),
            json!(null),
        ),
    ];
    assert_eq!(logged.iter().map(of).collect::<Vec<_>>(), expected);
}
