//! A thousand cases, and a worker that is killed in the middle: once by the machine, at whatever it
//! was doing, and once between an act and its recording.

use std::time::{Duration, Instant};

use fault_points::CrashPoint;

use crate::cell::Action;
use crate::child::{Child, Trap};
use crate::scenes::{Bulk, Scene};

const CASES: u32 = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);

async fn acts(bulk: &Bulk) -> i64 {
    let sql = "select count(*) from fallout_action where action = 'retry-step'";
    bulk.stage.db.number(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_cases_whose_worker_is_killed_in_the_middle_are_each_acted_on_once() {
    let bulk = Bulk::open(CASES).await;
    let worker = Child::start(&bulk.job().await, None);
    let started = Instant::now();
    while acts(&bulk).await < 400 {
        assert!(started.elapsed() < PATIENCE, "the worker does nothing");
        tokio::task::yield_now().await;
    }
    worker.kill().await;
    let in_the_middle = acts(&bulk).await;
    assert!((400..i64::from(CASES)).contains(&in_the_middle), "{in_the_middle}");
    bulk.time_passes().await;
    let trap = Trap { point: CrashPoint::BulkAfterAct, action: Action::Abort, passes: 1 };
    let end = Child::start(&bulk.job().await, Some(trap)).end().await.unwrap();
    assert_eq!((end.strikes, end.answer.is_none()), (1, true), "{end:?}");
    bulk.time_passes().await;
    // One round for the others, one for their results.
    for _ in 0..2 {
        bulk.round().await;
        bulk.time_passes().await;
    }
    bulk.round().await;

    assert!(bulk.is_settled().await, "{}", bulk.state().await);
    bulk.judge().await.unwrap();
    Box::new(bulk).close().await;
}
