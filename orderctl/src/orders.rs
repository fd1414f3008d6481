//! `orderctl orders …`: looking at orders.

mod change;
mod list;
mod show;
mod watch;

use serde_json::Value;

pub(crate) use list::list;
pub(crate) use show::show;
pub(crate) use watch::watch;

use crate::cli::{Format, OrderReference};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::absolute;
use crate::session::Session;
use crate::table::Table;
use crate::terminal::printable;

/// The API explains in sentences for people and in fields for programs.
pub(crate) async fn explain(session: &Session, order: &OrderReference) -> Result<Exit, Failure> {
    let path = format!("{}/explain", session.order_path(&order.order).await?);
    match session.format {
        Format::Table => {
            let text = session.api.get_text(&path).await?;
            session.terminal.answer(printable(&text).trim_end());
        }
        Format::Json => session.print(&session.api.get(&path, &[]).await?.body, |_| ()),
    }
    Ok(Exit::Done)
}

/// Everything that happened to an order, in one list by time.
pub(crate) async fn timeline(session: &Session, order: &OrderReference) -> Result<Exit, Failure> {
    let order = session.api.get(&session.order_path(&order.order).await?, &[]).await?.body;
    let changes = change::of_order(&order);
    let documents = Value::Array(changes.iter().map(change::Change::as_json).collect());
    session.print(&documents, |_| {
        let mut table = Table::wrapping(&["WHEN", "AGO", "KIND", "WHAT"]);
        for change in &changes {
            let ago = crate::duration::between(change.at, session.clock.now());
            let kind = change.kind.to_owned();
            table.row([absolute(change.at), ago, kind, change.sentence()]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}
