//! One process: started with a job and perhaps a trap, watched, woken or killed.

use std::process::Stdio;
use std::time::Duration;

use crash_matrix::job::Job;
use fault_points::CrashPoint;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{ChildStderr, Command};
use tokio::time::timeout;

use crate::cell::Action;

/// A process that takes longer hangs where it should not.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Trap {
    pub(crate) point: CrashPoint,
    pub(crate) action: Action,
    pub(crate) passes: u32,
}

pub(crate) struct Child {
    process: tokio::process::Child,
    lines: Lines<BufReader<ChildStderr>>,
    strikes: u32,
    said: Vec<String>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct End {
    /// What the function's caller heard; `None` when the process died or failed.
    pub(crate) answer: Option<Value>,
    pub(crate) strikes: u32,
    #[expect(dead_code, reason = "read by whoever reads the failure of a cell")]
    pub(crate) said: Vec<String>,
}

impl Child {
    pub(crate) fn start(job: &Job, trap: Option<Trap>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crash-matrix"));
        command.arg(serde_json::to_string(job).unwrap());
        if let Some(trap) = trap {
            command.env("OMS_CRASH_POINT", trap.point.name());
            command.env("OMS_CRASH_ACTION", trap.action.name());
            command.env("OMS_CRASH_PASSES", trap.passes.to_string());
        }
        for (name, value) in &job.settings {
            command.env(name, value);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.kill_on_drop(true).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, lines, strikes: 0, said: Vec::new() }
    }

    /// Waits until the point has struck.
    pub(crate) async fn has_struck(&mut self, point: CrashPoint) -> Result<(), String> {
        let struck = format!("struck {}", point.name());
        loop {
            match timeout(PATIENCE, self.lines.next_line()).await {
                Ok(Ok(Some(line))) if line == struck => {
                    self.strikes += 1;
                    return Ok(());
                }
                Ok(Ok(Some(line))) => self.said.push(line),
                Ok(Ok(None)) => return Err(format!("ended without striking: {:?}", self.said)),
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => return Err("the point was not reached in time".to_owned()),
            }
        }
    }

    pub(crate) async fn kill(mut self) {
        self.process.kill().await.unwrap();
    }

    /// Lets a process that hangs go on, and waits for its end.
    pub(crate) async fn wake(mut self) -> Result<End, String> {
        self.process.stdin.as_mut().unwrap().write_all(b"\n").await.unwrap();
        self.end().await
    }

    pub(crate) async fn end(mut self) -> Result<End, String> {
        let ended = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if line.starts_with("struck ") {
                    self.strikes += 1;
                } else {
                    self.said.push(line);
                }
            }
            let mut answer = String::new();
            self.process.stdout.take().unwrap().read_to_string(&mut answer).await.unwrap();
            let status = self.process.wait().await.unwrap();
            (status.success(), answer)
        };
        let Ok((succeeded, answer)) = timeout(PATIENCE, ended).await else {
            return Err("the process did not end".to_owned());
        };
        let answer = succeeded.then(|| serde_json::from_str(answer.trim()).unwrap());
        Ok(End { answer, strikes: self.strikes, said: self.said })
    }
}
