//! Two ways to a connection, and no third: [`TenantTx`] and [`SystemTx`].
//!
//! Both send BEGIN, the tenant setting and the first statements in one flush, and the writing
//! statement together with COMMIT in another: a command costs two round trips.
//! Invariant: COMMIT is pipelined with ONE data statement only, because PostgreSQL answers success
//! to the COMMIT of a failed transaction; the verdict is the data statement's.
//! A transaction that is dropped unfinished takes its connection with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use deadpool_postgres::Object;
use futures_util::future::{join3, try_join, try_join3};
use order_domain::tenant::TenantId;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::error::{StoreError, statement};
use crate::pool::Counters;

/// A statement's parameters with their types, so that it can be sent unnamed in one flush.
pub(crate) type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

const SET_TENANT: &str = "select set_config('app.tenant_id', $1, true)";

/// A connection inside (or on the way into) a transaction.
pub(crate) struct Tx {
    client: Option<Object>,
    counters: Arc<Counters>,
    answer_timeout: Duration,
    is_open: bool,
}

impl Tx {
    pub(crate) fn new(client: Object, counters: Arc<Counters>, answer_timeout: Duration) -> Self {
        Self { client: Some(client), counters, answer_timeout, is_open: false }
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("the client leaves only in drop")
    }

    fn count_round_trip(&self) {
        self.counters.round_trips.fetch_add(1, Ordering::Relaxed);
    }

    /// Rows of one statement, as a part of whatever flush it is polled in.
    pub(crate) async fn rows(
        &self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.answer(operation, self.client().query_typed(sql, params)).await
    }

    /// A statement without parameters and rows, likewise.
    async fn run(&self, sql: &'static str) -> Result<(), StoreError> {
        self.answer(sql, self.client().batch_execute(sql)).await
    }

    /// Waits as long as the settings allow; whoever is not answered drops the connection.
    async fn answer<T>(
        &self,
        operation: &'static str,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.answer_timeout, answer).await {
            Ok(answer) => answer.map_err(statement(operation)),
            Err(_) => Err(StoreError::NoAnswer { operation }),
        }
    }

    /// BEGIN, the tenant setting and `loads` in one round trip.
    pub(crate) async fn open<T>(
        &mut self,
        tenant: Option<&TenantId>,
        loads: impl AsyncFnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.is_open = true;
        self.count_round_trip();
        let this = &*self;
        let (_, _, loaded) =
            try_join3(this.run("begin"), this.set_tenant(tenant), loads(this)).await?;
        Ok(loaded)
    }

    /// The same for whoever only reads: every statement sees one snapshot.
    pub(crate) async fn open_snapshot<T>(
        &mut self,
        tenant: &TenantId,
        loads: impl AsyncFnOnce(&Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.is_open = true;
        self.count_round_trip();
        let this = &*self;
        let begin = this.run("begin isolation level repeatable read read only");
        let (_, _, loaded) = try_join3(begin, this.set_tenant(Some(tenant)), loads(this)).await?;
        Ok(loaded)
    }

    async fn set_tenant(&self, tenant: Option<&TenantId>) -> Result<(), StoreError> {
        if let Some(tenant) = tenant {
            self.rows("set_tenant", SET_TENANT, &[(&tenant.as_str(), Type::TEXT)]).await?;
        }
        Ok(())
    }

    /// The one writing statement and COMMIT, in one round trip.
    pub(crate) async fn write_and_commit(
        mut self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.count_round_trip();
        let (rows, ()) = try_join(self.rows(operation, sql, params), self.run("commit")).await?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.is_open = false;
        Ok(rows)
    }

    /// BEGIN, the tenant setting, one statement and COMMIT in a single round trip.
    ///
    /// When the statement fails, the COMMIT behind it rolls back and the connection is clean again.
    pub(crate) async fn run_once(
        &mut self,
        tenant: Option<&TenantId>,
        operation: &'static str,
        (sql, params): (&str, Params<'_>),
    ) -> Result<Vec<Row>, StoreError> {
        self.is_open = true;
        self.count_round_trip();
        let this = &*self;
        let prepare = try_join(this.run("begin"), this.set_tenant(tenant));
        let (prepared, rows, committed) =
            join3(prepare, this.rows(operation, sql, params), this.run("commit")).await;
        prepared?;
        committed?;
        self.is_open = false;
        let rows = rows?;
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
    }

    /// Ends a transaction that wrote nothing.
    pub(crate) async fn roll_back(mut self) -> Result<(), StoreError> {
        self.count_round_trip();
        self.run("rollback").await?;
        self.is_open = false;
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let (true, Some(client)) = (self.is_open, self.client.take()) {
            // Closing the connection rolls back; returning it would hand an open transaction on.
            drop(Object::take(client));
        }
    }
}

/// One transaction of one tenant; everything that serves one order.
pub struct TenantTx {
    pub(crate) tx: Tx,
    pub(crate) tenant: TenantId,
}

impl TenantTx {
    pub(crate) const fn new(tx: Tx, tenant: TenantId) -> Self {
        Self { tx, tenant }
    }

    /// The tenant that the transaction is bound to.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub(crate) async fn run_alone(
        mut self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.tx.run_once(Some(&self.tenant), operation, (sql, params)).await
    }
}

impl std::fmt::Debug for TenantTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TenantTx").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// One transaction across tenants: relay, reconciliation, step executor and callback processor.
pub struct SystemTx {
    pub(crate) tx: Tx,
}

impl SystemTx {
    pub(crate) const fn new(tx: Tx) -> Self {
        Self { tx }
    }

    pub(crate) async fn run_alone(
        mut self,
        operation: &'static str,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        self.tx.run_once(None, operation, (sql, params)).await
    }
}

impl std::fmt::Debug for SystemTx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemTx").finish_non_exhaustive()
    }
}
