//! The pool: one connection per execution environment by default, checked after a freeze.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolConfig, RecyclingMethod, Runtime,
};
use order_domain::tenant::TenantId;
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::dial::{Connector, Dialed};
use crate::error::StoreError;
use crate::settings::{DatabaseSettings, SslMode};
use crate::tx::{SystemTx, TenantTx, Tx};

/// A socket that idled longer may have died while the function was frozen.
const CHECK_AFTER_IDLE: Duration = Duration::from_secs(30);
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);

/// Entry to the store: hands out transactions and counts what they cost.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    counters: Arc<Counters>,
    answer_timeout: Duration,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) round_trips: AtomicU64,
    pub(crate) commits: AtomicU64,
}

/// What the store has cost so far; tests assert exact differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreCost {
    /// Times that we waited for PostgreSQL.
    pub round_trips: u64,
    /// Transactions committed.
    pub commits: u64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("cost", &self.cost()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a pool of at most `max_connections` and connects once, so that the first event is warm.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when the database cannot be reached.
    pub async fn connect(
        settings: &DatabaseSettings,
        tls: Option<rustls::ClientConfig>,
        max_connections: usize,
    ) -> Result<Self, StoreError> {
        Self::connect_on(None, settings, tls, max_connections).await
    }

    /// Learns the number of processors while somebody else is waited for: every pool asks for it when
    /// it is made, a dozen files of the kernel, and the second time it is known.
    pub fn count_processors_early() {
        let _for_its_default = PoolConfig::default();
    }

    /// As [`Store::connect`], over a connection that was dialed, if it leads to this database.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_on(
        dialed: Option<Dialed>,
        settings: &DatabaseSettings,
        tls: Option<rustls::ClientConfig>,
        max_connections: usize,
    ) -> Result<Self, StoreError> {
        let recycle = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let (host, config) = (settings.host(), settings.to_config());
        let dialed = dialed.and_then(|x| x.to(host, settings.port()));
        let manager = match (settings.sslmode(), tls) {
            (SslMode::Disable, _) => {
                Manager::from_connect(config, Connector::new(NoTls, host, dialed), recycle)
            }
            (SslMode::VerifyFull, Some(tls)) => {
                let connector = Connector::new(MakeRustlsConnect::new(tls), host, dialed);
                Manager::from_connect(config, connector, recycle)
            }
            (SslMode::VerifyFull, None) => {
                return Err(StoreError::Settings("verify-full needs a TLS configuration".into()));
            }
        };
        let pool = Pool::builder(manager)
            .max_size(max_connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_FOR_CONNECTION))
            .create_timeout(Some(settings.answer_timeout()))
            .recycle_timeout(Some(settings.answer_timeout()))
            .pre_recycle(Hook::async_fn(|client, metrics| {
                Box::pin(async move {
                    if metrics.last_used() < CHECK_AFTER_IDLE {
                        return Ok(());
                    }
                    client.check_connection().await.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| StoreError::Settings(error.to_string()))?;
        drop(pool.get().await.map_err(StoreError::Connect)?);
        Ok(Self { pool, counters: Arc::default(), answer_timeout: settings.answer_timeout() })
    }

    /// A transaction of one tenant, under forced row level security.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when no connection can be had.
    pub async fn tenant_tx(&self, tenant: &TenantId) -> Result<TenantTx, StoreError> {
        Ok(TenantTx::new(self.tx().await?, tenant.clone()))
    }

    /// A transaction across tenants, for roles that have an explicit policy.
    ///
    /// # Errors
    /// [`StoreError::Connect`] when no connection can be had.
    pub async fn system_tx(&self) -> Result<SystemTx, StoreError> {
        Ok(SystemTx::new(self.tx().await?))
    }

    /// Round trips and commits so far.
    #[must_use]
    pub fn cost(&self) -> StoreCost {
        StoreCost {
            round_trips: self.counters.round_trips.load(Ordering::Relaxed),
            commits: self.counters.commits.load(Ordering::Relaxed),
        }
    }

    async fn tx(&self) -> Result<Tx, StoreError> {
        let client = self.pool.get().await.map_err(StoreError::Connect)?;
        Ok(Tx::new(client, Arc::clone(&self.counters), self.answer_timeout))
    }
}
