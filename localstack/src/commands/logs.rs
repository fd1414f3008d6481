//! `cargo local logs`.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::cli::LogsArguments;
use crate::output;
use crate::stack::StackLayout;
use crate::wait;

pub(super) async fn print(stack: &str, arguments: &LogsArguments) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    let Some(name) = &arguments.name else {
        return list(&layout);
    };
    let path = layout.log(name);
    if path.is_file() {
        return copy(&path, arguments.follow).await;
    }
    bail!("no log of {name}; there are: {}", names(&layout).join(", "))
}

fn list(layout: &StackLayout) -> Result<()> {
    for name in names(layout) {
        output::line(&format!("{name:<32} {}", layout.log(&name).display()));
    }
    Ok(())
}

fn names(layout: &StackLayout) -> Vec<String> {
    let files = std::fs::read_dir(layout.logs()).into_iter().flatten().flatten();
    let mut names: Vec<String> = files.filter_map(|file| name_of(file.path())).collect();
    names.sort();
    names
}

fn name_of(path: PathBuf) -> Option<String> {
    (path.extension()? == "log").then_some(path.file_stem()?.to_str()?.to_owned())
}

async fn copy(path: &Path, is_followed: bool) -> Result<()> {
    let mut file =
        std::fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut stdout = std::io::stdout();
    loop {
        let mut added = Vec::new();
        file.read_to_end(&mut added)?;
        stdout.write_all(&added)?;
        stdout.flush()?;
        if !is_followed {
            return Ok(());
        }
        // A log that became shorter was started anew.
        if file.metadata()?.len() < file.stream_position()? {
            file.seek(SeekFrom::Start(0))?;
        }
        wait::pause(Duration::from_millis(200)).await;
    }
}
