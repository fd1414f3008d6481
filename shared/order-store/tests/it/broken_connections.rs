//! What the store makes of a database that falls silent, resets, or answers only in part.
//!
//! Whatever happens to the connection, a command is done completely or not at all; its caller gets
//! an error that says "repeat", and the repeat with the same key finds out which it was.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fault_proxy::{Connections, Fault, FaultProxy};
use order_domain::ids::OrderId;
use order_store::commands::{self, CommandOutcome};
use order_store::{Store, StoreError};
use test_support::stage::Stage;
use test_support::{READY, order_draft, place_order};

const ROLE: &str = "oms_order_validate_readiness";
/// Far above what a statement takes here, far below the patience of a test.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

/// An order, and a store of one connection that reaches its database through the proxy only.
struct Line {
    stage: Stage,
    proxy: FaultProxy,
    store: Store,
}

impl Line {
    async fn open(answer_timeout: Duration) -> Self {
        let stage = Stage::placed(1).await;
        let own_address = "select host(inet_server_addr()) || ':' || inet_server_port()";
        let upstream: SocketAddr =
            stage.db.text(own_address).await.expect("a TCP connection").parse().expect("address");
        let proxy = FaultProxy::start(upstream).await.expect("a free port");
        let settings = stage.db.settings(ROLE).reached_at(proxy.addr());
        let settings = settings.with_answer_timeout(answer_timeout);
        let store = Store::connect(&settings, None, 1).await.expect("the proxy passes");
        Self { stage, proxy, store }
    }

    async fn set(&self, fault: Fault) {
        self.proxy.set(fault).await.expect("the fault holds");
    }

    /// The command of the journey's first milestone, under a key of the order; it never hangs.
    async fn command(&self, order: OrderId) -> Result<CommandOutcome, StoreError> {
        tokio::time::timeout(PATIENCE, self.validate(order)).await.expect("an end, good or bad")
    }

    async fn validate(&self, order: OrderId) -> Result<CommandOutcome, StoreError> {
        let tx = self.store.tenant_tx(&self.stage.tenant).await?;
        let ctx = self.stage.context(ROLE).with_idempotency_key(format!("VALIDATE:{order}"));
        commands::validate_readiness(tx, order, &ctx, READY).await
    }

    /// Everything the command writes about an order.
    async fn traces(&self, order: OrderId) -> [i64; 5] {
        let statements = [
            format!("select count(*) from product_order where id = '{order}' and version > 1"),
            format!("select count(*) - 1 from order_transition where order_id = '{order}'"),
            format!("select count(*) - 1 from domain_event where order_id = '{order}'"),
            format!("select count(*) - 1 from audit_entry where chain_id = '{order}'"),
            format!("select count(*) from idempotency_record where key = 'VALIDATE:{order}'"),
        ];
        let mut traces = [0; 5];
        for (trace, sql) in traces.iter_mut().zip(&statements) {
            *trace = self.stage.db.number(sql).await;
        }
        traces
    }

    /// Returns when no transaction has the order any more, however its connection ended.
    async fn wait_for_its_lock(&self, order: OrderId) {
        let lock = format!("select 1 from product_order where id = '{order}' for update");
        self.stage.db.execute(&lock).await;
    }

    async fn close(self) {
        self.proxy.shutdown().await;
        self.stage.db.finish().await;
    }
}

const NOTHING: [i64; 5] = [0; 5];
const EVERYTHING: [i64; 5] = [1; 5];

#[tokio::test]
async fn a_silent_database_ends_a_command_within_the_time_limit_and_the_pool_recovers() {
    let line = Line::open(Duration::from_millis(400)).await;
    let order = line.stage.order_id;
    line.set(Fault::Blackhole).await;
    let begun = Instant::now();

    let command = line.command(order).await.expect_err("nobody answers");
    let connection = line.command(order).await.expect_err("nobody answers the login");

    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(matches!(command, StoreError::NoAnswer { .. }), "{command:?}");
    assert!(matches!(connection, StoreError::Connect(_)), "{connection:?}");
    assert!(command.is_retryable() && connection.is_retryable());
    assert_eq!(line.proxy.hits().blackhole, 2);
    line.set(Fault::None).await;
    assert_eq!(line.traces(order).await, NOTHING);
    let again = line.command(order).await;
    assert!(matches!(again, Ok(CommandOutcome::Applied { .. })), "{again:?}");
    line.close().await;
}

#[tokio::test]
async fn a_reset_in_the_middle_of_a_transaction_is_retryable_and_leaves_nothing() {
    let line = Line::open(PATIENCE).await;
    let order = line.stage.order_id;
    let db = &line.stage.db;
    // Somebody else has the order, so that the command waits inside its transaction.
    db.execute(&format!("begin; select 1 from product_order where id = '{order}' for update"))
        .await;
    let reset_when_it_waits = async {
        let waiting = "select count(*) from pg_locks
                       where not granted and transactionid = pg_current_xact_id()::xid";
        let begun = Instant::now();
        while db.number(waiting).await == 0 {
            assert!(begun.elapsed() < PATIENCE, "the command never waited");
        }
        line.set(Fault::Reset(Connections::Established)).await;
    };

    let (outcome, ()) = tokio::join!(line.command(order), reset_when_it_waits);

    let error = outcome.expect_err("the connection is gone");
    assert!(matches!(error, StoreError::Statement { .. }), "{error:?}");
    assert!(error.is_retryable());
    assert_eq!(line.proxy.hits().reset, 1);
    db.execute("rollback").await;
    assert_eq!(line.traces(order).await, NOTHING);
    let again = line.command(order).await;
    assert!(matches!(again, Ok(CommandOutcome::Applied { .. })), "{again:?}");
    line.close().await;
}

#[tokio::test]
async fn a_command_whose_answer_is_cut_anywhere_is_done_completely_or_not_at_all() {
    let line = Line::open(ANSWER_TIMEOUT).await;
    let intake = line.stage.db.store("oms_order_intake").await;
    // Between them lies the number of bytes that a command is answered with.
    let (mut too_few, mut enough) = (0, 1 << 17);
    let (mut undone, mut done_unheard) = (0, 0);
    let mut after = 0;
    while enough - too_few > 1 {
        let draft = order_draft(&["ROUTER_RENTAL"]);
        let order = place_order(&intake, &line.stage.tenant, &draft).await;
        // A connection before the setting, so that its login is not counted.
        drop(line.store.tenant_tx(&line.stage.tenant).await.expect("a connection"));
        line.set(Fault::Truncate { after }).await;

        let outcome = line.command(order).await;

        line.set(Fault::None).await;
        line.wait_for_its_lock(order).await;
        match (outcome, line.traces(order).await) {
            (Ok(_), EVERYTHING) => enough = after,
            (Err(error), traces) => {
                assert!(error.is_retryable(), "cut after {after}: {error:?}");
                assert!([NOTHING, EVERYTHING].contains(&traces), "cut after {after}: {traces:?}");
                if traces == NOTHING {
                    undone += 1
                } else {
                    done_unheard += 1
                }
                too_few = after;
            }
            (Ok(_), traces) => panic!("heard after {after} bytes, and yet {traces:?}"),
        }
        let again = line.command(order).await.expect("the line is whole");
        assert!(matches!(again, CommandOutcome::Applied { .. }), "cut after {after}: {again:?}");
        assert_eq!(line.traces(order).await, EVERYTHING, "cut after {after}");
        after = usize::midpoint(too_few, enough);
    }
    assert!(undone > 0 && done_unheard > 0, "{undone} undone, {done_unheard} done and not heard");
    assert_eq!(line.proxy.hits().truncate, undone + done_unheard);
    line.close().await;
}
