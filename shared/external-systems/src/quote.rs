//! The accepted quote as the CPQ serves it: `GET {base}/quotes/{quoteId}/revisions/{revision}`.
//!
//! These structs *are* the wire contract; the JSON Schema and the sample quotes of the catalogue
//! follow them. Names are camelCase, instants RFC 3339 in UTC, dates `YYYY-MM-DD`, amounts integer
//! minor units. Fields this product does not know are ignored (the CPQ is not ours) but stay in
//! [`QuoteAnswer::raw`]. Optional fields may be absent or `null`. The bounds of every value are
//! constants here and are checked in one place, [`QuoteAnswer::parse`]; a quote outside them is
//! malformed, which is a technical failure and never a business refusal.
//!
//! ```json
//! { "quoteId": "Q-1001", "revision": 3, "status": "ACCEPTED",
//!   "revisionLocked": true, "lockedAt": "2026-05-04T09:00:00Z",
//!   "validUntil": "2026-06-30T00:00:00Z", "acceptedAt": "2026-05-04T10:00:00Z",
//!   "acceptedUnderLockedTerms": true, "priceValidUntil": "2026-06-30T00:00:00Z",
//!   "approval": { "status": "APPROVED", "approvedAt": "2026-05-03T08:00:00Z", "approvedBy": "sales-desk" },
//!   "customerId": "C-77", "billingAccountId": "BA-77",
//!   "contractTerms": { "contractId": "K-9", "termMonths": 36, "startsOn": "2026-07-01", "signedAt": "2026-05-04T10:00:00Z" },
//!   "documents": [ { "documentType": "SIGNED_CONTRACT", "required": true, "documentId": "D-1" } ],
//!   "currency": "EUR",
//!   "items": [ { "itemId": "1", "productCode": "MANAGED_CONNECTIVITY_BUNDLE", "action": "ADD", "quantity": 1,
//!     "price": { "recurring": { "amountMinor": 49900, "currency": "EUR" }, "oneTime": { "amountMinor": 15000, "currency": "EUR" } },
//!     "characteristics": { "bandwidthMbps": 500 } } ] }
//! ```

mod check;

use jiff::Timestamp;
use jiff::civil::Date;
use order_domain::characteristic::Characteristics;
use order_domain::money::{Currency, Money};
use serde::{Deserialize, Deserializer, Serialize};

use crate::digest;

/// Longest id, code or type in characters; shortest is 1, control characters are refused.
pub const MAX_ID_CHARS: usize = 128;
/// Most items of one quote; the fewest is 1.
pub const MAX_ITEMS: usize = 500;
/// Most documents of one quote.
pub const MAX_DOCUMENTS: usize = 100;
/// Most characteristics of one item, current and previous each.
pub const MAX_CHARACTERISTICS: usize = 64;
/// Longest text value of a characteristic in characters.
pub const MAX_TEXT_CHARS: usize = 1024;
/// Largest quantity of an item; the smallest is 1.
pub const MAX_QUANTITY: u32 = 10_000;
/// Largest amount in minor units, either sign: ten billion of the major unit of most currencies.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;
/// Longest contract term in months; the shortest is 1.
pub const MAX_TERM_MONTHS: u32 = 600;

/// One revision of a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteDocument {
    /// The CPQ's id, the same as in the path that was asked for.
    pub quote_id: String,
    /// 1 or more, the same as in the path that was asked for.
    pub revision: u32,
    /// Only `ACCEPTED` can become an order.
    pub status: QuoteStatus,
    /// Whether this revision can no longer be edited.
    pub revision_locked: bool,
    /// When it was locked; may be absent while it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_at: Option<Timestamp>,
    /// End of the quote's validity; an acceptance before it stays an acceptance.
    pub valid_until: Timestamp,
    /// When the customer accepted; absent while nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    /// Whether the acceptance locked the terms, so that a price that runs out later does not matter.
    #[serde(default)]
    pub accepted_under_locked_terms: bool,
    /// End of the price's validity; absent means as long as the quote itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_valid_until: Option<Timestamp>,
    /// The internal approval of discounts and terms.
    pub approval: QuoteApproval,
    /// Key of the customer in the customer system.
    pub customer_id: String,
    /// Key of the account in the billing account system.
    pub billing_account_id: String,
    /// What the contract says; every part is optional so that a gap can be reported by name.
    pub contract_terms: ContractTerms,
    /// Documents that exist or are demanded.
    #[serde(default)]
    pub documents: Vec<QuoteDocumentReference>,
    /// Currency of every amount in the quote.
    pub currency: Currency,
    /// What was sold, parents before or after their children.
    pub items: Vec<QuoteItem>,
}

/// Life cycle of a quote, as far as an order cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QuoteStatus {
    /// Being written.
    Draft,
    /// Waiting for an approval.
    InApproval,
    /// Approved and shown to the customer.
    Approved,
    /// Accepted by the customer: the only status that can become an order.
    Accepted,
    /// Declined by the customer.
    Rejected,
    /// Ran out before it was accepted.
    Expired,
    /// Withdrawn, also after an acceptance.
    Cancelled,
    /// Replaced by a later revision.
    Superseded,
    /// A status this product does not know; treated as not accepted.
    #[serde(other)]
    Unknown,
}

/// Whether discounts and terms were approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteApproval {
    /// `NOT_REQUIRED` and `APPROVED` let an order pass.
    pub status: ApprovalStatus,
    /// When the decision fell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// Who decided, as the CPQ names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// End of the approval; absent means that it does not run out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Timestamp>,
}

/// State of the approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApprovalStatus {
    /// Nothing in the quote needs one.
    NotRequired,
    /// Not decided.
    Pending,
    /// Granted.
    Approved,
    /// Refused.
    Rejected,
    /// Taken back after it was granted.
    Revoked,
    /// A status this product does not know; treated as not granted.
    #[serde(other)]
    Unknown,
}

/// The contract behind the quote; complete when contract, term, start and signature are all there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractTerms {
    /// Key of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_id: Option<String>,
    /// Length in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_months: Option<u32>,
    /// First day of the contract.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// When both sides had signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
}

impl ContractTerms {
    /// Wire names of the parts that are missing, in their order; empty when the data is complete.
    #[must_use]
    pub fn missing_fields(&self) -> Vec<&'static str> {
        [
            ("contractId", self.contract_id.is_none()),
            ("termMonths", self.term_months.is_none()),
            ("startsOn", self.starts_on.is_none()),
            ("signedAt", self.signed_at.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, is_missing)| is_missing.then_some(name))
        .collect()
    }
}

/// A document that belongs to the quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteDocumentReference {
    /// What it is, for example `SIGNED_CONTRACT` or `SITE_SURVEY`.
    pub document_type: String,
    /// Whether the order must not start without it.
    pub required: bool,
    /// Key in the document store; absent means that the document is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<String>,
}

/// One sold product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuoteItem {
    /// Unique within the quote.
    pub item_id: String,
    /// The bundle this item belongs to; names another item of the quote, cycles are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_item_id: Option<String>,
    /// Key of the product in the catalogue.
    pub product_code: String,
    /// What shall happen to the product.
    pub action: ItemAction,
    /// 1 or more.
    pub quantity: u32,
    /// Absent parts cost nothing.
    #[serde(default)]
    pub price: ItemPrice,
    /// The configuration that was sold: booleans, integers and texts by name.
    #[serde(default)]
    pub characteristics: Characteristics,
    /// The configuration before the change, for MODIFY, DELETE and NO_CHANGE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_characteristics: Option<Characteristics>,
    /// The installed product that MODIFY, DELETE and NO_CHANGE are about (checked by the domain).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_instance_id: Option<String>,
    /// Whether the order is incomplete without this item; true unless said otherwise.
    #[serde(default = "mandatory_unless_said_otherwise")]
    pub mandatory: bool,
}

/// What an item asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemAction {
    /// A new product.
    Add,
    /// Another configuration of an installed product.
    Modify,
    /// The end of an installed product.
    Delete,
    /// Listed for completeness only.
    NoChange,
}

/// Price of an item for its whole quantity, in the quote's currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemPrice {
    /// Per month; `{ "amountMinor": 49900, "currency": "EUR" }`.
    #[serde(default, deserialize_with = "money", skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Money>,
    /// Once; may be negative for a credit.
    #[serde(default, deserialize_with = "money", skip_serializing_if = "Option::is_none")]
    pub one_time: Option<Money>,
}

/// A quote as it was answered: typed, verbatim, and the digest that names this content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteAnswer {
    /// The validated document.
    pub document: QuoteDocument,
    /// Everything the CPQ sent, for the snapshot.
    pub raw: serde_json::Value,
    /// SHA-256 in hex over `raw` with sorted keys and without spaces, so that it can be computed
    /// again from the stored snapshot.
    pub digest: String,
}

/// The CPQ's answer is no quote of this contract.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid quote: {reason}")]
pub struct MalformedQuote {
    /// The first rule that was broken, with the path of the field and never its value.
    pub reason: String,
}

impl QuoteAnswer {
    /// Parses and checks a quote document.
    ///
    /// # Errors
    /// When the bytes are no JSON, a field is missing or of the wrong type, or a value is outside
    /// its bounds.
    pub fn parse(body: &[u8]) -> Result<Self, MalformedQuote> {
        let raw = crate::wire::parse_object(body).map_err(malformed)?;
        Self::from_value(raw)
    }

    /// As [`QuoteAnswer::parse`], from JSON that is already parsed.
    ///
    /// # Errors
    /// When a field is missing or of the wrong type, or a value is outside its bounds.
    pub fn from_value(raw: serde_json::Value) -> Result<Self, MalformedQuote> {
        if !raw.is_object() {
            return Err(malformed("not a JSON object"));
        }
        let document: QuoteDocument = serde_path_to_error::deserialize(&raw)
            .map_err(|error| malformed(crate::wire::contract_problem(&error)))?;
        check::check(&document).map_err(malformed)?;
        if digest::contains_nul(&raw) {
            return Err(malformed("a text contains U+0000"));
        }
        let digest = digest::of_json(&raw);
        Ok(Self { document, raw, digest })
    }
}

fn malformed(reason: impl Into<String>) -> MalformedQuote {
    MalformedQuote { reason: reason.into() }
}

const fn mandatory_unless_said_otherwise() -> bool {
    true
}

/// Reads an amount and ignores what else the CPQ says about it, unlike our own `Money`.
fn money<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Money>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Amount {
        amount_minor: i64,
        currency: Currency,
    }
    let amount = Option::<Amount>::deserialize(deserializer)?;
    Ok(amount.map(|amount| Money::from_minor(amount.amount_minor, amount.currency)))
}

#[cfg(test)]
pub(crate) mod tests;
