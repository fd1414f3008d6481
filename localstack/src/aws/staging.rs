//! From `cargo build` to folders that can be packaged.

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Function, Template};
use crate::progress::Progress;
use crate::secrets::function_names;
use crate::stack::StackLayout;
use crate::tools;

/// Builds the functions of the template; they are debug binaries, quick to rebuild.
///
/// # Errors
/// A function of the template has no crate, or one does not compile.
pub async fn build(layout: &StackLayout, progress: &Progress) -> Result<()> {
    let functions = Template::read(layout.workspace())?.functions()?;
    let crates = function_names(layout)?;
    for function in &functions {
        if !crates.contains(&function.name) {
            bail!("template.yaml names {0}, but functions/{0} does not exist", function.name);
        }
    }
    let step = progress.step("build functions");
    let mut cargo = tools::command(layout, "cargo");
    cargo.args(["build", "--locked", "--bins"]).current_dir(layout.workspace());
    for function in &functions {
        cargo.args(["--package", &function.name]);
    }
    tools::run(layout, &step, "build-functions", &mut cargo).await?;
    step.done(&format!("{} functions", functions.len()));
    Ok(())
}

/// Copies every binary to `<folder>/<function>/bootstrap`, the form in which it is packaged.
///
/// A folder per stack, because the next build replaces the originals while another stack deploys.
pub(super) fn stage(target_dir: &Path, folder: &Path, functions: &[Function]) -> Result<()> {
    for function in functions {
        let binary = target_dir.join("debug").join(&function.name);
        let package = folder.join(&function.name);
        std::fs::create_dir_all(&package)?;
        copy_if_changed(&binary, &package.join("bootstrap"))
            .with_context(|| format!("cannot stage {}; was it built?", binary.display()))?;
    }
    Ok(())
}

/// Keeps the time of change, because it is part of the archive: equal binaries upload once.
fn copy_if_changed(source: &Path, target: &Path) -> Result<()> {
    let wanted = source.metadata()?;
    if let Ok(present) = target.metadata()
        && present.len() == wanted.len()
        && present.modified()? == wanted.modified()?
    {
        return Ok(());
    }
    let draft = target.with_extension("draft");
    std::fs::copy(source, &draft)?;
    std::fs::File::options().write(true).open(&draft)?.set_modified(wanted.modified()?)?;
    std::fs::rename(&draft, target)?;
    Ok(())
}
