//! The kill matrix: every crash point × {abort, hang, error} × {first, first and second attempt}.
//!
//! A cell is one small world with a database of its own and one function in processes of its own.
//! The first attempts are struck at the point; time passes as the leases need it; further attempts
//! run undisturbed until nothing is owed; a process that hung wakes up at the very end, when others
//! have done its work. Then everything must be as if nothing had happened.
#![expect(clippy::unwrap_used, reason = "a world that cannot be set up fails its cell")]

mod cell;
mod child;
mod many;
mod outside;
mod scenes;
mod shipped;

use fault_points::CrashPoint;
use futures_util::{StreamExt, stream};

use crate::cell::{Action, Cell};

/// Cells at once: each has a database, a few servers and a process.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_of_the_crash_matrix_ends_as_if_nothing_had_happened() {
    let cells: Vec<Cell> = CrashPoint::ALL
        .into_iter()
        .flat_map(|point| Action::ALL.map(|action| (point, action)))
        .flat_map(|(point, action)| [1, 2].map(|attempts| Cell { point, action, attempts }))
        .collect();
    assert_eq!(cells.len(), 168, "28 points, three ways to fail, one or two attempts");

    let judged: Vec<(Cell, Result<(), String>)> = stream::iter(cells)
        .map(async |cell| {
            let end = tokio::spawn(cell.play()).await.unwrap_or_else(died);
            eprintln!("{cell}: {}", end.as_ref().err().map_or("as it must be", String::as_str));
            (cell, end)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;

    let failed = judged.iter().filter_map(|(cell, end)| Some((cell, end.as_ref().err()?)));
    let failed: Vec<String> = failed.map(|(cell, why)| format!("{cell}: {why}")).collect();
    assert!(failed.is_empty(), "{} of 168 cells:\n{}", failed.len(), failed.join("\n"));
}

fn died(error: tokio::task::JoinError) -> Result<(), String> {
    Err(match error.try_into_panic() {
        Ok(panic) => match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => {
                panic.downcast::<&str>().map_or("panicked".to_owned(), |x| (*x).to_owned())
            }
        },
        Err(_) => "cancelled".to_owned(),
    })
}
