//! A sample quote as decomposition sees it; the wire contract itself belongs to the adapter crate.

use std::collections::BTreeMap;

use order_domain::catalogue::LineAction;
use order_domain::characteristic::Characteristics;
use order_domain::decomposition::{LineForDecomposition, OrderForDecomposition};
use order_domain::ids::OrderLineId;
use order_domain::money::Money;
use serde::Deserialize;
use uuid::Uuid;

/// Text of a file under `catalog/`.
pub(crate) fn catalog_file(name: &str) -> String {
    let path = format!("{}/../../catalog/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The order that the quote `name` becomes.
pub(crate) fn read_quote(name: &str) -> OrderForDecomposition {
    let text = catalog_file(&format!("quotes/{name}.json"));
    let quote: Quote = serde_json::from_str(&text).expect("the sample quote parses");
    let ids: BTreeMap<String, OrderLineId> =
        (1_u128..).zip(&quote.items).map(|(n, item)| (item.item_id.clone(), line_id(n))).collect();
    OrderForDecomposition {
        order_number: quote.quote_id,
        customer_id: quote.customer_id,
        billing_account_id: quote.billing_account_id,
        lines: quote.items.into_iter().map(|item| line(item, &ids)).collect(),
    }
}

fn line_id(number: u128) -> OrderLineId {
    OrderLineId::from_uuid(Uuid::from_u128(number))
}

fn line(item: Item, ids: &BTreeMap<String, OrderLineId>) -> LineForDecomposition {
    LineForDecomposition {
        id: ids[&item.item_id],
        parent_line_id: item.parent_item_id.map(|parent| ids[&parent]),
        product_code: item.product_code,
        action: item.action,
        quantity: item.quantity,
        characteristics: item.characteristics,
        previous_characteristics: item.previous_characteristics,
        recurring_price: item.price.recurring,
        one_time_price: item.price.one_time,
        product_instance_id: item.product_instance_id,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Quote {
    quote_id: String,
    customer_id: String,
    billing_account_id: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    item_id: String,
    parent_item_id: Option<String>,
    product_code: String,
    action: LineAction,
    quantity: u32,
    #[serde(default)]
    price: Price,
    #[serde(default)]
    characteristics: Characteristics,
    #[serde(default)]
    previous_characteristics: Characteristics,
    product_instance_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Price {
    recurring: Option<Money>,
    one_time: Option<Money>,
}
