//! One start of one function: spawned, watched until it asks for an event, killed.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::plan::{Plan, Subject};
use super::surroundings::{Asked, Surroundings};

/// Lambda itself gives a function ten seconds to initialise.
const LIMIT: Duration = Duration::from_secs(10);

/// What Lambda puts into the environment of every function.
const LAMBDA_VARIABLES: [(&str, &str); 11] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
    ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
    ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_SESSION_TOKEN", "test"),
    ("_HANDLER", "bootstrap"),
    ("TZ", ":UTC"),
];

/// What one start cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) to_next_ms: f64,
    /// Processor time of all its threads until then; nobody else's.
    pub(super) cpu_ms: f64,
    /// From the first request for a secret to `next`; `None` without secrets.
    pub(super) since_secret_ms: Option<f64>,
    pub(super) peak_kib: u64,
}

/// Starts functions, one after the other.
#[derive(Debug)]
pub(super) struct Starter {
    surroundings: Surroundings,
    logs: PathBuf,
}

impl Starter {
    pub(super) fn new(plan: &Plan) -> Result<Self> {
        std::fs::create_dir_all(&plan.logs)?;
        let surroundings = Surroundings::start(&plan.secrets_file)?;
        Ok(Self { surroundings, logs: plan.logs.clone() })
    }

    /// Starts it and ends it again.
    pub(super) fn start(&self, subject: &Subject) -> Result<Start> {
        let log = self.logs.join(format!("{}.log", subject.name));
        let mut command = self.command(subject, File::create(&log)?)?;
        while self.surroundings.asked.try_recv().is_ok() {}
        let spawned = Instant::now();
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", subject.binary.display()))?;
        let watched = self.watch(&mut child, spawned);
        // It may have ended by itself; then there is nothing to kill.
        let _ended = child.kill();
        child.wait()?;
        watched.with_context(|| format!("output:\n{}", tail(&log)))
    }

    fn command(&self, subject: &Subject, log: File) -> Result<Command> {
        let address = self.surroundings.address;
        let mut command = Command::new(&subject.binary);
        command
            .env_clear()
            .envs(LAMBDA_VARIABLES)
            .env("AWS_LAMBDA_FUNCTION_NAME", &subject.name)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("OMS_SECRETS_ENDPOINT", format!("http://{address}"))
            .envs(&subject.environment)
            .current_dir(&self.logs)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    fn watch(&self, child: &mut Child, spawned: Instant) -> Result<Start> {
        let mut first_secret = None;
        loop {
            let left = LIMIT.saturating_sub(spawned.elapsed());
            // In slices, because a process that has ended will not ask any more.
            match self.surroundings.asked.recv_timeout(left.min(Duration::from_millis(100))) {
                Ok(Asked::Next { at }) => {
                    return Ok(Start {
                        to_next_ms: milliseconds(at - spawned),
                        since_secret_ms: first_secret.map(|secret| milliseconds(at - secret)),
                        cpu_ms: cpu_time(child.id())?,
                        peak_kib: peak_memory(child.id())?,
                    });
                }
                Ok(Asked::Secret { at }) => first_secret = first_secret.or(Some(at)),
                Ok(Asked::InitError { message }) => bail!("reported {message}"),
                Err(_) if left.is_zero() => bail!("no request for an event in {LIMIT:?}"),
                Err(_) => {
                    if let Some(status) = child.try_wait()? {
                        bail!("ended with {status} before it asked for an event");
                    }
                }
            }
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

/// What the scheduler gave to its threads.
fn cpu_time(pid: u32) -> Result<f64> {
    let mut milliseconds = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))?.flatten() {
        // A thread may end between the two looks.
        let text = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        milliseconds += parse_cpu_time(&text).unwrap_or_default();
    }
    Ok(milliseconds)
}

/// The first of three numbers: nanoseconds on a processor.
fn parse_cpu_time(schedstat: &str) -> Option<f64> {
    let nanoseconds: f64 = schedstat.split(' ').next()?.parse().ok()?;
    Some(nanoseconds / 1e6)
}

/// The most memory the process ever had resident.
fn peak_memory(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    parse_peak(&status).context("/proc has no VmHWM")
}

fn parse_peak(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The last lines a program printed.
fn tail(log: &std::path::Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_in_nanoseconds() {
        assert_eq!(parse_cpu_time("2500000 1200 7\n"), Some(2.5));
        assert_eq!(parse_cpu_time(""), None);
    }

    #[test]
    fn peak_memory_is_read_in_kibibytes() {
        assert_eq!(parse_peak("Name:\tbare\nVmHWM:\t    3072 kB\nVmRSS:\t 9 kB\n"), Some(3072));
        assert_eq!(parse_peak("Name:\tbare\n"), None);
    }
}
