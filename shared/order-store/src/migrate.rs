//! Applies `migrations/` under an advisory lock: two deployments at once end with one schema.

use sha2::{Digest, Sha256};
use tokio_postgres::types::Type;

use crate::error::{StoreError, statement};
use crate::settings::DatabaseSettings;

mod verifier;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// One number for "the schema of this product is being changed".
const ADVISORY_LOCK: i64 = 0x6f6d_735f_6d69_6772;

/// What a run of the migrations did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationSummary {
    /// Versions applied by this run, lowest first.
    pub applied: Vec<i64>,
    /// The schema's version afterwards.
    pub current: i64,
}

/// Migrates the database to the newest version and sets the passwords of login roles.
///
/// # Errors
/// [`StoreError::Migrate`] when a migration fails or was changed after it landed.
pub async fn migrate(
    settings: &DatabaseSettings,
    tls: Option<rustls::ClientConfig>,
    role_passwords: &[(String, String)],
) -> Result<MigrationSummary, StoreError> {
    let config = settings.to_config();
    let mut client = match tls {
        None => connect(config, tokio_postgres::NoTls).await?,
        Some(tls) => connect(config, tokio_postgres_rustls::MakeRustlsConnect::new(tls)).await?,
    };
    client
        .query_typed("select pg_advisory_lock($1)", &[(&ADVISORY_LOCK, Type::INT8)])
        .await
        .map_err(statement("advisory_lock"))?;
    // The lock belongs to the session and ends with it, also when this function fails.
    let report = embedded::migrations::runner()
        .run_async(&mut client)
        .await
        .map_err(|error| StoreError::Migrate(Box::new(error)))?;
    for (role, password) in role_passwords {
        let secret = verifier::of_password(password)?;
        let sql =
            format!("alter role {} login password {}", quoted(role, '"'), quoted(&secret, '\''));
        client.batch_execute(&sql).await.map_err(statement("set_role_password"))?;
    }
    let current = embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(|x| i64::from(x.version()))
        .max()
        .unwrap_or(0);
    let applied = report.applied_migrations().iter().map(|x| i64::from(x.version())).collect();
    Ok(MigrationSummary { applied, current })
}

/// Digest of all migrations: names the template database that tests copy.
#[must_use]
pub fn schema_digest() -> String {
    let mut hasher = Sha256::new();
    for migration in embedded::migrations::runner().get_migrations() {
        hasher.update(migration.name());
        hasher.update(migration.sql().unwrap_or_default());
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

async fn connect<T>(
    config: tokio_postgres::Config,
    tls: T,
) -> Result<tokio_postgres::Client, StoreError>
where
    T: tokio_postgres::tls::MakeTlsConnect<tokio_postgres::Socket> + Send + 'static,
    T::Stream: Send,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<tokio_postgres::Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await.map_err(statement("connect"))?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(error = %error, "the migration connection ended");
        }
    });
    Ok(client)
}

/// Quotes an identifier or a literal: DDL takes no parameters.
fn quoted(text: &str, quote: char) -> String {
    let doubled = text.replace(quote, &format!("{quote}{quote}"));
    if quote == '\'' && text.contains('\\') {
        return format!(" E'{}'", doubled.replace('\\', "\\\\"));
    }
    format!("{quote}{doubled}{quote}")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn identifiers_and_literals_cannot_leave_their_quotes() {
        assert_eq!(quoted("a\"b", '"'), "\"a\"\"b\"");
        assert_eq!(quoted("a'b", '\''), "'a''b'");
        assert_eq!(quoted("a\\'b", '\''), " E'a\\\\''b'");
    }
}
