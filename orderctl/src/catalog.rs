//! `orderctl catalog …`: what products mean, version by version.

mod apply;
mod difference;

use std::path::Path;

use reqwest::header::HeaderMap;
use serde_json::Value;

pub(crate) use apply::apply;

use crate::cli::{Format, ListCatalogues, ShowCatalogue};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, absolute, elements, instant, list as elements_at, shown, text};
use crate::pages::Listing;
use crate::session::Session;
use crate::table::Table;

/// Where catalogues are, below the API's base URL.
const PATH: &str = "/catalogues";
/// What asks for a comparison only.
const PREVIEW: &str = "/catalogues?preview=true";

pub(crate) async fn list(session: &Session, arguments: &ListCatalogues) -> Result<Exit, Failure> {
    let limit = arguments.limit.map(|limit| ("limit", limit.to_string()));
    let listing = Listing {
        path: PATH,
        name: "catalogues",
        query: limit.into_iter().collect(),
        is_whole: arguments.all,
    };
    let page = listing.read(session).await?;
    session.print(&page, |page| {
        let mut table = Table::new(&["VERSION", "CURRENT", "PRODUCTS", "LOADED", "DIGEST"]);
        for version in elements(page, "catalogues") {
            let loaded = instant(version, "/loadedAt").map(absolute);
            let is_current = text(version, "/isCurrent").is_some_and(|x| x == "true");
            table.row([
                shown(version, "/version"),
                if is_current { "current" } else { NOTHING }.to_owned(),
                shown(version, "/productCount"),
                loaded.unwrap_or_else(|| NOTHING.to_owned()),
                shown(version, "/digest"),
            ]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}

pub(crate) async fn show(session: &Session, arguments: &ShowCatalogue) -> Result<Exit, Failure> {
    let version = arguments.version.map_or_else(|| "current".to_owned(), |x| x.to_string());
    let answer = session.api.get(&format!("{PATH}/{version}"), &[]).await?.body;
    if arguments.document {
        let document = answer.get("document").cloned().unwrap_or_default();
        session.terminal.answer(&format!("{document:#}"));
        return Ok(Exit::Done);
    }
    session.print(&answer, |answer| {
        let loaded = instant(answer, "/loadedAt").map_or_else(|| NOTHING.to_owned(), absolute);
        let is_current = text(answer, "/isCurrent").is_some_and(|x| x == "true");
        let current = if is_current { "current" } else { "not current" };
        let terminal = &session.terminal;
        terminal.answer(&format!("version {}, {current}", shown(answer, "/version")));
        terminal.answer(&format!("  loaded    {loaded}"));
        terminal.answer(&format!("  digest    {}", shown(answer, "/digest")));
        terminal.answer("products");
        let mut table = Table::indented(&["PRODUCT", "ACTIONS", "NAME"]);
        for product in elements_at(answer, "/document/products") {
            table.row([shown(product, "/code"), actions(product), shown(product, "/name")]);
        }
        table.print(terminal);
    });
    Ok(Exit::Done)
}

/// What is offered, each with its number of steps: `ADD 4, DELETE 1`.
fn actions(product: &Value) -> String {
    let action =
        |rule: &Value| format!("{} {}", shown(rule, "/action"), elements_at(rule, "/steps").len());
    let actions: Vec<String> = elements_at(product, "/rules").iter().map(action).collect();
    if actions.is_empty() { NOTHING.to_owned() } else { actions.join(", ") }
}

/// Compares a document with the current one.
pub(crate) async fn diff(session: &Session, file: &Path) -> Result<Exit, Failure> {
    let document = read(file)?;
    let answer = session.api.post(PREVIEW, HeaderMap::new(), &document).await?.body;
    session.print(&answer, |answer| difference::print(&session.terminal, answer));
    Ok(difference::tell_problems(session, &answer))
}

fn read(file: &Path) -> Result<Value, Failure> {
    let name = file.display();
    let text = std::fs::read_to_string(file);
    let text = text.map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("{name} is no JSON document: {error}")))
}

/// Whether only the last answer may be printed, for a program to read.
fn is_for_programs(session: &Session) -> bool {
    session.format == Format::Json
}
