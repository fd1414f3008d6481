//! The three source systems, asked at the same time.

use std::time::Duration;

use external_systems::quote::QuoteAnswer;
use external_systems::source::{BillingAccount, Customer, SourceAnswer, SourceSystems};
use order_store::order_reference::OrderReference;

/// What the sources said; `None` where a source says that there is no such thing.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) quote: Option<QuoteAnswer>,
    pub(crate) customer: Option<Customer>,
    pub(crate) billing_account: Option<BillingAccount>,
}

/// A source could not be read: a technical failure, never a failed check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unavailable {
    /// Which sources, and why, without any body.
    pub(crate) message: String,
    /// The longest time that a source asked to wait.
    pub(crate) retry_after: Duration,
}

/// Asks all three; one that cannot be read is enough to know nothing.
pub(crate) async fn ask(
    sources: &SourceSystems,
    order: &OrderReference,
) -> Result<Answers, Unavailable> {
    let (quote, customer, account) = tokio::join!(
        sources.quote(&order.quote_id, order.quote_revision),
        sources.customer(&order.customer_id),
        sources.billing_account(&order.billing_account_id),
    );
    let mut failed = Unavailable { message: String::new(), retry_after: Duration::ZERO };
    let answers = Answers {
        quote: failed.note("CPQ", quote),
        customer: failed.note("customer system", customer),
        billing_account: failed.note("billing account system", account),
    };
    if failed.message.is_empty() { Ok(answers) } else { Err(failed) }
}

impl Unavailable {
    fn note<T>(&mut self, source: &str, answer: SourceAnswer<T>) -> Option<T> {
        match answer {
            SourceAnswer::Found(found) => Some(found),
            SourceAnswer::NotFound => None,
            SourceAnswer::Unavailable { retry_after_ms, reason } => {
                let separator = if self.message.is_empty() { "" } else { "; " };
                self.message.push_str(&format!("{separator}{source} cannot be read: {reason}"));
                let wait = Duration::from_millis(retry_after_ms.unwrap_or(0));
                self.retry_after = self.retry_after.max(wait);
                None
            }
        }
    }
}
