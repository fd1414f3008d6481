//! What every command that asks the API works with.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::api::Api;
use crate::cli::{CaseReference, Connection, Format, OrderName};
use crate::failure::{Cause, Failure};
use crate::fields::{elements, text};
use crate::terminal::Terminal;
use crate::world::{Clock, World};

/// How long something is followed, unless the command line says otherwise.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// The API, the terminal and the clock of one command.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) api: Api,
    pub(crate) terminal: Terminal,
    pub(crate) clock: Clock,
    pub(crate) format: Format,
}

impl Session {
    pub(crate) fn open(options: &Connection, world: &World) -> Result<Self, Failure> {
        let api = Api::open(options, &world.terminal, &world.clock)?;
        let (terminal, clock) = (world.terminal.clone(), world.clock.clone());
        Ok(Self { api, terminal, clock, format: options.format })
    }

    /// The order's path below the API's base URL; a number is looked up.
    pub(crate) async fn order_path(&self, order: &OrderName) -> Result<String, Failure> {
        let number = match order {
            OrderName::Id(id) => return Ok(format!("/orders/{id}")),
            OrderName::Number(number) => number,
        };
        let page = self.api.get("/orders", &[("text", number.clone())]).await?.body;
        // The API finds what begins so, and more than numbers.
        let mut orders = elements(&page, "orders").iter();
        let order = orders.find(|x| text(x, "/orderNumber").as_ref() == Some(number));
        let id: Option<Uuid> = order.and_then(|x| text(x, "/orderId")?.parse().ok());
        id.map(|id| format!("/orders/{id}"))
            .ok_or_else(|| Cause::UnknownOrder(number.clone()).into())
    }

    /// The case's path below the API's base URL.
    pub(crate) async fn case_path(&self, case: &CaseReference) -> Result<String, Failure> {
        Ok(format!("{}/fallout-cases/{}", self.order_path(&case.order).await?, case.case))
    }

    /// When a command that follows something gives up, if it begins now.
    pub(crate) fn end_of_patience(&self) -> Timestamp {
        let end = || self.clock.now().checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        self.api.deadline().unwrap_or_else(end)
    }

    /// Waits until it is time to look again; where that is after the end, says no at once.
    #[must_use]
    pub(crate) async fn waits(&self, every: Duration, end: Timestamp) -> bool {
        let next = self.clock.now().checked_add(every).unwrap_or(Timestamp::MAX);
        if next > end {
            return false;
        }
        self.clock.pause(every).await;
        true
    }

    /// The API's own document for programs, `for_people` for people.
    pub(crate) fn print(&self, document: &Value, for_people: impl FnOnce(&Value)) {
        match self.format {
            Format::Json => self.terminal.answer(&format!("{document:#}")),
            Format::Table => for_people(document),
        }
    }
}
