//! Lists of the API, page by page.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::fields::elements;
use crate::session::Session;

/// What is listed.
#[derive(Debug)]
pub(crate) struct Listing<'a> {
    /// The list's path below the API's base URL.
    pub(crate) path: &'a str,
    /// The field that holds the elements.
    pub(crate) name: &'a str,
    /// The filters.
    pub(crate) query: Vec<(&'a str, String)>,
    /// Whether further pages are read.
    pub(crate) is_whole: bool,
}

impl Listing<'_> {
    /// The list as one document: the page as it came, or every page's elements in one.
    pub(crate) async fn read(&self, session: &Session) -> Result<Value, Failure> {
        let mut page = session.api.get(self.path, &self.query).await?.body;
        if !self.is_whole {
            if next(&page).is_some() {
                session.terminal.message("there are more; --all lists them");
            }
            return Ok(page);
        }
        let spinner = session.terminal.spinner();
        let mut found = elements(&page, self.name).to_vec();
        let mut links = BTreeSet::new();
        while let Some(link) = next(&page) {
            // A link that leads elsewhere, or in a circle, is no next page.
            if !link.starts_with(self.path) || !links.insert(link.clone()) {
                return Err(Failure::unreadable("the link to the next page leads nowhere"));
            }
            spinner.set_message(format!("{} {}", found.len(), self.name));
            page = session.api.get(&link, &[]).await?.body;
            found.extend_from_slice(elements(&page, self.name));
        }
        spinner.finish_and_clear();
        Ok(json!({self.name: found, "links": {}}))
    }
}

fn next(page: &Value) -> Option<String> {
    page.pointer("/links/next").and_then(Value::as_str).map(str::to_owned)
}
