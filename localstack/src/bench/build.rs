//! Release binaries, as they ship.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::progress::Progress;
use crate::stack::StackLayout;
use crate::tools;

/// Where the binaries of a bench are kept: the next build replaces the originals.
pub(super) fn folder(layout: &StackLayout) -> PathBuf {
    layout.component_dir("bench")
}

/// Builds binaries of one package with the release profile and copies them.
///
/// One package at a time, because cargo unifies features over all packages of a build: together,
/// each would carry what only its neighbours need.
pub(super) async fn binaries(
    layout: &StackLayout,
    progress: &Progress,
    package: &str,
    names: &[&str],
) -> Result<Vec<(String, PathBuf)>> {
    let step = progress.step(&format!("release {package}"));
    let mut cargo = tools::command(layout, "cargo");
    cargo
        .args(["build", "--release", "--locked", "--package", package])
        .current_dir(layout.workspace());
    for name in names {
        cargo.args(["--bin", name]);
    }
    tools::run(layout, &step, &format!("build-release-{package}"), &mut cargo).await?;
    let copies = names.iter().map(|name| Ok(((*name).to_owned(), copy(layout, name)?)));
    let copies = copies.collect::<Result<_>>()?;
    step.done("built");
    Ok(copies)
}

fn copy(layout: &StackLayout, name: &str) -> Result<PathBuf> {
    let source = layout.build_dir().join("release").join(name);
    let copy = folder(layout).join(name);
    std::fs::create_dir_all(folder(layout))?;
    std::fs::copy(&source, &copy).with_context(|| format!("cannot copy {}", source.display()))?;
    Ok(copy)
}
