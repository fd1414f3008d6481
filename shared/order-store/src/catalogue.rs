//! `product_catalogue`: what products mean, per tenant and version (§9).

use futures_util::future::try_join3;
use jiff::Timestamp;
use order_domain::catalogue::Catalogue;
use order_domain::tenant::TenantId;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tenant_chain::TenantChain;
use crate::tx::{TenantTx, Tx};

pub(crate) const FIND_CURRENT: &str = r"
    select c.document
    from product_catalogue c
    where c.tenant_id = $1 and c.is_current";

/// Loading the same version again with the same content changes nothing; with other content it is
/// refused, because orders name the version that made their work.
pub(crate) const APPLY: &str = r"
    with loaded as (
        insert into product_catalogue as c (tenant_id, version, document, digest, is_current, loaded_at)
        values ($1, $2, $3, $4, not exists (select from product_catalogue x where x.tenant_id = $1), $5)
        on conflict (tenant_id, version) do update set loaded_at = c.loaded_at
        where c.digest = excluded.digest
        returning c.version)
    select l.version from loaded l";

/// First nobody is current, then the one: at most one may be at any moment.
pub(crate) const RETIRE_OTHERS: &str = r"
    update product_catalogue c
    set is_current = false
    where c.tenant_id = $1 and c.is_current and c.version <> $2";

pub(crate) const MAKE_CURRENT: &str = r"
    update product_catalogue c
    set is_current = true
    where c.tenant_id = $1 and c.version = $2";

/// What loading a catalogue did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum ApplyOutcome {
    /// It is the tenant's current catalogue.
    Current,
    /// The version exists with other content: choose a new version.
    VersionTaken,
}

/// The tenant's current catalogue, inside a transaction of a command.
pub(crate) async fn find_current_in(
    tx: &Tx,
    tenant: &TenantId,
) -> Result<Option<Catalogue>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT)];
    let rows = tx.rows("find_current_catalogue", FIND_CURRENT, &params).await?;
    rows.first().map(|row| Reader::new("product_catalogue", row).json("document")).transpose()
}

/// SHA-256 of the content, keys sorted: spaces and the order of keys make no other catalogue.
pub(crate) fn digest_of(document: &Value) -> String {
    let digest = Sha256::digest(document.to_string());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Loads a validated catalogue and makes it the tenant's current one.
///
/// # Errors
/// Technical failures of the store.
pub async fn apply(
    mut tenant_tx: TenantTx,
    version: i32,
    document: &Value,
    now: Timestamp,
) -> Result<ApplyOutcome, StoreError> {
    let tenant = tenant_tx.tenant.clone();
    let digest = digest_of(document);
    let loaded = tenant_tx
        .tx
        .open(Some(&tenant), async |tx| {
            let params = [
                (&tenant.as_str() as _, Type::TEXT),
                (&version as _, Type::INT4),
                (document as _, Type::JSONB),
                (&digest as _, Type::TEXT),
                (&now as _, Type::TIMESTAMPTZ),
            ];
            let key = [(&tenant.as_str() as _, Type::TEXT), (&version as _, Type::INT4)];
            // Whoever applies one over HTTP holds the tenant's chain, too: one after the other.
            let (_, loaded, _) = try_join3(
                TenantChain::lock(tx, &tenant),
                tx.rows("apply_catalogue", APPLY, &params),
                tx.rows("retire_catalogues", RETIRE_OTHERS, &key),
            )
            .await?;
            Ok(loaded)
        })
        .await?;
    if loaded.is_empty() {
        tenant_tx.tx.roll_back().await?;
        return Ok(ApplyOutcome::VersionTaken);
    }
    let params = [(&tenant.as_str() as _, Type::TEXT), (&version as _, Type::INT4)];
    tenant_tx.tx.write_and_commit("make_catalogue_current", MAKE_CURRENT, &params).await?;
    Ok(ApplyOutcome::Current)
}
