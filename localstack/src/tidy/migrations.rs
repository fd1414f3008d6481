//! A migration that has landed may have run somewhere, so its file never changes again.
//!
//! `migrations/checksums.txt` holds one line per file, `<sha256>  <name>`, as `sha256sum` prints.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::{Finding, source};

const FOLDER: &str = "migrations";
const CHECKSUMS: &str = "migrations/checksums.txt";
const RECORD: &str = "`cargo local tidy --record-migrations`";

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let files = migrations(root)?;
    let mut findings = Vec::new();
    if files.is_empty() {
        findings.push(Finding::new(FOLDER, 0, "no migrations here"));
    }
    let recorded = recorded(&source::file(root, CHECKSUMS)?.unwrap_or_default());
    for (name, checksum) in &files {
        let path = format!("{FOLDER}/{name}");
        match recorded.get(name) {
            None => {
                let message = format!("is not listed in {CHECKSUMS}: {RECORD} when it lands");
                findings.push(Finding::new(path, 0, message));
            }
            Some((_, known)) if known != checksum => {
                let message = "has changed since it landed: restore it and write a new migration";
                findings.push(Finding::new(path, 0, message));
            }
            Some(_) => {}
        }
    }
    for (name, (line, _)) in recorded.iter().filter(|(name, _)| !files.contains_key(*name)) {
        let message = format!("{name} has landed and is gone: restore it");
        findings.push(Finding::new(CHECKSUMS, *line, message));
    }
    Ok(findings)
}

/// Adds the files that are not listed; never touches a line that is there.
pub(super) fn record(root: &Path) -> Result<()> {
    let mut text = source::file(root, CHECKSUMS)?.unwrap_or_default();
    let known = recorded(&text);
    let added: String = migrations(root)?
        .iter()
        .filter(|(name, _)| !known.contains_key(*name))
        .map(|(name, checksum)| format!("{checksum}  {name}\n"))
        .collect();
    text.push_str(&added);
    std::fs::write(root.join(CHECKSUMS), text).with_context(|| format!("cannot write {CHECKSUMS}"))
}

fn migrations(root: &Path) -> Result<BTreeMap<String, String>> {
    let files = source::files(root, FOLDER, &[".sql"])?;
    Ok(files
        .into_iter()
        .filter_map(|file| {
            let name = file.path.strip_prefix(FOLDER).ok()?.to_str()?.to_owned();
            Some((name, checksum(&file.text)))
        })
        .collect())
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn recorded(text: &str) -> BTreeMap<String, (usize, String)> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let (checksum, name) = line.split_once("  ")?;
            Some((name.to_owned(), (index + 1, checksum.to_owned())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_sha256sum() {
        assert!(checksum("").starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
        assert_eq!(recorded("ab  V1.sql\n")["V1.sql"], (1, "ab".to_owned()));
    }
}
