//! The event bus `oms-domain-events`.

use serde::{Deserialize, Serialize};

use crate::aws_client::{AwsClient, Service};
use crate::connection::AwsConnection;
use crate::in_memory::InMemory;
use crate::refusal::{SinkRefusal, Taken};

const SOURCE: &str = "oms.orders";

/// An event for the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusEvent {
    /// Its type, for routing.
    pub event_type: String,
    /// The complete CloudEvent, as JSON.
    pub cloud_event: String,
}

/// Where domain events go: EventBridge, or memory in tests.
#[derive(Debug)]
pub struct EventBus(Kind);

#[derive(Debug)]
enum Kind {
    EventBridge { client: AwsClient, name: String },
    InMemory(InMemory<BusEvent>),
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents<'a> {
    entries: Vec<Entry<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry<'a> {
    event_bus_name: &'a str,
    source: &'static str,
    detail_type: &'a str,
    detail: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEventsAnswer {
    entries: Vec<AnswerEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AnswerEntry {
    error_code: Option<String>,
}

impl<'a> Entry<'a> {
    fn of(event: &'a BusEvent, event_bus_name: &'a str) -> Self {
        let (detail_type, detail) = (&event.event_type, &event.cloud_event);
        Self { event_bus_name, source: SOURCE, detail_type, detail }
    }
}

impl EventBus {
    /// The real bus.
    #[must_use]
    pub fn connect(aws: &AwsConnection, name: &str) -> Self {
        Self::of_client(aws.client(Service::EventBridge), name)
    }

    /// A bus that keeps everything, for tests.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self(Kind::InMemory(InMemory::new()))
    }

    pub(crate) fn of_client(client: AwsClient, name: &str) -> Self {
        Self(Kind::EventBridge { client, name: name.to_owned() })
    }

    /// Publishes at most [`BATCH`](crate::BATCH) events; one answer per event, in their order.
    pub async fn publish(&self, events: &[BusEvent]) -> Vec<Taken> {
        match &self.0 {
            Kind::EventBridge { client, name } => put_events(client, name, events)
                .await
                .unwrap_or_else(|refusal| vec![Err(refusal); events.len()]),
            Kind::InMemory(memory) => memory.take(events),
        }
    }

    /// What a bus in memory took; nothing for the real one.
    #[must_use]
    pub fn kept(&self) -> Vec<BusEvent> {
        match &self.0 {
            Kind::EventBridge { .. } => Vec::new(),
            Kind::InMemory(memory) => memory.kept(),
        }
    }

    /// Makes a bus in memory refuse one later event; the real one is not asked to.
    pub fn refuse_next(&self, refusal: SinkRefusal) {
        if let Kind::InMemory(memory) = &self.0 {
            memory.refuse_next(refusal);
        }
    }
}

async fn put_events(
    client: &AwsClient,
    name: &str,
    events: &[BusEvent],
) -> Result<Vec<Taken>, SinkRefusal> {
    let entry = |event| Entry::of(event, name);
    let request = PutEvents { entries: events.iter().map(entry).collect() };
    let answer: PutEventsAnswer =
        client.call("PutEvents", &request).await.map_err(|x| SinkRefusal::of_call(&x))?;
    if answer.entries.len() != events.len() {
        return Err(SinkRefusal::for_now("the bus did not answer for every event"));
    }
    let taken = |x: AnswerEntry| x.error_code.map_or(Ok(()), |code| Err(refusal(&code)));
    Ok(answer.entries.into_iter().map(taken).collect())
}

fn refusal(code: &str) -> SinkRefusal {
    let is_permanent = matches!(code, "MalformedDetail" | "InvalidArgument");
    SinkRefusal { is_permanent, reason: code.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wiremock::{MockServer, ResponseTemplate};

    use super::*;
    use crate::testing::{aws, client, sent};

    async fn publish_two(answer: Value) -> (Vec<Taken>, MockServer) {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        let server = aws("AWSEvents.PutEvents", answer).await;
        let bus =
            EventBus::of_client(client(Service::EventBridge, &server.uri()), "oms-domain-events");
        let event = |name: &str| {
            let (event_type, cloud_event) = (name.to_owned(), "{}".to_owned());
            BusEvent { event_type, cloud_event }
        };
        (bus.publish(&[event("OrderCreated"), event("OrderValidated")]).await, server)
    }

    #[tokio::test]
    async fn a_refused_event_is_told_from_its_neighbours() {
        let entries = json!([{"ErrorCode": "ThrottlingException"}, {"EventId": "e"}]);

        let (taken, server) = publish_two(json!({"FailedEntryCount": 1, "Entries": entries})).await;

        assert_eq!(taken, [Err(SinkRefusal::for_now("ThrottlingException")), Ok(())]);
        let entry = |event_type: &str| {
            json!({"Source": "oms.orders", "DetailType": event_type, "Detail": "{}",
                "EventBusName": "oms-domain-events"})
        };
        let entries = [entry("OrderCreated"), entry("OrderValidated")];
        assert_eq!(sent(&server).await, json!({ "Entries": entries }));
    }

    #[tokio::test]
    async fn an_answer_for_fewer_events_counts_for_none_of_them() {
        let entries = json!([{"EventId": "e"}]);

        let (taken, _server) =
            publish_two(json!({"FailedEntryCount": 0, "Entries": entries})).await;

        let refusal = SinkRefusal::for_now("the bus did not answer for every event");
        assert_eq!(taken, [Err(refusal.clone()), Err(refusal)]);
    }

    #[test]
    fn only_what_is_wrong_with_the_event_itself_is_permanent() {
        assert!(refusal("MalformedDetail").is_permanent);
        assert!(!refusal("InternalFailure").is_permanent);
    }
}
