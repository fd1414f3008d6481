//! The data folder: where it can be, whose it is, how it is made.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::Durability;
use crate::process::UnixUser;
use crate::progress::Step;
use crate::stack::{StackLayout, StackState, memory, remove_folder};
use crate::tools;

/// A data folder that is ready to be started.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) data: PathBuf,
    pub(super) binaries: PathBuf,
    /// PostgreSQL refuses to run as root.
    pub(super) user: Option<UnixUser>,
}

impl Cluster {
    /// Finds the data folder of the stack or makes one.
    pub(super) async fn prepare(
        layout: &StackLayout,
        step: &Step,
        binaries: PathBuf,
        durability: Durability,
    ) -> Result<Self> {
        let user = if rustix::process::geteuid().is_root() { Some(unprivileged()?) } else { None };
        let data = data_folder(layout, user, durability)?;
        let cluster = Self { data, binaries, user };
        if !cluster.data.join("PG_VERSION").is_file() {
            step.note("initdb");
            cluster.init(layout, step).await?;
        }
        cluster.check_version().await?;
        Ok(cluster)
    }

    /// Made beside its place and moved there at the end: a half-made folder is never started.
    async fn init(&self, layout: &StackLayout, step: &Step) -> Result<()> {
        let draft = self.data.with_extension("draft");
        remove_folder(&draft)?;
        create_owned(&draft, self.user)?;
        let password = draft.with_extension("password");
        std::fs::write(&password, StackState::password(layout, "postgres")?)?;
        own(&password, self.user)?;
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600))?;
        let mut command = tools::command(layout, self.binaries.join("initdb"));
        command.arg("-D").arg(&draft).arg("--pwfile").arg(&password).current_dir(&draft).args([
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]);
        tools::as_user(&mut command, self.user);
        let made = tools::run(layout, step, "initdb", &mut command).await;
        std::fs::remove_file(&password)?;
        made?;
        remove_folder(&self.data)?;
        std::fs::rename(&draft, &self.data).context("cannot move the new data folder")
    }

    async fn check_version(&self) -> Result<()> {
        let made_by = std::fs::read_to_string(self.data.join("PG_VERSION"))?;
        let output = tokio::process::Command::new(self.binaries.join("postgres"))
            .arg("--version")
            .output()
            .await?;
        let program = String::from_utf8_lossy(&output.stdout).into_owned();
        let runs = program.split(' ').nth(2).unwrap_or_default();
        if runs.split('.').next() != Some(made_by.trim()) {
            bail!(
                "the data of this stack were made by PostgreSQL {}, installed is {}: \
                 `cargo local purge`",
                made_by.trim(),
                runs.trim()
            );
        }
        Ok(())
    }
}

/// Below the stack's folder, or below `/var/tmp` when the unprivileged user cannot get there; in
/// memory when nothing has to be kept and there is room.
fn data_folder(
    layout: &StackLayout,
    user: Option<UnixUser>,
    durability: Durability,
) -> Result<PathBuf> {
    let inside = layout.component_dir("postgres");
    let in_memory = match durability {
        Durability::NoFsync => memory::folder(layout),
        Durability::Fsync => None,
    };
    // What runs in memory is started again there, whoever starts it.
    let parent = match memory::existing(layout).or(in_memory) {
        Some(folder) => folder,
        None if user.is_none() || all_may_enter(&layout.dir()) => inside,
        None => outside_folder(layout),
    };
    std::fs::create_dir_all(&parent)?;
    own(&parent, user)?;
    Ok(parent.join("data"))
}

/// The folder that takes the data when the workspace lies in a private home; `purge` knows it.
pub(super) fn outside_folder(layout: &StackLayout) -> PathBuf {
    Path::new("/var/tmp").join(layout.unique_name())
}

fn all_may_enter(folder: &Path) -> bool {
    folder
        .ancestors()
        .all(|part| part.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// The user of the Debian package if it exists, else nobody.
fn unprivileged() -> Result<UnixUser> {
    let users = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| find_user(&users, name))
        .context("neither the user postgres nor nobody exists, and PostgreSQL refuses root")
}

fn find_user(passwd: &str, name: &str) -> Option<UnixUser> {
    let mut fields = passwd
        .lines()
        .map(|line| line.split(':'))
        .find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(UnixUser { uid, gid })
}

fn create_owned(folder: &Path, user: Option<UnixUser>) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    own(folder, user)
}

fn own(path: &Path, user: Option<UnixUser>) -> Result<()> {
    if let Some(user) = user {
        std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
            .with_context(|| format!("cannot give {} away", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/:/bin/sh\npostgres2:x:5:6::/:\npostgres:x:101:104:a,b:/v:/b\n";

        assert_eq!(find_user(passwd, "postgres"), Some(UnixUser { uid: 101, gid: 104 }));
        assert_eq!(find_user(passwd, "nobody"), None);
    }

    #[test]
    fn a_folder_below_a_private_one_cannot_be_entered_by_all() {
        let private = std::env::temp_dir().join(format!("oms-private-{}", std::process::id()));
        std::fs::create_dir_all(private.join("inner")).unwrap();
        std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o700)).unwrap();

        assert!(!all_may_enter(&private.join("inner")));
        assert!(all_may_enter(Path::new("/usr")));
        std::fs::remove_dir_all(&private).unwrap();
    }
}
