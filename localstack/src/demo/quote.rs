//! The accepted quote the demo orders.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::orders_api::OrdersApi;
use crate::random;
use crate::stack::StackState;

/// A quote document under an id of its own, so that the same file can be ordered again.
#[derive(Debug)]
pub(super) struct DemoQuote {
    document: Value,
    id: String,
    revision: u64,
}

impl DemoQuote {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the quote {}", file.display()))?;
        let document: Value = serde_json::from_str(&text)
            .with_context(|| format!("{} is not JSON", file.display()))?;
        let suffix = random::password()?[..6].to_lowercase();
        Self::with_suffix(document, &suffix)
            .with_context(|| format!("{} is not a quote", file.display()))
    }

    fn with_suffix(mut document: Value, suffix: &str) -> Result<Self> {
        let id = document["quoteId"].as_str().context("quoteId is missing")?;
        let id = format!("{id}-{suffix}");
        let revision = document["revision"].as_u64().context("revision is missing")?;
        document["quoteId"] = Value::String(id.clone());
        Ok(Self { document, id, revision })
    }

    /// Puts it into the CPQ that the simulator plays.
    pub(super) async fn put(&self, client: &reqwest::Client, state: &StackState) -> Result<()> {
        let url = format!("{}/admin/quotes", state.endpoint(crate::simulator::URL)?);
        let answer = client.put(url).json(&self.document).send().await?;
        if !answer.status().is_success() {
            bail!("the CPQ refuses the quote: {} {}", answer.status(), answer.text().await?);
        }
        Ok(())
    }

    /// Orders it; answers the id of the order.
    pub(super) async fn order(&self, api: &OrdersApi) -> Result<String> {
        // The quote's id is new for every demo, and so is the key.
        let key = format!("demo-{}", self.id);
        let reference = json!({"quoteId": self.id, "revision": self.revision});
        let (status, body) = api.place(&key, &reference).await?;
        if !status.is_success() {
            bail!("the order was refused: {status} {body}");
        }
        let order: Value = serde_json::from_str(&body)?;
        let id = order["orderId"].as_str().context("the answer names no orderId")?;
        Ok(id.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_document_and_the_reference_carry_the_same_new_id() {
        let quote = DemoQuote::with_suffix(json!({"quoteId": "Q-1", "revision": 3}), "ab").unwrap();

        assert_eq!((quote.id.as_str(), quote.revision), ("Q-1-ab", 3));
        assert_eq!(quote.document["quoteId"], "Q-1-ab");
    }

    #[test]
    fn a_document_without_a_key_is_no_quote() {
        assert!(DemoQuote::with_suffix(json!({"quoteId": "Q-1"}), "ab").is_err());
    }
}
