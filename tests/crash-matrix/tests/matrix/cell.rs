//! One cell: strike, let time pass, let others finish, wake the sleepers, judge.

use std::fmt;

use fault_points::CrashPoint;

use crate::child::{Child, End, Trap};
use crate::scenes;

/// Undisturbed attempts that are enough for every function.
const ENOUGH: u32 = 8;

/// How a point strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// The process is gone, as by SIGKILL.
    Abort,
    /// The process stands still, and wakes up after others have done its work; one that holds row
    /// locks is killed first, as the platform kills a function that runs out of time.
    Hang,
    /// What stands there fails.
    Error,
}

impl Action {
    pub(crate) const ALL: [Self; 3] = [Self::Abort, Self::Hang, Self::Error];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Abort => "abort",
            Self::Hang => "hang",
            Self::Error => "error",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) point: CrashPoint,
    pub(crate) action: Action,
    pub(crate) attempts: u32,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} x{}", self.point.name(), self.action.name(), self.attempts)
    }
}

impl Cell {
    /// Plays the cell; the error says what is not as it must be.
    pub(crate) async fn play(self) -> Result<(), String> {
        let scene = scenes::of(self.point).await;
        let asleep = self.strike(&*scene).await?;
        settle(&*scene).await?;
        for child in asleep {
            let end = child.wake().await?;
            scene.hear(&end).await;
        }
        settle(&*scene).await?;
        let verdict = scene.judge().await;
        scene.close().await;
        verdict
    }

    /// Runs the attempts in which the point is armed.
    async fn strike(self, scene: &dyn scenes::Scene) -> Result<Vec<Child>, String> {
        let mut asleep = Vec::new();
        let mut strikes = 0;
        for attempt in 1..=self.attempts {
            if strikes >= attempt {
                continue; // An error was survived within the process, which passed the point again.
            }
            let must_strike = attempt == 1 || self.is_passed_again();
            let left = self.attempts - strikes;
            let passes = if self.action == Action::Error { left } else { 1 };
            let trap = Trap { point: self.point, action: self.action, passes };
            let mut child = Child::start(&scene.job().await, Some(trap));
            if must_strike && self.action == Action::Hang && scene.sleeps() {
                child.has_struck(self.point).await?;
                strikes += 1;
                if self.point.holds_row_locks() {
                    child.kill().await;
                } else {
                    asleep.push(child);
                }
            } else {
                let end = child.end().await?;
                strikes += end.strikes;
                let dies = must_strike && self.action == Action::Abort;
                if (end.strikes > 0, end.answer.is_none()) != (must_strike, dies) {
                    return Err(format!("attempt {attempt} ended otherwise: {end:?}"));
                }
                scene.hear(&end).await;
            }
            scene.time_passes().await;
        }
        Ok(asleep)
    }

    /// Whether a second attempt comes by the point again. It must not where the first one had its
    /// effect: whoever repeats it finds that out before.
    const fn is_passed_again(self) -> bool {
        match self.point {
            CrashPoint::IntakeAfterCommit
            | CrashPoint::RelayAfterStart
            | CrashPoint::RelayAfterCorrelation
            | CrashPoint::RelayAfterMessage
            | CrashPoint::RelayAfterDeletion
            | CrashPoint::TopicAfterComplete
            | CrashPoint::ReconciliationAfterAdopting => false,
            // Recording is tried again within the process; from outside the step is settled.
            CrashPoint::ExecutorAfterCall | CrashPoint::ExecutorAfterOutcome => {
                matches!(self.action, Action::Error)
            }
            // The work goes on without its renewal, and the task is completed.
            CrashPoint::RenewalBefore | CrashPoint::RenewalAfter => {
                matches!(self.action, Action::Abort)
            }
            CrashPoint::IntakeBeforeTransaction
            | CrashPoint::IntakeBeforeCommit
            | CrashPoint::RelayAfterClaim
            | CrashPoint::RelayBeforeStart
            | CrashPoint::RelayBeforeMessage
            | CrashPoint::TopicAfterFetch
            | CrashPoint::TopicBeforeCommit
            | CrashPoint::TopicAfterCommit
            | CrashPoint::ExecutorAfterClaim
            | CrashPoint::ExecutorBeforeCall
            | CrashPoint::CallbackIntakeAfterVerifying
            | CrashPoint::CallbackIntakeAfterSending
            | CrashPoint::OutcomesBeforeCommit
            | CrashPoint::CallbackProcessorAfterCommit
            | CrashPoint::BulkAfterClaim
            | CrashPoint::BulkAfterAct
            | CrashPoint::ReconciliationAfterQuery => true,
        }
    }
}

/// Attempts that nothing disturbs, until nothing is owed.
async fn settle(scene: &dyn scenes::Scene) -> Result<(), String> {
    for _ in 0..ENOUGH {
        if scene.is_settled().await {
            return Ok(());
        }
        let end: End = Child::start(&scene.job().await, None).end().await?;
        if end.answer.is_none() {
            return Err(format!("an undisturbed attempt failed: {end:?}"));
        }
        scene.hear(&end).await;
        scene.time_passes().await;
    }
    if scene.is_settled().await {
        Ok(())
    } else {
        Err(format!("not settled: {}", scene.state().await))
    }
}
