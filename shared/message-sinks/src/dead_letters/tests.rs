//! The SQS JSON protocol, spoken by a server that a test fills.

use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::testing::sqs;

const DLQ: &str = "http://sqs/1/external-callbacks-dlq";
const SOURCE: &str = "http://sqs/1/external-callbacks";
const TICKS: &str = "http://sqs/1/schedules-dlq";

async fn on(server: &MockServer, operation: &str, asked: Value, answer: Value, times: u64) {
    Mock::given(header("x-amz-target", format!("AmazonSQS.{operation}").as_str()))
        .and(body_partial_json(asked))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .up_to_n_times(times)
        .expect(times)
        .mount(server)
        .await;
}

async fn queues() -> (MockServer, DeadLetters) {
    let server = MockServer::start().await;
    on(&server, "ListQueues", json!({}), json!({"QueueUrls": [SOURCE, DLQ, TICKS]}), 1).await;
    let policy = json!({"deadLetterTargetArn": "arn:dlq", "maxReceiveCount": 5}).to_string();
    for (url, attributes) in [
        (SOURCE, json!({"QueueArn": "arn:source", "RedrivePolicy": policy})),
        (DLQ, json!({"QueueArn": "arn:dlq", "ApproximateNumberOfMessages": "2"})),
        (TICKS, json!({"QueueArn": "arn:ticks", "ApproximateNumberOfMessages": "0"})),
    ] {
        let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
        let answer = json!({ "Attributes": attributes });
        on(&server, "GetQueueAttributes", asked, answer, 1).await;
    }
    let letters = DeadLetters(sqs(&server.uri()));
    (server, letters)
}

fn message(id: &str) -> Value {
    json!({"MessageId": id, "ReceiptHandle": format!("handle-{id}"), "Body": format!("body-{id}"),
        "Attributes": {"ApproximateReceiveCount": "6", "SentTimestamp": "1800000000000"},
        "MessageAttributes": {
            "ErrorCode": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}}})
}

async fn holds(server: &MockServer, messages: Value) {
    let answer = json!({ "Messages": messages });
    let asked = json!({"QueueUrl": DLQ, "VisibilityTimeout": 60,
        "MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]});
    on(server, "ReceiveMessage", asked, answer, 1).await;
}

#[tokio::test]
async fn a_queue_is_found_by_its_own_name_and_by_that_of_its_source() {
    let (_server, letters) = queues().await;

    let all = letters.list().await.expect("the queues answer");

    let said: Vec<_> = all.iter().map(|x| (x.name.as_str(), x.waiting_count)).collect();
    assert_eq!(said, [("external-callbacks-dlq", 2), ("schedules-dlq", 0)]);
    assert_eq!(all[0].sources, ["external-callbacks"]);
    let (_server, letters) = queues().await;
    assert_eq!(letters.find("external-callbacks").await.expect("its queue"), all[0]);
}

#[tokio::test]
async fn a_look_tells_reason_and_count_and_gives_the_messages_back() {
    let (server, letters) = queues().await;
    let queue = letters.find("external-callbacks-dlq").await.expect("it exists");
    holds(&server, json!([message("a")])).await;
    let back = json!({"QueueUrl": DLQ, "ReceiptHandle": "handle-a", "VisibilityTimeout": 0});
    on(&server, "ChangeMessageVisibility", back, json!({}), 1).await;

    let seen = letters.peek(&queue, 1).await.expect("the queue answers");

    assert_eq!((seen[0].message_id.as_str(), seen[0].receive_count), ("a", 6));
    assert_eq!(seen[0].sent_at_ms, Some(1_800_000_000_000));
    assert_eq!(seen[0].attributes["ErrorCode"], "NO_PERMISSIONS");
}

#[tokio::test]
async fn what_is_redriven_is_sent_to_its_source_before_it_is_deleted() {
    let (server, letters) = queues().await;
    let queue = letters.find("external-callbacks").await.expect("it exists");
    holds(&server, json!([message("a"), message("b")])).await;
    for id in ["a", "b"] {
        let attributes = message(id)["MessageAttributes"].clone();
        let sent = json!({"QueueUrl": SOURCE, "MessageBody": format!("body-{id}"),
            "MessageAttributes": attributes});
        on(&server, "SendMessage", sent, json!({"MessageId": "new"}), 1).await;
        let gone = json!({"QueueUrl": DLQ, "ReceiptHandle": format!("handle-{id}")});
        on(&server, "DeleteMessage", gone, json!({}), 1).await;
    }

    assert_eq!(letters.redrive(&queue, 2).await.expect("they are moved"), 2);

    let order: Vec<String> = server.received_requests().await.unwrap()[5..]
        .iter()
        .map(|x| x.headers["x-amz-target"].to_str().unwrap().to_owned())
        .collect();
    assert_eq!(order[0], "AmazonSQS.SendMessage");
    assert_eq!(order[1], "AmazonSQS.DeleteMessage");
}

#[tokio::test]
async fn a_message_that_could_not_be_sent_back_is_not_deleted() {
    let (server, letters) = queues().await;
    let queue = letters.find("external-callbacks").await.expect("it exists");
    holds(&server, json!([message("a")])).await;

    // Nobody answers SendMessage: the server says 404 to it, and to a deletion.
    let refused = letters.redrive(&queue, 1).await;

    assert!(matches!(refused, Err(DeadLetterError::Call { operation: "SendMessage", .. })));
    let targets = server.received_requests().await.unwrap();
    assert!(targets.iter().all(|x| x.headers["x-amz-target"] != "AmazonSQS.DeleteMessage"));
}

#[tokio::test]
async fn one_message_is_thrown_away_and_its_neighbour_given_back() {
    let (server, letters) = queues().await;
    let queue = letters.find("external-callbacks").await.expect("it exists");
    holds(&server, json!([message("a"), message("b")])).await;
    let back = json!({"ReceiptHandle": "handle-a", "VisibilityTimeout": 0});
    on(&server, "ChangeMessageVisibility", back, json!({}), 1).await;
    on(&server, "DeleteMessage", json!({"ReceiptHandle": "handle-b"}), json!({}), 1).await;

    assert!(letters.purge_one(&queue, "b").await.expect("the queue answers"));
}

#[tokio::test]
async fn what_came_from_no_queue_cannot_be_redriven() {
    let (_server, letters) = queues().await;
    let ticks = letters.find("schedules-dlq").await.expect("it exists");

    let refused = letters.redrive(&ticks, 1).await;

    assert!(matches!(refused, Err(DeadLetterError::NoSource(name)) if name == "schedules-dlq"));
}
