//! Following a bulk action.

use orderctl::exit::Exit;
use serde_json::{Value, json};

use crate::bulk::{BULK, answer, bulk, path};
use crate::desk::Desk;

/// A look at it: settled, failed and running, of ten first ones or of a hundred.
fn look(status: &str, (settled, failed, running): (u32, u32, u32)) -> Value {
    let mut bulk = bulk(status);
    let counts = |total: u32| {
        json!({"total": total, "waiting": total.saturating_sub(settled + running), "running": running,
            "succeeded": settled - failed, "failed": failed, "stillRunning": 0, "excluded": 0,
            "skipped": 0})
    };
    bulk["counts"] = counts(100);
    bulk["canary"] = counts(10);
    bulk["groups"] = json!([{"status": "FAILED_AGAIN", "count": failed, "code": "NO_STOCK"}]);
    bulk
}

async fn followed(looks: &[Value]) -> Desk {
    let desk = Desk::new().await;
    let (last, others) = looks.split_last().unwrap();
    for look in others {
        desk.answers_once("GET", &path(), answer(look)).await;
    }
    desk.answers("GET", &path(), answer(last)).await;
    desk
}

#[tokio::test]
async fn each_change_is_one_line_until_a_person_has_to_decide() {
    let desk = followed(&[
        look("CANARY", (0, 0, 10)),
        look("CANARY", (0, 0, 10)),
        look("CANARY", (9, 1, 1)),
        look("AWAITING_APPROVAL", (10, 1, 0)),
    ])
    .await;

    let ended = desk.types(&format!("bulk watch {BULK}")).await;

    assert_eq!(ended.exit, Exit::WaitsForPerson);
    assert_eq!(
        ended.stdout,
        "2026-03-02 12:00:00Z  CANARY  0 of 10 settled, 0 failed, 10 running\n\
         2026-03-02 12:00:04Z  CANARY  9 of 10 settled, 1 failed, 1 running\n\
         2026-03-02 12:00:06Z  AWAITING_APPROVAL  10 of 100 settled, 1 failed, 0 running\n"
    );
    assert!(ended.stderr.starts_with("the bulk action is AWAITING_APPROVAL\n"), "{ended:?}");
    assert!(ended.stderr.contains(&format!("orderctl bulk items {BULK} --status FAILED_AGAIN")));
}

#[tokio::test]
async fn the_exit_code_says_how_the_bulk_action_ended() {
    for (status, numbers, expected) in [
        ("COMPLETED", (100, 0, 0), Exit::Done),
        ("COMPLETED", (100, 1, 0), Exit::EndedOtherwise),
        ("COMPLETED", (0, 0, 0), Exit::EndedOtherwise),
        ("ABORTED", (50, 0, 0), Exit::EndedOtherwise),
        ("PREPARED", (0, 0, 0), Exit::WaitsForPerson),
        ("PAUSED", (20, 20, 0), Exit::WaitsForPerson),
    ] {
        let desk = followed(&[look(status, numbers)]).await;

        let ended = desk.types(&format!("bulk watch {BULK}")).await;

        assert_eq!(ended.exit, expected, "{status} {numbers:?}: {ended:?}");
        assert_eq!(desk.asked().await.len(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_dry_run_is_followed_by_the_cases_that_were_looked_at() {
    let mut preparing = look("PREPARING", (0, 0, 0));
    preparing["groups"] = json!([{"status": "SELECTED", "count": 60}]);
    let desk = followed(&[preparing, look("PREPARED", (0, 0, 0))]).await;

    let ended = desk.types(&format!("bulk watch {BULK}")).await;

    let first = ended.stdout.lines().next();
    assert_eq!(first, Some("2026-03-02 12:00:00Z  PREPARING  40 of 100 looked at"));
}

#[tokio::test]
async fn a_bulk_action_that_does_not_get_there_in_time_goes_on_without_the_watch() {
    let desk = followed(&[look("RUNNING", (5, 0, 2))]).await;

    let ended = desk.types(&format!("bulk watch {BULK} --timeout 10s --every 5s")).await;

    assert_eq!(ended.exit, Exit::TimedOut);
    assert_eq!(desk.asked().await.len(), 3, "at 0, 5 and 10 seconds");
    assert!(ended.stderr.contains("the time is over, and the bulk action is RUNNING\n"));
    assert!(ended.stderr.contains(&format!("  next: orderctl bulk watch {BULK}\n")));
}

#[tokio::test]
async fn a_program_reads_one_change_of_a_bulk_action_per_line() {
    let desk = followed(&[look("RUNNING", (5, 1, 2)), look("COMPLETED", (9, 1, 0))]).await;

    let ended = desk.types(&format!("bulk watch {BULK} -o json")).await;

    let lines: Vec<Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        json!({"at": "2026-03-02T12:00:00Z", "status": "RUNNING", "settled": 5, "total": 100,
               "failed": 1, "running": 2})
    );
}

#[tokio::test]
async fn a_bulk_action_that_is_not_there_is_not_found() {
    let desk = Desk::new().await;

    let ended = desk.types(&format!("bulk watch {BULK}")).await;

    assert_eq!(ended.exit, Exit::NotFound);
}
