//! `orderctl bulk …`: one action on many cases, tried on a few first.
//!
//! What is done is decided by the API and carried out behind it: this program prepares, shows the
//! dry run, passes on what a person decides, and looks. Ending it ends nothing.

mod decide;
mod follow;
mod prepare;
mod print;
mod progress;
mod watch;

use serde_json::Value;
use uuid::Uuid;

pub(crate) use decide::decide;
pub(crate) use prepare::prepare;
pub(crate) use watch::watch;

use crate::cli::{BulkReference, ListBulk, ListItems, Pages};
use crate::duration::between;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, elements, first_text, instant, shown};
use crate::pages::Listing;
use crate::session::Session;
use crate::table::Table;

/// The bulk action's path below the API's base URL.
fn path(id: Uuid) -> String {
    format!("/bulk-actions/{id}")
}

/// The size of a page, as the API names it.
fn query(pages: &Pages) -> Vec<(&'static str, String)> {
    pages.limit.iter().map(|limit| ("limit", limit.to_string())).collect()
}

pub(crate) async fn list(session: &Session, arguments: &ListBulk) -> Result<Exit, Failure> {
    let listing = Listing {
        path: "/bulk-actions",
        name: "bulkActions",
        query: query(&arguments.pages),
        is_whole: arguments.pages.all,
    };
    let page = listing.read(session).await?;
    session.print(&page, |page| {
        let bulks = elements(page, "bulkActions");
        let mut table = Table::new(&["STATUS", "ACTION", "CASES", "AGO", "REASON"]);
        for bulk in bulks {
            let ago = instant(bulk, "/createdAt").map(|at| between(at, session.clock.now()));
            let ago = ago.unwrap_or_else(|| NOTHING.to_owned());
            let (status, action) = (shown(bulk, "/status"), shown(bulk, "/action"));
            let reason = shown(bulk, "/reasonCode");
            table.row([status, action, shown(bulk, "/itemCount"), ago, reason]);
        }
        let names = bulks.iter().map(|bulk| {
            format!("  {} {}", shown(bulk, "/bulkActionId"), shown(bulk, "/requestedBy"))
        });
        table.print_with_second_lines(&session.terminal, "  ID REQUESTED BY", names);
    });
    Ok(Exit::Done)
}

pub(crate) async fn show(session: &Session, bulk: &BulkReference) -> Result<Exit, Failure> {
    let bulk = session.api.get(&path(bulk.bulk_action), &[]).await?.body;
    session.print(&bulk, |bulk| print::bulk_action(session, bulk));
    say_what_is_next(session, &bulk);
    Ok(Exit::Done)
}

pub(crate) async fn items(session: &Session, arguments: &ListItems) -> Result<Exit, Failure> {
    let status = arguments.status.map(|status| ("status", status.as_str()));
    let listing = Listing {
        path: &format!("{}/items", path(arguments.bulk.bulk_action)),
        name: "items",
        query: status.into_iter().chain(query(&arguments.pages)).collect(),
        is_whole: arguments.pages.all,
    };
    let page = listing.read(session).await?;
    session.print(&page, |page| {
        let items = elements(page, "items");
        let mut table = Table::new(&["#", "STATUS", "FORECAST", "SYSTEM", "CODE"]);
        for item in items {
            let [place, status] = ["/position", "/status"].map(|field| shown(item, field));
            let [forecast, system] = ["/forecast", "/targetSystem"].map(|field| shown(item, field));
            table.row([place, status, forecast, system, shown(item, "/code")]);
        }
        let names = items.iter().map(|item| {
            let order = first_text(item, &["/orderNumber", "/orderId"]);
            let order = order.unwrap_or_else(|| NOTHING.to_owned());
            format!("  {order} {}", shown(item, "/falloutCaseId"))
        });
        table.print_with_second_lines(&session.terminal, "  ORDER CASE", names);
    });
    Ok(Exit::Done)
}

fn say_what_is_next(session: &Session, bulk: &Value) {
    for next in progress::next_steps(bulk) {
        session.terminal.message(&format!("  next: {next}"));
    }
}
