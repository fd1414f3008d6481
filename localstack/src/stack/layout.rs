//! Where the files of a stack are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

/// Names the cache folder (jars, Python environment) when it is to survive the clone, as in CI.
const CACHE_VARIABLE: &str = "OMS_LOCAL_CACHE";

/// The paths of one stack; holds no state and touches only folders.
#[derive(Debug, Clone)]
pub struct StackLayout {
    name: String,
    workspace: PathBuf,
    local: PathBuf,
    cache: PathBuf,
}

impl StackLayout {
    /// The folder cargo builds into, wherever this machine's settings put it.
    #[must_use]
    pub fn build_dir(&self) -> PathBuf {
        let setting = std::env::var_os("CARGO_TARGET_DIR");
        setting.map_or_else(|| self.workspace.join("target"), |folder| self.workspace.join(folder))
    }

    /// The stack `name` of the workspace the command is run in; its folders are created.
    ///
    /// # Errors
    /// A name that is no plain word, no workspace around the current folder, folders that cannot
    /// be created.
    pub fn open(name: &str) -> Result<Self> {
        let workspace = find_workspace(&std::env::current_dir()?)?;
        let cache = std::env::var_os(CACHE_VARIABLE).map(PathBuf::from);
        let layout = Self::at(&workspace, name, cache)?;
        for folder in [layout.dir(), layout.logs(), layout.cache().to_owned()] {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(layout)
    }

    fn at(workspace: &Path, name: &str, cache: Option<PathBuf>) -> Result<Self> {
        let is_plain =
            name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if name.is_empty() || name.len() > 20 || name == "cache" || !is_plain {
            bail!("a stack is named with 1 to 20 of a-z, 0-9 and '-', and not 'cache': {name:?}");
        }
        let local = workspace.join("target").join("local");
        let cache = cache.unwrap_or_else(|| local.join("cache"));
        Ok(Self { name: name.to_owned(), workspace: workspace.to_owned(), local, cache })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The root of the workspace: `template.yaml`, `bpmn/`, `migrations/` are below it.
    #[must_use]
    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// A file named on the command line: as seen from the current folder, else from the root.
    #[must_use]
    pub fn resolve(&self, file: &Path) -> PathBuf {
        if file.exists() { file.to_owned() } else { self.workspace.join(file) }
    }

    /// The folder that holds all stacks.
    #[must_use]
    pub fn all_stacks(&self) -> &Path {
        &self.local
    }

    /// The folder of this stack.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.local.join(&self.name)
    }

    /// A component's own folder, for example the emulator's state.
    #[must_use]
    pub fn component_dir(&self, component: &str) -> PathBuf {
        self.dir().join(component)
    }

    /// What is downloaded once and shared by all stacks.
    #[must_use]
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir().join("logs")
    }

    /// The log file of a component or of a tool that was run for the stack.
    #[must_use]
    pub fn log(&self, component: &str) -> PathBuf {
        self.logs().join(format!("{component}.log"))
    }

    /// Ports, process ids, passwords and endpoints.
    #[must_use]
    pub fn state_file(&self) -> PathBuf {
        self.dir().join("stack.json")
    }

    /// For folders beside the workspace: tells this stack from those of other clones.
    #[must_use]
    pub fn unique_name(&self) -> String {
        let digest = Sha256::digest(self.dir().as_os_str().as_encoded_bytes());
        let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        format!("oms-local-{}-{short}", self.name)
    }

    /// The text every process of this stack carries in its environment.
    #[must_use]
    pub fn marker(&self) -> String {
        format!("{}={}", crate::process::MARKER_VARIABLE, self.dir().display())
    }
}

/// Removes a folder with everything in it, if it is there.
///
/// # Errors
/// Something in it cannot be removed.
pub(crate) fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn find_workspace(start: &Path) -> Result<PathBuf> {
    start
        .ancestors()
        .find(|folder| folder.join("localstack").join("engine").is_dir())
        .map(Path::to_owned)
        .with_context(|| format!("{} is not inside the workspace", start.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_cache_lies_in_the_folder_of_the_stack() {
        let layout = StackLayout::at(Path::new("/w"), "demo", Some("/c".into())).unwrap();

        assert_eq!(layout.log("engine"), Path::new("/w/target/local/demo/logs/engine.log"));
        assert_eq!(layout.state_file(), Path::new("/w/target/local/demo/stack.json"));
        assert_eq!(layout.cache(), Path::new("/c"));
    }

    #[test]
    fn a_name_that_would_leave_the_folder_is_refused() {
        for name in ["", "..", "a/b", "cache", "Main", "a b"] {
            assert!(StackLayout::at(Path::new("/w"), name, None).is_err(), "{name:?}");
        }
    }
}
