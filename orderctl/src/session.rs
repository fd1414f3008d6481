//! What every command that asks the API works with.

use serde_json::Value;
use uuid::Uuid;

use crate::api::Api;
use crate::cli::{CaseReference, Connection, Format, OrderName};
use crate::failure::{Cause, Failure};
use crate::fields::{elements, text};
use crate::terminal::Terminal;
use crate::world::{Clock, World};

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

    /// The API's own document for programs, `for_people` for people.
    pub(crate) fn print(&self, document: &Value, for_people: impl FnOnce(&Value)) {
        match self.format {
            Format::Json => self.terminal.answer(&format!("{document:#}")),
            Format::Table => for_people(document),
        }
    }
}
