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

    /// Runs processes until the point has struck as often as the cell says.
    async fn strike(self, scene: &dyn scenes::Scene) -> Result<Vec<Child>, String> {
        let mut asleep = Vec::new();
        let mut strikes = 0;
        while strikes < self.attempts {
            // An error may be survived within the process, which then passes the point again.
            let left = self.attempts - strikes;
            let passes = if self.action == Action::Error { left } else { 1 };
            let trap = Trap { point: self.point, action: self.action, passes };
            let mut child = Child::start(&scene.job().await, Some(trap));
            match self.action {
                Action::Hang if scene.sleeps() => {
                    child.has_struck(self.point).await?;
                    strikes += 1;
                    if self.point.holds_row_locks() {
                        child.kill().await;
                    } else {
                        asleep.push(child);
                    }
                }
                Action::Hang | Action::Error | Action::Abort => {
                    let end = child.end().await?;
                    if end.strikes == 0 {
                        return Err(format!("the point never struck: {end:?}"));
                    }
                    if (self.action == Action::Abort) != end.answer.is_none() {
                        return Err(format!("an unexpected end: {end:?}"));
                    }
                    strikes += end.strikes;
                    scene.hear(&end).await;
                }
            }
            scene.time_passes().await;
        }
        Ok(asleep)
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
