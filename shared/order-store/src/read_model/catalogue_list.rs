//! Catalogues of one tenant: which versions there are, and what one of them says.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::TenantTx;

pub(crate) const LIST_CATALOGUES: &str = r"
    select c.version, c.digest, c.is_current, c.loaded_at,
           jsonb_array_length(c.document->'products') as product_count
    from product_catalogue c
    where c.tenant_id = $1 and ($2::integer is null or c.version < $2)
    order by c.version desc
    limit $3";

/// Without a version: the current one.
pub(crate) const FIND_CATALOGUE: &str = r"
    select c.version, c.digest, c.is_current, c.loaded_at, c.document,
           jsonb_array_length(c.document->'products') as product_count
    from product_catalogue c
    where c.tenant_id = $1
      and case when $2::integer is null then c.is_current else c.version = $2 end";

/// One version, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CatalogueSummary {
    /// The version.
    pub version: u32,
    /// SHA-256 of its content.
    pub digest: String,
    /// Whether orders are decomposed with it.
    pub is_current: bool,
    /// When it was loaded.
    pub loaded_at: Timestamp,
    /// How many products it has.
    pub product_count: u32,
}

/// One version with its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CatalogueView {
    /// What the list says of it.
    #[serde(flatten)]
    pub summary: CatalogueSummary,
    /// The document, as `catalog/schema/catalogue.schema.json` describes it.
    pub document: Value,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CataloguePage {
    /// The versions, newest first.
    pub catalogues: Vec<CatalogueSummary>,
    /// The last one shown, if more follow.
    pub next: Option<CatalogueSummary>,
}

impl TryFrom<&Row> for CatalogueSummary {
    type Error = StoreError;

    fn try_from(row: &Row) -> Result<Self, StoreError> {
        let r = Reader::new("product_catalogue", row);
        Ok(Self {
            version: r.count("version")?,
            digest: r.get("digest")?,
            is_current: r.get("is_current")?,
            loaded_at: r.get("loaded_at")?,
            product_count: r.count("product_count")?,
        })
    }
}

/// One page of the tenant's versions, in one round trip; `before` is the last one shown.
///
/// # Errors
/// Technical failures of the store.
pub async fn list_catalogues(
    tx: TenantTx,
    before: Option<i32>,
    limit: u16,
) -> Result<CataloguePage, StoreError> {
    let tenant = tx.tenant.clone();
    // One more than asked for says whether another page follows.
    let one_more = i64::from(limit) + 1;
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&before as _, Type::INT4),
        (&one_more as _, Type::INT8),
    ];
    let rows = tx.run_alone("list_catalogues", LIST_CATALOGUES, &params).await?;
    let mut catalogues: Vec<_> =
        rows.iter().map(CatalogueSummary::try_from).collect::<Result<_, _>>()?;
    let has_more = catalogues.len() > usize::from(limit);
    catalogues.truncate(usize::from(limit));
    let next = catalogues.last().filter(|_| has_more).cloned();
    Ok(CataloguePage { catalogues, next })
}

/// One version with its content, or the current one, in one round trip.
///
/// # Errors
/// Technical failures of the store.
pub async fn find_catalogue(
    tx: TenantTx,
    version: Option<i32>,
) -> Result<Option<CatalogueView>, StoreError> {
    let tenant = tx.tenant.clone();
    let params = [(&tenant.as_str() as _, Type::TEXT), (&version as _, Type::INT4)];
    let rows = tx.run_alone("find_catalogue", FIND_CATALOGUE, &params).await?;
    let view = |row: &Row| {
        let document = Reader::new("product_catalogue", row).get("document")?;
        Ok(CatalogueView { summary: row.try_into()?, document })
    };
    rows.first().map(view).transpose()
}
