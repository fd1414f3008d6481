//! Programs that run and end: `initdb`, `mvn`, `cargo`, `apt-get`.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::Command;

use crate::process::{MARKER_VARIABLE, UnixUser, log_tail};
use crate::progress::Step;
use crate::stack::StackLayout;

/// The program of that name on `PATH`.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

#[must_use]
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A command that belongs to the stack: it carries the marker and ends with the launcher.
#[must_use]
pub fn command(layout: &StackLayout, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env(MARKER_VARIABLE, layout.dir()).stdin(Stdio::null()).kill_on_drop(true);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_cargo_run(name)) {
        command.env_remove(name);
    }
    command
}

/// `cargo run` describes our package to us; programs we start must not take it for theirs.
fn is_of_cargo_run(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == "LD_LIBRARY_PATH"
        || ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"].iter().any(|p| name.starts_with(p))
}

/// Lets a command run as another user.
pub fn as_user(command: &mut Command, user: Option<UnixUser>) {
    if let Some(user) = user {
        command.as_std_mut().uid(user.uid).gid(user.gid);
    }
}

/// Runs a program to its end, its output in `logs/<log>.log`, its newest line in the progress.
///
/// # Errors
/// It cannot be started or fails; the message carries the end of its output.
pub async fn run(
    layout: &StackLayout,
    step: &Step,
    log: &str,
    command: &mut Command,
) -> Result<()> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    let path = layout.log(log);
    let file = tokio::fs::File::create(&path).await?;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let second = file.try_clone().await?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (out, err) = tokio::join!(copy_lines(out, file, step), copy_lines(err, second, step));
    out.and(err)?;
    let status = child.wait().await?;
    if !status.success() {
        bail!("{name} failed ({status}); {}", log_tail(&path));
    }
    Ok(())
}

async fn copy_lines(
    from: Option<impl AsyncRead + Unpin>,
    mut to: tokio::fs::File,
    step: &Step,
) -> Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut lines = BufReader::new(from).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        let text = String::from_utf8_lossy(&line);
        step.note(text.trim());
        to.write_all(format!("{text}\n").as_bytes()).await?;
    }
    to.flush().await?;
    Ok(())
}
