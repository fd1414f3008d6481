//! The engine's jars, copied once by Maven into the cache that all stacks share.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::prerequisites::{self, Need};
use crate::progress::Progress;
use crate::stack::{StackLayout, exclusive};
use crate::tools;

/// The folder's name carries the version and what was added to it, so that an upgrade fetches and
/// a checkout back reuses.
const FOLDER: &str = "engine-7.24.0-cockpit";
/// In full, because the short prefix of the plugin does not resolve everywhere.
const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The folder of jars.
pub(super) async fn fetch(layout: &StackLayout, progress: &Progress) -> Result<PathBuf> {
    let lib = layout.cache().join(FOLDER).join("lib");
    if is_complete(&lib) {
        return Ok(lib);
    }
    prerequisites::ensure(layout, progress, &[Need::Java, Need::Maven]).await?;
    let step = progress.step("fetch Camunda 7");
    let turn_file = layout.cache().join("engine.lock");
    // Another stack may be fetching: the wait for it must not block the interrupt handler.
    let _turn = tokio::task::spawn_blocking(move || exclusive(&turn_file)).await??;
    if is_complete(&lib) {
        step.done("another stack fetched it");
        return Ok(lib);
    }
    let draft = layout.cache().join(format!("{FOLDER}.draft"));
    std::fs::create_dir_all(&draft)?;
    let mut maven = tools::command(layout, "mvn");
    maven
        .args(["-B", "-Dstyle.color=never", "-f"])
        .arg(layout.workspace().join("localstack/engine/pom.xml"))
        .args([COPY, "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", draft.join("lib").display()));
    tools::run(layout, &step, "maven", &mut maven).await?;
    let target = layout.cache().join(FOLDER);
    std::fs::rename(&draft, &target)
        .with_context(|| format!("cannot move the jars to {}", target.display()))?;
    step.done(&format!("{} jars", count(&lib)));
    Ok(lib)
}

/// The folder appears with all its jars by one rename, so that it exists only when it is complete.
fn is_complete(lib: &Path) -> bool {
    count(lib) > 0
}

fn count(lib: &Path) -> usize {
    std::fs::read_dir(lib).map_or(0, Iterator::count)
}
