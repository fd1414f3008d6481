//! Programs of the machine: found, or installed with `apt-get`, or asked for by name.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::progress::{Progress, Step};
use crate::stack::StackLayout;
use crate::tools;

/// The engine supports Java 17 and 21.
const OLDEST_JAVA: u32 = 17;

/// A program the stack needs from the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    Postgres,
    Java,
    Maven,
    PythonVenv,
}

impl Need {
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Java, Self::Maven, Self::PythonVenv];

    /// Debian and Ubuntu packages, the preferred first; the first that the machine knows is taken.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Java => &["openjdk-17-jre-headless", "openjdk-21-jre-headless"],
            Self::Maven => &["maven"],
            Self::PythonVenv => &["python3-venv"],
        }
    }

    async fn is_met(self) -> bool {
        match self {
            Self::Postgres => find_postgres().is_some(),
            Self::Java => find_java().await.is_some(),
            Self::Maven => tools::find("mvn").is_some(),
            Self::PythonVenv => has_python_venv().await,
        }
    }
}

/// Makes sure that all of these are there, with one run of the package manager.
///
/// # Errors
/// They are missing and cannot be installed; the message is the command that would.
pub async fn ensure(layout: &StackLayout, progress: &Progress, needs: &[Need]) -> Result<()> {
    let mut missing = Vec::new();
    for need in needs {
        if !need.is_met().await {
            missing.push(*need);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let step = progress.step("install packages");
    let packages = install(layout, &step, &missing).await?;
    for need in missing {
        if !need.is_met().await {
            bail!("{} was installed, but {need:?} is still not usable", packages.join(" "));
        }
    }
    step.done(&packages.join(" "));
    Ok(())
}

/// The folder with `postgres` and `initdb`.
///
/// # Errors
/// PostgreSQL is missing and cannot be installed.
pub async fn postgres(layout: &StackLayout, progress: &Progress) -> Result<PathBuf> {
    ensure(layout, progress, &[Need::Postgres]).await?;
    find_postgres().context("PostgreSQL vanished")
}

/// A `java` of a supported version.
///
/// # Errors
/// Java is missing and cannot be installed.
pub async fn java(layout: &StackLayout, progress: &Progress) -> Result<PathBuf> {
    ensure(layout, progress, &[Need::Java]).await?;
    find_java().await.context("Java vanished")
}

/// Newest of Debian's versioned folders, else what is on `PATH`.
fn find_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|folder| {
            let version: u32 = folder.file_name().to_str()?.parse().ok()?;
            Some((version, folder.path().join("bin")))
        })
        .filter(|(_, bin)| is_server_folder(bin))
        .max();
    let on_path = || Some(tools::find("initdb")?.canonicalize().ok()?.parent()?.to_owned());
    newest.map(|(_, bin)| bin).or_else(|| on_path().filter(|bin| is_server_folder(bin)))
}

fn is_server_folder(bin: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|program| tools::is_executable(&bin.join(program)))
}

async fn find_java() -> Option<PathBuf> {
    let home = std::env::var_os("JAVA_HOME").map(|home| PathBuf::from(home).join("bin/java"));
    let installed = std::fs::read_dir("/usr/lib/jvm").into_iter().flatten().flatten();
    let candidates = home
        .into_iter()
        .chain(tools::find("java"))
        .chain(installed.map(|folder| folder.path().join("bin/java")));
    for candidate in candidates {
        if tools::is_executable(&candidate) && java_version(&candidate).await >= Some(OLDEST_JAVA) {
            return Some(candidate);
        }
    }
    None
}

async fn java_version(java: &Path) -> Option<u32> {
    let output = Command::new(java).arg("-version").output().await.ok()?;
    parse_java_version(&String::from_utf8_lossy(&output.stderr))
}

/// `openjdk version "17.0.15" 2025-04-15` is 17; `"1.8.0_402"` is 1, which is too old anyway.
fn parse_java_version(text: &str) -> Option<u32> {
    let version = text.split('"').nth(1)?;
    version.split(['.', '-', '+']).next()?.parse().ok()
}

async fn has_python_venv() -> bool {
    let check = Command::new("python3").args(["-c", "import venv, ensurepip"]).output().await;
    check.is_ok_and(|output| output.status.success())
}

async fn install(layout: &StackLayout, step: &Step, needs: &[Need]) -> Result<Vec<&'static str>> {
    let preferred: Vec<&str> =
        needs.iter().filter_map(|need| need.packages().first().copied()).collect();
    let command_line = format!("apt-get install -y {}", preferred.join(" "));
    if tools::find("apt-get").is_none() {
        bail!("please install what Debian calls {}: no apt-get here", preferred.join(" "));
    }
    if !is_root() && !can_sudo().await {
        bail!("please run as root: {command_line}");
    }
    step.note("apt-get update");
    tools::run(layout, step, "apt-update", &mut apt(&["update"])).await?;
    let mut packages = Vec::new();
    for need in needs {
        packages.push(available_package(*need).await?);
    }
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(&packages);
    tools::run(layout, step, "apt-install", &mut apt(&arguments))
        .await
        .with_context(|| format!("`{command_line}` did not work"))?;
    Ok(packages)
}

async fn available_package(need: Need) -> Result<&'static str> {
    for package in need.packages() {
        let output = Command::new("apt-cache").args(["show", package]).output().await?;
        if output.status.success() {
            return Ok(package);
        }
    }
    bail!("this machine's package sources have none of {}", need.packages().join(", "))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Without a password; on a terminal the person in front of it is asked for theirs.
async fn can_sudo() -> bool {
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
    let arguments: &[&str] = if is_terminal { &["-v"] } else { &["-n", "true"] };
    let status = Command::new("sudo").args(arguments).stdin(Stdio::inherit()).status().await;
    status.is_ok_and(|status| status.success())
}

/// Not marked as part of the stack: a package manager is never killed in the middle.
fn apt(arguments: &[&str]) -> Command {
    let mut command = if is_root() {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        sudo
    };
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_versions_of_both_spellings_are_understood() {
        assert_eq!(parse_java_version("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(parse_java_version("openjdk version \"21-ea\" 2023"), Some(21));
        assert_eq!(parse_java_version("java version \"1.8.0_402\""), Some(1));
        assert_eq!(parse_java_version("no java"), None);
    }
}
