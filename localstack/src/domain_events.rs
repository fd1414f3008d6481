//! The domain events that reached the target of the event bus.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::aws::{AwsClient, DOMAIN_EVENT_QUEUE_URL, Queue};
use crate::stack::StackState;
use crate::wait;

const EMPTYING_TRIES: u32 = 100;
const EMPTYING_PAUSE: Duration = Duration::from_millis(100);

/// Reads the queue and remembers what stood in it.
pub(crate) struct DomainEventQueue {
    queue: Queue,
    received: BTreeSet<Received>,
}

/// An event as it arrived.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Received {
    pub(crate) order_id: String,
    pub(crate) event_id: String,
    pub(crate) tenant_id: String,
}

impl DomainEventQueue {
    pub(crate) fn of(state: &StackState) -> Result<Self> {
        let queue = AwsClient::of(state)?.queue(state.endpoint(DOMAIN_EVENT_QUEUE_URL)?);
        Ok(Self { queue, received: BTreeSet::new() })
    }

    /// Ids of the events of one order.
    pub(crate) fn ids_of(&self, order_id: &str) -> BTreeSet<String> {
        let of_order = self.received.iter().filter(|x| x.order_id == order_id);
        of_order.map(|x| x.event_id.clone()).collect()
    }

    /// Everything that was received so far.
    pub(crate) const fn received(&self) -> &BTreeSet<Received> {
        &self.received
    }

    /// Reads on from the queue of a new deployment.
    pub(crate) fn move_to(&mut self, state: &StackState) -> Result<()> {
        self.queue = Self::of(state)?.queue;
        Ok(())
    }

    /// Takes what is there until the queue is empty, also of what is in work.
    pub(crate) async fn empty(&mut self) -> Result<()> {
        for _ in 0..EMPTYING_TRIES {
            self.drain().await;
            if self.queue.count().await.context("the event queue cannot be counted")? == 0 {
                return Ok(());
            }
            wait::pause(EMPTYING_PAUSE).await;
        }
        bail!("the queue of domain events does not become empty")
    }

    /// Takes what is there; a queue that does not answer is asked again by the next call.
    ///
    /// A message is remembered before it is deleted: one that comes again does not change a set.
    pub(crate) async fn drain(&mut self) {
        while let Ok(messages) = self.queue.receive(0).await {
            if messages.is_empty() {
                return;
            }
            for message in &messages {
                self.received.extend(read(&message.body));
                let _comes_again = self.queue.delete(message).await;
            }
        }
    }
}

/// The event stands in `detail` of what EventBridge delivers, with CloudEvents attributes.
fn read(body: &str) -> Option<Received> {
    let envelope: Value = serde_json::from_str(body).ok()?;
    let detail = &envelope["detail"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Received {
        order_id: text(&detail["data"]["orderId"])?,
        event_id: text(&detail["id"])?,
        tenant_id: text(&detail["tenantid"]).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_that_of_the_event_and_not_that_of_its_delivery() {
        let body = r#"{"id":"delivery",
            "detail":{"id":"event","tenantid":"acme","data":{"orderId":"order"}}}"#;

        let expected = Received {
            order_id: "order".into(),
            event_id: "event".into(),
            tenant_id: "acme".into(),
        };
        assert_eq!(read(body), Some(expected));
    }
}
