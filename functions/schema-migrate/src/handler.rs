//! One migration: the schema is brought to the newest version, then the roles get their passwords.
//!
//! Trigger: invoked by the deployment, before code that needs the new schema. Running it twice is
//! safe: an applied migration is not applied again, two runs at once wait for each other under an
//! advisory lock, and setting a password that holds changes nothing.
//! A run that dies in a migration leaves the schema at the migration before it.

use std::collections::BTreeMap;

use lambda_runtime::{Error, LambdaEvent};
use lambda_support::database::DatabaseError;
use lambda_support::http::ClientError;
use lambda_support::secrets::{SecretsClient, SecretsError};
use order_store::{StoreError, migrate};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

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
}

/// Migrates and answers what was done; the deployment stops on an error.
///
/// # Errors
/// [`SchemaMigrateError`], with its whole chain in the log.
pub async fn handle(
    config: &Config,
    _event: LambdaEvent<Value>,
) -> Result<SchemaMigrateSummary, Error> {
    match run(config).await {
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

async fn run(config: &Config) -> Result<SchemaMigrateSummary, SchemaMigrateError> {
    // A new client each time: a password that was just rotated must not be undone from a cache.
    let secrets = SecretsClient::new(config.secrets.clone()).map_err(SchemaMigrateError::Client)?;
    let login = config.database.login(&secrets).await.map_err(SchemaMigrateError::Login)?;
    let passwords = role_passwords(&secrets, &config.role_secrets_id).await?;
    let migrated = migrate(&login.settings, login.tls, &passwords).await;
    let migrated = migrated.map_err(SchemaMigrateError::Store)?;
    Ok(SchemaMigrateSummary {
        applied: migrated.applied,
        current: migrated.current,
        roles: passwords.into_iter().map(|(role, _)| role).collect(),
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
