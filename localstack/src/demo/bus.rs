//! The domain events that reached the target of the event bus.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use crate::aws::{AwsClient, DOMAIN_EVENT_QUEUE_URL, Queue};
use crate::stack::StackState;

/// Reads the queue and remembers what stood in it.
pub(super) struct DomainEventQueue {
    queue: Queue,
    received: BTreeSet<(String, String)>,
}

impl DomainEventQueue {
    pub(super) fn of(state: &StackState) -> Result<Self> {
        let queue = AwsClient::of(state)?.queue(state.endpoint(DOMAIN_EVENT_QUEUE_URL)?);
        Ok(Self { queue, received: BTreeSet::new() })
    }

    /// Ids of the events of one order.
    pub(super) fn ids_of(&self, order_id: &str) -> BTreeSet<String> {
        let of_order = self.received.iter().filter(|(order, _)| order == order_id);
        of_order.map(|(_, event)| event.clone()).collect()
    }

    /// Takes what is there; a queue that does not answer is asked again by the next call.
    ///
    /// A message is remembered before it is deleted: one that comes again does not change a set.
    pub(super) async fn drain(&mut self) {
        while let Ok(messages) = self.queue.receive(0).await {
            if messages.is_empty() {
                return;
            }
            for message in &messages {
                self.received.extend(order_and_event(&message.body));
                let _comes_again = self.queue.delete(message).await;
            }
        }
    }
}

/// The event stands in `detail` of what EventBridge delivers, with CloudEvents attributes.
fn order_and_event(body: &str) -> Option<(String, String)> {
    let envelope: Value = serde_json::from_str(body).ok()?;
    let detail = &envelope["detail"];
    let orders = [&detail["orderId"], &detail["data"]["orderId"], &detail["orderid"]];
    let events = [&detail["id"], &detail["eventId"]];
    let order = orders.into_iter().find_map(Value::as_str)?;
    let event = events.into_iter().find_map(Value::as_str)?;
    Some((order.to_owned(), event.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_event_and_not_that_of_its_delivery() {
        let body = r#"{"id":"delivery","detail":{"id":"event","data":{"orderId":"order"}}}"#;

        assert_eq!(order_and_event(body), Some(("order".into(), "event".into())));
    }
}
