//! The source systems, read only: quotes, customers, billing accounts.
//!
//! Reading twice is harmless, so there is no request id here, and every failure to read is
//! [`SourceAnswer::Unavailable`]: a technical failure, never a failed business check.

use std::time::Duration;

use reqwest::{Client, Url};
use serde::{Deserialize, Serialize};

use crate::credential::BearerToken;
use crate::fetch::{self, Body, Reply};
use crate::quote::{MAX_ID_CHARS, QuoteAnswer};
use crate::settings::{InvalidSettings, parse_base_url};
use crate::wire::{is_bounded_text, parse_object};

/// What a source system said about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum SourceAnswer<T> {
    /// It exists; this is it.
    Found(T),
    /// The system says that it does not exist (404).
    NotFound,
    /// Nothing is known: unreachable, refusing or malformed.
    Unavailable {
        /// How long the system asked to wait.
        retry_after_ms: Option<u64>,
        /// What happened, without any body.
        reason: String,
    },
}

/// A customer, `GET {base}/customers/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// The id that was asked for.
    pub customer_id: String,
    /// Whether orders may be carried out for it.
    pub status: CustomerStatus,
}

/// State of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CustomerStatus {
    /// Can be served.
    Active,
    /// Exists, but is not served any more.
    Inactive,
    /// A status this product does not know; treated as not active.
    #[serde(other)]
    Unknown,
}

/// A billing account, `GET {base}/billing-accounts/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillingAccount {
    /// The id that was asked for.
    pub billing_account_id: String,
    /// Whose account it is, where the system says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Only `READY` takes charges.
    pub status: BillingAccountStatus,
}

/// State of a billing account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BillingAccountStatus {
    /// Takes charges.
    Ready,
    /// Being set up.
    Pending,
    /// Takes no charges for now.
    Suspended,
    /// Takes no charges any more.
    Closed,
    /// A status this product does not know; treated as not ready.
    #[serde(other)]
    Unknown,
}

/// Where the source systems are, and how long a read may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSystemsSettings {
    /// Base URL of the CPQ.
    pub cpq_url: String,
    /// Base URL of the customer system.
    pub customer_url: String,
    /// Base URL of the billing account system.
    pub billing_account_url: String,
    /// Limit of one read, body included.
    pub request_timeout: Duration,
}

/// Read-only client of the three source systems.
#[derive(Debug, Clone)]
pub struct SourceSystems {
    client: Client,
    cpq: Url,
    customers: Url,
    billing_accounts: Url,
    request_timeout: Duration,
    token: Option<BearerToken>,
}

impl SourceSystems {
    /// Puts client and settings together; the client must not follow redirects.
    ///
    /// # Errors
    /// With all URLs that are neither `https` nor local.
    pub fn new(client: Client, settings: &SourceSystemsSettings) -> Result<Self, InvalidSettings> {
        let mut problems = Vec::new();
        let mut url = |name: &str, text: &str| match parse_base_url(text) {
            Ok(url) => Some(url),
            Err(problem) => {
                problems.push(format!("{name} {problem}"));
                None
            }
        };
        let urls = (
            url("cpqUrl", &settings.cpq_url),
            url("customerUrl", &settings.customer_url),
            url("billingAccountUrl", &settings.billing_account_url),
        );
        let (Some(cpq), Some(customers), Some(billing_accounts)) = urls else {
            return Err(InvalidSettings { problems });
        };
        let request_timeout = settings.request_timeout;
        Ok(Self { client, cpq, customers, billing_accounts, request_timeout, token: None })
    }

    /// Sends this token with every read.
    #[must_use]
    pub fn with_bearer_token(self, token: BearerToken) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Reads one revision of a quote; the answer must be about exactly that revision.
    pub async fn quote(&self, quote_id: &str, revision: u32) -> SourceAnswer<QuoteAnswer> {
        let path = ["quotes", quote_id, "revisions", &revision.to_string()];
        self.read(&self.cpq, &path, |bytes| {
            let quote = QuoteAnswer::parse(bytes).map_err(|error| error.to_string())?;
            let is_asked =
                quote.document.quote_id == quote_id && quote.document.revision == revision;
            if is_asked { Ok(quote) } else { Err(about_something_else()) }
        })
        .await
    }

    /// Reads a customer.
    pub async fn customer(&self, customer_id: &str) -> SourceAnswer<Customer> {
        self.read(&self.customers, &["customers", customer_id], |bytes| {
            let customer: Customer = parse_object(bytes)?;
            let is_asked = customer.customer_id == customer_id;
            if is_asked { Ok(customer) } else { Err(about_something_else()) }
        })
        .await
    }

    /// Reads a billing account.
    pub async fn billing_account(&self, account_id: &str) -> SourceAnswer<BillingAccount> {
        self.read(&self.billing_accounts, &["billing-accounts", account_id], |bytes| {
            let account: BillingAccount = parse_object(bytes)?;
            let is_asked = account.billing_account_id == account_id;
            if is_asked { Ok(account) } else { Err(about_something_else()) }
        })
        .await
    }

    async fn read<T>(
        &self,
        base: &Url,
        path: &[&str],
        parse: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> SourceAnswer<T> {
        // An id that no system can have is not asked for; dots would climb out of the path.
        let is_askable = |segment: &&str| {
            is_bounded_text(segment, MAX_ID_CHARS) && !matches!(*segment, "." | "..")
        };
        if !path.iter().all(is_askable) {
            return SourceAnswer::NotFound;
        }
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.client.get(url).timeout(self.request_timeout);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        meaning(fetch::call(&self.client, request, |status| status == 200).await, parse)
    }
}

fn meaning<T>(reply: Reply, parse: impl FnOnce(&[u8]) -> Result<T, String>) -> SourceAnswer<T> {
    match reply {
        Reply::Answered { status: 200, body: Body::Json(bytes), .. } => match parse(&bytes) {
            Ok(found) => SourceAnswer::Found(found),
            Err(reason) => unavailable(reason),
        },
        Reply::Answered { status: 200, body: Body::Unusable(reason), .. } => unavailable(reason),
        Reply::Answered { status: 404, .. } => SourceAnswer::NotFound,
        Reply::Answered { status, retry_after_ms, .. } => {
            SourceAnswer::Unavailable { retry_after_ms, reason: format!("status {status}") }
        }
        Reply::NotSent { detail } | Reply::NotConnected { detail } | Reply::Lost { detail, .. } => {
            unavailable(detail)
        }
    }
}

const fn unavailable<T>(reason: String) -> SourceAnswer<T> {
    SourceAnswer::Unavailable { retry_after_ms: None, reason }
}

fn about_something_else() -> String {
    "the answer is about another object than the one asked for".to_owned()
}

#[cfg(test)]
mod tests;
