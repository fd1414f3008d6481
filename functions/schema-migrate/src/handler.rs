//! One migration: the schema is brought to the newest version, then the roles get their passwords,
//! and a catalogue that the event brings becomes its tenant's current one.
//!
//! Trigger: invoked by the deployment, before code that needs the new schema. Running it twice is
//! safe: an applied migration is not applied again, two runs at once wait for each other under an
//! advisory lock, and setting a password or loading a catalogue that holds changes nothing.
//! An event that is refused stops the run before anything is changed.
//! A run that dies in a migration leaves the schema at the migration before it.

use std::collections::BTreeMap;

use catalogue_loading::LoadedCatalogue;
use lambda_runtime::{Error, LambdaEvent};
use lambda_support::database::DatabaseError;
use lambda_support::http::ClientError;
use lambda_support::secrets::{SecretsClient, SecretsError};
use order_store::{StoreError, migrate};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use crate::catalogue::{CatalogueError, CatalogueRequest, EventError};
use crate::config::Config;

/// Only roles of this product get a password from here.
const ROLE_PREFIX: &str = "oms_";
/// The role that migrates: changing its password here would lock this function out.
const OWNER: &str = "oms_owner";

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaMigrateSummary {
    /// Versions that this run applied, lowest first; empty when the schema was current.
    pub applied: Vec<i64>,
    /// The schema's version afterwards.
    pub current: i64,
    /// Roles whose password was set.
    pub roles: Vec<String>,
    /// The catalogue that the event asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<LoadedCatalogue>,
}

/// The schema is not what this release needs.
#[derive(Debug, thiserror::Error)]
pub enum SchemaMigrateError {
    /// The client of the secrets endpoint could not be made.
    #[error("the client of the secrets endpoint could not be made")]
    Client(#[source] ClientError),
    /// There is no login of the owner, or nothing to check the database's certificate with.
    #[error("there is no usable login of the owner")]
    Login(#[source] DatabaseError),
    /// The secret with the passwords is missing, unreachable or not what it should be.
    #[error("the passwords of the roles cannot be used")]
    Secret(#[source] SecretsError),
    /// A password is meant for a role that is not a function's.
    #[error("{0} is not the role of a function")]
    ForeignRole(String),
    /// The database refused a migration or a password.
    #[error("the database could not be migrated")]
    Store(#[source] StoreError),
    /// The event is refused; nothing was changed.
    #[error("{0}")]
    Event(EventError),
    /// The schema is migrated, the catalogue is not loaded.
    #[error("the catalogue is not loaded: {0}")]
    Catalogue(CatalogueError),
}

/// Migrates and answers what was done; the deployment stops on an error.
///
/// # Errors
/// [`SchemaMigrateError`], with its whole chain in the log.
pub async fn handle(
    config: &Config,
    event: LambdaEvent<Value>,
) -> Result<SchemaMigrateSummary, Error> {
    match run(config, event.payload).await {
        Ok(summary) => {
            tracing::info!(?summary, "schema is current");
            Ok(summary)
        }
        Err(error) => {
            tracing::error!(error = lambda_support::error_chain(&error), "schema is not current");
            Err(error.into())
        }
    }
}

async fn run(config: &Config, event: Value) -> Result<SchemaMigrateSummary, SchemaMigrateError> {
    let request = CatalogueRequest::parse(event).map_err(SchemaMigrateError::Event)?;
    // A new client each time: a password that was just rotated must not be undone from a cache.
    let secrets = SecretsClient::new(config.secrets.clone()).map_err(SchemaMigrateError::Client)?;
    let login = config.database.login(&secrets).await.map_err(SchemaMigrateError::Login)?;
    let passwords = role_passwords(&secrets, &config.role_secrets_id).await?;
    let migrated = migrate(&login.settings, login.tls.clone(), &passwords).await;
    let migrated = migrated.map_err(SchemaMigrateError::Store)?;
    let catalogue = match request {
        None => None,
        Some(request) => Some(request.load(login).await.map_err(SchemaMigrateError::Catalogue)?),
    };
    Ok(SchemaMigrateSummary {
        applied: migrated.applied,
        current: migrated.current,
        roles: passwords.into_iter().map(|(role, _)| role).collect(),
        catalogue,
    })
}

async fn role_passwords(
    secrets: &SecretsClient,
    secret_id: &str,
) -> Result<Vec<(String, String)>, SchemaMigrateError> {
    let passwords: BTreeMap<String, SecretString> =
        secrets.json(secret_id).await.map_err(SchemaMigrateError::Secret)?;
    passwords
        .into_iter()
        .map(|(role, password)| {
            if role.starts_with(ROLE_PREFIX) && role != OWNER {
                Ok((role, password.expose_secret().to_owned()))
            } else {
                Err(SchemaMigrateError::ForeignRole(role))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
