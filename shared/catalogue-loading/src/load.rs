//! A checked catalogue becomes the tenant's current one, in one transaction.

use jiff::Timestamp;
use order_domain::tenant::TenantId;
use order_store::catalogue::{self, ApplyOutcome};
use order_store::{Store, StoreError};
use serde::Serialize;

use crate::check::CheckedCatalogue;

/// What is the tenant's current catalogue now, by this call or an earlier one with the same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadedCatalogue {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its version.
    pub version: i32,
    /// How many products it has.
    pub products: usize,
}

/// Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Orders name the version that made their work.
    #[error("catalogue version {version} of {tenant} exists with other content: raise the version")]
    VersionTaken {
        /// Whose it would have become.
        tenant: TenantId,
        /// The version that is taken.
        version: i32,
    },
    /// The database refused, or is not migrated.
    #[error("the catalogue could not be stored")]
    Store(#[source] StoreError),
}

/// Makes a catalogue the current one of a tenant; needs a store of the schema's owner.
///
/// # Errors
/// [`LoadError`]; the catalogue that was current then still is.
pub async fn load(
    store: &Store,
    tenant: &TenantId,
    catalogue: &CheckedCatalogue,
    now: Timestamp,
) -> Result<LoadedCatalogue, LoadError> {
    // Row level security binds the owner, too: each write names its tenant.
    let tx = store.tenant_tx(tenant).await.map_err(LoadError::Store)?;
    let version = catalogue.version();
    let applied = catalogue::apply(tx, version, catalogue.document(), now).await;
    match applied.map_err(LoadError::Store)? {
        ApplyOutcome::VersionTaken => {
            Err(LoadError::VersionTaken { tenant: tenant.clone(), version })
        }
        ApplyOutcome::Current => Ok(LoadedCatalogue {
            tenant_id: tenant.clone(),
            version,
            products: catalogue.products(),
        }),
    }
}
