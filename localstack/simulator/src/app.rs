//! What all handlers share: the world, its journal, secrets, the client for callbacks, tasks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

use crate::fault::{Arrival, Fault};
use crate::journal::{Journal, JournalLost, Pending};
use crate::record::Record;
use crate::secrets::SecretsFile;
use crate::world::World;

pub(crate) type Shared = Arc<App>;

#[derive(Debug)]
pub(crate) struct App {
    world: Mutex<World>,
    journal: Journal,
    pub(crate) secrets: SecretsFile,
    pub(crate) client: reqwest::Client,
    /// First come, first served.
    callback_turns: Semaphore,
    tasks: Mutex<JoinSet<()>>,
}

impl App {
    pub(crate) fn new(
        world: World,
        journal: Journal,
        secrets: SecretsFile,
        (client, callbacks_in_flight): (reqwest::Client, usize),
    ) -> Shared {
        let tasks = Mutex::new(JoinSet::new());
        let callback_turns = Semaphore::new(callbacks_in_flight);
        Arc::new(Self { world: Mutex::new(world), journal, secrets, client, callback_turns, tasks })
    }

    /// The right to send one callback, until it is dropped. Nothing ever closes the line.
    pub(crate) async fn callback_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.callback_turns.acquire().await.ok()
    }

    /// Looks at the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&lock(&self.world))
    }

    /// Counts a delivery; not journalled, because it is of interest to people only.
    pub(crate) fn note(&self, change: impl FnOnce(&mut World)) {
        change(&mut lock(&self.world));
    }

    /// Decides on the world and changes it in one go; returns when the change is on disk.
    ///
    /// Applied and put in line under one lock: the file has the order in which the world changed.
    pub(crate) async fn commit<T>(
        &self,
        decide: impl FnOnce(&World) -> (Vec<Record>, T),
    ) -> Result<T, JournalLost> {
        let (pending, answer) = self.change(decide);
        pending.on_disk().await?;
        Ok(answer)
    }

    // Apart from `commit`, so that the guard provably does not live across its await.
    fn change<T>(&self, decide: impl FnOnce(&World) -> (Vec<Record>, T)) -> (Pending, T) {
        let mut world = lock(&self.world);
        let (records, answer) = decide(&world);
        for record in &records {
            world.apply(record);
        }
        // Also without records: the answer may rest on a change that is not yet on disk.
        (self.journal.append(&records), answer)
    }

    /// The fault that hits this arrival; it is counted before anything goes wrong.
    pub(crate) async fn fault(&self, arrival: Arrival<'_>) -> Result<Option<Fault>, JournalLost> {
        if !self.read(|world| world.faults.concerns(&arrival)) {
            return Ok(None);
        }
        self.commit(|world| world.faults.decide(&arrival)).await
    }

    /// Runs something that no caller waits for; it ends with the simulator.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = lock(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends all tasks and releases the journal.
    pub(crate) async fn close(&self) {
        let mut tasks = std::mem::take(&mut *lock(&self.tasks));
        tasks.shutdown().await;
        self.journal.close().await;
    }
}

/// Waits for real.
#[expect(clippy::disallowed_methods, reason = "the latency of a simulated system is real time")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A handler that panicked has not left the world half changed: `apply` cannot panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
