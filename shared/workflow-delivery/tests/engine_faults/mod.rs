//! Engine faults per call (RELIABILITY D1): eight faults at nine calls, and what follows from each.

mod engine;
mod stories;
mod table;

use std::error::Error;
use std::time::Instant;

use engine::{Engine, LIMIT, Strike};
use futures_util::future::join_all;
use stories::Bench;
use table::{Call, Cell, Fault};

use crate::relay::Relay;

/// Reviewed like a snapshot: `call | fault | error, class | if not done | if done`.
const TABLE: &str = include_str!("table.txt");

/// The typed error of the call alone; it is sent once, and ends within its own limit.
async fn error_of(bench: &Bench, call: Call, fault: Fault) -> camunda_client::EngineError {
    let engine = Engine::start(&bench.http);
    engine.state().task = engine::Task::Locked;
    engine.strike(Strike { call, fault, is_done: false }).await;
    let began = Instant::now();
    let error = stories::ask(&engine, call).await.expect_err("it fails");
    let took = began.elapsed();
    let source = error.source().and_then(|x| x.downcast_ref::<reqwest::Error>());
    let timed_out = source.is_some_and(reqwest::Error::is_timeout);
    assert_eq!(
        timed_out,
        matches!(fault, Fault::Hang | Fault::Slow),
        "{call:?} {fault:?}: {error:?}"
    );
    assert!(!timed_out || took >= LIMIT && took < LIMIT * 5, "{call:?} {fault:?}: {took:?}");
    assert_eq!(engine.client.calls().total(), 1, "the client repeats nothing by itself");
    error
}

/// One line of the table, played.
async fn cell(bench: &Bench, call: Call, fault: Fault) -> Cell {
    let error = error_of(bench, call, fault).await;
    let if_not_done = stories::tell(bench, Strike { call, fault, is_done: false }).await;
    let if_done = match fault.can_have_been_done() {
        true => Some(stories::tell(bench, Strike { call, fault, is_done: true }).await),
        false => None,
    };
    Cell { call, fault, error, if_not_done, if_done }
}

async fn line(bench: Bench, call: Call) -> Vec<Cell> {
    let mut cells = Vec::new();
    for fault in Fault::ALL {
        cells.push(cell(&bench, call, fault).await);
    }
    if let Some(relay) = bench.relay {
        relay.finish().await;
    }
    cells
}

#[tokio::test]
async fn every_cell_of_the_engine_fault_matrix_is_as_the_table_says() {
    let http = lambda_support::http::client(LIMIT * 10).unwrap();
    let mut lines = Vec::new();
    for call in Call::ALL {
        // Made before anything is timed.
        let relay = if call.is_delivered() { Some(Relay::owing_the_start().await) } else { None };
        lines.push(line(Bench { relay, http: http.clone() }, call));
    }
    let lines = join_all(lines).await;

    let cells: Vec<Cell> = lines.into_iter().flatten().collect();
    assert_eq!(cells.len(), 72);
    let seen: String = cells.iter().map(|x| format!("{x}\n")).collect();
    assert!(seen == TABLE, "the matrix is not as table.txt says; it is\n{seen}");
}
