//! The test binaries: which there are, and what one says about a mistake.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::postgres;
use crate::session::Session;
use crate::stack::{StackLayout, StackState};
use crate::test_run::POSTGRES_VARIABLE;
use crate::tools;

/// By this variable a process built for tests is told which mistake to make.
const BUG_VARIABLE: &str = "OMS_SEEDED_BUG";
/// A binary that takes longer hangs, which no run of tests survives either.
const PATIENCE: Duration = Duration::from_secs(600);

/// The packages whose tests judge, the cheapest first. `fault-points` is left out: it fails for
/// any mistake, because it asks whether there is one.
const PACKAGES: [&str; 26] = [
    "topic-worker",
    "message-sinks",
    "external-systems",
    "camunda-client",
    "lambda-support",
    "order-decompose",
    "order-create-fulfillment-plan",
    "fulfillment-execute-ready-steps",
    "fulfillment-review-overdue-plan",
    "billing-activate",
    "order-complete",
    "order-escalate-fallout",
    "order-validate-readiness",
    "notification-send-order-update",
    "workflow-delivery",
    "outbox-relay",
    "callback-intake",
    "callback-processor",
    "fulfillment-step-executor",
    "order-intake",
    "operator-api",
    "bulk-recovery",
    "schema-migrate",
    "reconciliation",
    "order-store",
    "crash-matrix",
];
/// Tests of the engine's answers; they need the real one and none of our decisions is in them.
const NEEDS_THE_ENGINE: (&str, &str) = ("camunda-client", "process_engine");

/// One test binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judge {
    pub(super) package: String,
    target: String,
    executable: PathBuf,
    /// Tests run in the folder of their package, as under cargo.
    folder: PathBuf,
}

/// What the tests of a binary came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruling {
    /// All passed.
    Green,
    /// These failed.
    Red(Vec<String>),
    /// It ended badly without naming a test, or not at all.
    Broken(String),
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.package, self.target)
    }
}

impl fmt::Display for Ruling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Green => f.write_str("green"),
            Self::Red(tests) => f.write_str(&tests.join(", ")),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

/// The binaries that cargo has built, in the order of [`PACKAGES`].
pub(super) async fn list(session: &Session) -> Result<Vec<Judge>> {
    let mut cargo = tools::command(&session.layout, "cargo");
    cargo.args(["test", "--locked", "--workspace", "--no-run", "--message-format=json"]);
    let output = cargo.current_dir(session.layout.workspace()).output().await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut judges: Vec<Judge> =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(read).collect();
    judges.sort_by_cached_key(|x| (place(&x.package), x.target.clone()));
    for package in PACKAGES {
        ensure!(judges.iter().any(|x| x.package == package), "{package} has no tests");
    }
    Ok(judges)
}

fn place(package: &str) -> Option<usize> {
    PACKAGES.iter().position(|known| *known == package)
}

/// A line of cargo's, if it is about a binary that judges.
fn read(line: &str) -> Option<Judge> {
    #[derive(Deserialize)]
    struct Artifact {
        manifest_path: PathBuf,
        target: Target,
        profile: Profile,
        executable: Option<PathBuf>,
    }
    #[derive(Deserialize)]
    struct Target {
        name: String,
    }
    #[derive(Deserialize)]
    struct Profile {
        test: bool,
    }
    let artifact: Artifact = serde_json::from_str(line).ok()?;
    let folder = artifact.manifest_path.parent().map(Path::to_owned)?;
    let package = folder.file_name()?.to_str()?.to_owned();
    let target = artifact.target.name;
    let is_ours = place(&package).is_some() && (&*package, &*target) != NEEDS_THE_ENGINE;
    let executable = artifact.executable.filter(|_| artifact.profile.test && is_ours)?;
    Some(Judge { package, target, executable, folder })
}

impl Judge {
    /// Runs the binary's tests, or `only` those of that name, with this mistake or with none.
    pub(super) async fn rule(
        &self,
        layout: &StackLayout,
        bug: Option<u8>,
        only: Option<&str>,
    ) -> Result<Ruling> {
        let state = StackState::load(layout)?;
        let mut tests = tools::command(layout, &self.executable);
        tests
            .args(only)
            .current_dir(&self.folder)
            .env(POSTGRES_VARIABLE, state.endpoint(postgres::SUPERUSER_URL)?)
            // A snapshot that differs is a failure, and not a file to be reviewed.
            .env("INSTA_UPDATE", "no")
            .env_remove(BUG_VARIABLE)
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(bug) = bug {
            tests.env(BUG_VARIABLE, bug.to_string());
        }
        let mut child = tests.spawn().with_context(|| format!("cannot start {self}"))?;
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        let mut failed = Vec::new();
        let ended = timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await? {
                failed.extend(failed_test(&line));
            }
            child.wait().await
        });
        Ok(match ended.await {
            _ if !failed.is_empty() => Ruling::Red(failed),
            Ok(status) => match status? {
                status if status.success() => Ruling::Green,
                status => Ruling::Broken(format!("it ended with {status}")),
            },
            Err(_) => Ruling::Broken(format!("it did not end within {} s", PATIENCE.as_secs())),
        })
    }
}

/// The name in `test module::name ... FAILED`, without its module.
fn failed_test(line: &str) -> Option<String> {
    let path = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    path.split(" - ").next()?.rsplit("::").next().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn artifact(folder: &str, target: &str, test: bool) -> String {
        let executable = format!("/target/debug/deps/{target}-1");
        json!({"reason": "compiler-artifact", "manifest_path": format!("/clone/{folder}/Cargo.toml"),
            "target": {"name": target, "kind": ["test"]}, "profile": {"test": test},
            "executable": executable})
        .to_string()
    }

    #[test]
    fn test_binaries_of_the_packages_that_judge_are_listed() {
        let read = |folder, target, test| read(&artifact(folder, target, test));

        let judge = read("shared/order-store", "it", true).unwrap();
        assert_eq!((&*judge.package, &*judge.target), ("order-store", "it"));
        assert_eq!(judge.folder, Path::new("/clone/shared/order-store"));
        assert_eq!(read("shared/order-store", "order_store", false), None);
        assert_eq!(read("shared/camunda-client", "process_engine", true), None);
        assert_eq!(read("shared/fault-points", "fault_points", true), None);
    }

    #[test]
    fn a_failed_test_is_named_without_its_module() {
        assert_eq!(failed_test("test a::b::c_d ... FAILED").as_deref(), Some("c_d"));
        assert_eq!(failed_test("test a::b::c_d ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed"), None);
    }
}
