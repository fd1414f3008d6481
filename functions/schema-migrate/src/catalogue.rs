//! A catalogue in the event: checked before anything is changed, loaded into the migrated schema.

use catalogue_loading::{CheckedCatalogue, InvalidCatalogue, LoadError, LoadedCatalogue, load};
use jiff::Timestamp;
use lambda_support::database::DatabaseLogin;
use order_domain::tenant::TenantId;
use order_store::{Store, StoreError};
use serde::Deserialize;
use serde_json::Value;

/// One connection, for one transaction.
const CONNECTIONS: usize = 1;

/// A catalogue that the event asks to load, and for whom.
#[derive(Debug)]
pub(crate) struct CatalogueRequest {
    tenant: TenantId,
    catalogue: CheckedCatalogue,
}

/// The event asks for something that is not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// Neither empty nor `{"catalogue": {…}, "tenantId": "…"}`.
    #[error("the event is neither empty nor a catalogue with its tenant")]
    Malformed(#[source] serde_json::Error),
    /// The document is no catalogue.
    #[error("the catalogue is refused: {0}")]
    Invalid(InvalidCatalogue),
}

/// The catalogue could not be loaded; the schema is migrated nevertheless.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The database could not be connected to once more.
    #[error("the store could not be opened")]
    Connect(#[source] StoreError),
    /// The version is taken, or the database refused.
    #[error("{0}")]
    Load(LoadError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Event {
    tenant_id: TenantId,
    catalogue: Value,
}

impl CatalogueRequest {
    /// Reads and checks an event; `None` when it asks for no catalogue.
    pub(crate) fn parse(event: Value) -> Result<Option<Self>, EventError> {
        let is_empty = event.is_null() || event.as_object().is_some_and(serde_json::Map::is_empty);
        if is_empty {
            return Ok(None);
        }
        // Strict: a misspelt name must not look like a catalogue that was loaded.
        let event: Event = serde_json::from_value(event).map_err(EventError::Malformed)?;
        let catalogue = CheckedCatalogue::parse(event.catalogue).map_err(EventError::Invalid)?;
        Ok(Some(Self { tenant: event.tenant_id, catalogue }))
    }

    /// Makes it the tenant's current catalogue, as the owner of the schema.
    pub(crate) async fn load(
        &self,
        login: DatabaseLogin,
    ) -> Result<LoadedCatalogue, CatalogueError> {
        let store = Store::connect(&login.settings, login.tls, CONNECTIONS).await;
        let store = store.map_err(CatalogueError::Connect)?;
        let loaded = load(&store, &self.tenant, &self.catalogue, Timestamp::now()).await;
        loaded.map_err(CatalogueError::Load)
    }
}
