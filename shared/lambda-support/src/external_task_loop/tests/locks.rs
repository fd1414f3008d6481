//! Locks of tasks in hand and of tasks that wait for their turn; on a clock that the tests move.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::advance;

use super::super::{LoopSettings, TaskOutcome, run};
use super::stub::{StubEngine, engine_error, hold_the_clock, in_ms, settings};

/// One task at a time; a lock is old after 300 ms and over after 900 ms.
fn slow() -> LoopSettings {
    LoopSettings {
        parallel: 1,
        extend_after: Duration::from_millis(300),
        lock_duration: Duration::from_millis(900),
        ..settings().draining()
    }
}

async fn works_for(milliseconds: u64) -> TaskOutcome {
    advance(Duration::from_millis(milliseconds)).await;
    TaskOutcome::complete()
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_task_in_hand_is_extended_as_long_as_it_takes() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;

    let summary = run(&engine.client, &slow(), in_ms(5_000), |_| async {
        for extensions in 1..=3 {
            let _ = works_for(350).await;
            engine.has_seen("t1/extendLock", extensions).await;
        }
        TaskOutcome::complete()
    })
    .await
    .unwrap();

    assert_eq!(summary.completed, 1);
    let extensions = engine.bodies("t1/extendLock").await;
    assert_eq!(extensions.len(), 3);
    assert_eq!(extensions[0]["newDuration"], 900);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_waited_long_for_its_turn_is_extended_before_it_is_started() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1", "t2"]]).await;

    let summary = run(&engine.client, &slow(), in_ms(5_000), |task| async move {
        works_for(if task.id == "t1" { 450 } else { 0 }).await
    })
    .await
    .unwrap();

    assert_eq!(summary.completed, 2);
    assert_eq!(engine.bodies("t2/extendLock").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_lock_is_lost_before_its_turn_is_not_executed() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1", "t2", "t3"]]).await;
    let expired = "Cannot extend a lock that expired";
    engine.answer("t2/extendLock", 1, engine_error(400, Some(0), expired)).await;
    let executed = Mutex::new(Vec::new());

    let summary = run(&engine.client, &slow(), in_ms(5_000), |task| {
        executed.lock().unwrap().push(task.id.clone());
        works_for(500)
    })
    .await
    .unwrap();

    // The third one's lock ran out while it waited: that needs no question.
    assert_eq!(*executed.lock().unwrap(), ["t1", "t3"]);
    assert_eq!((summary.locks_lost, summary.completed), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_ran_out_in_the_queue_is_counted_without_a_call() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1", "t2"]]).await;

    let summary = run(&engine.client, &slow(), in_ms(5_000), |_| works_for(1_000)).await.unwrap();

    assert_eq!((summary.locks_lost, summary.completed), (1, 1));
    assert!(engine.bodies("t2/extendLock").await.is_empty());
    assert!(engine.bodies("t2/complete").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_task_in_hand_whose_lock_is_lost_ends_its_work_and_stops_extending() {
    let _held = hold_the_clock();
    let engine = StubEngine::with_tasks(&[&["t1"]]).await;
    let lost = || engine_error(400, Some(0), "It is locked by worker 'w1'.");
    engine.answer("t1/extendLock", 9, lost()).await;
    engine.answer("t1/complete", 9, lost()).await;

    let summary = run(&engine.client, &slow(), in_ms(5_000), |_| async {
        let _ = works_for(350).await;
        engine.has_seen("t1/extendLock", 1).await;
        works_for(700).await
    })
    .await
    .unwrap();

    assert_eq!(summary.locks_lost, 1);
    assert_eq!(engine.bodies("t1/extendLock").await.len(), 1);
}
