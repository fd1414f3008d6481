//! Looking at a bulk action until there is something to tell.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;
use uuid::Uuid;

use super::progress::Progress;
use crate::failure::Failure;
use crate::session::Session;

/// Looks until `is_enough`, or until the command gives up; tells each look, and answers the last.
pub(super) async fn follow(
    session: &Session,
    (id, every): (Uuid, Duration),
    is_enough: impl Fn(&str) -> bool,
    mut tell: impl FnMut(&ProgressBar, &Progress),
) -> Result<Value, Failure> {
    let (path, end) = (super::path(id), session.end_of_patience());
    let bar = session.terminal.bar();
    loop {
        let bulk = session.api.get(&path, &[]).await?.body;
        let progress = Progress::of(&bulk);
        bar.set_length(progress.total);
        bar.set_position(progress.settled);
        bar.set_message(format!("{} {}", progress.status, progress.sentence()));
        tell(&bar, &progress);
        if is_enough(&progress.status) || !session.waits(every, end).await {
            bar.finish_and_clear();
            return Ok(bulk);
        }
    }
}
