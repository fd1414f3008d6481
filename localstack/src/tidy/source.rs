//! Reading the repository: which files there are, and which of their lines are tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Folders that hold nothing we wrote; hidden ones are skipped as well, except for `.ci`.
const SKIPPED: [&str; 2] = ["target", "node_modules"];

/// A text file of the repository.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the workspace.
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// All text files below `folder` with one of these endings; a missing folder has none.
pub(super) fn files(root: &Path, folder: &str, endings: &[&str]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    let start = root.join(folder);
    if start.is_dir() {
        walk(root, &start, endings, &mut found)?;
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// One file; `None` if it does not exist.
pub(super) fn file(root: &Path, path: &str) -> Result<Option<String>> {
    match std::fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
    }
}

/// The crates of a folder, such as `functions` or `shared`, by folder name.
pub(super) fn crates(root: &Path, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// Whether the whole file is test code.
pub(super) fn is_test_file(path: &Path) -> bool {
    let is_in_tests = path.parent().is_some_and(|folder| {
        folder.iter().any(|part| part == "tests" || part == "it" || part == "benches")
    });
    is_in_tests || path.file_stem().is_some_and(|stem| stem == "tests" || stem == "test")
}

/// The lines outside `#[cfg(test)]`, with their numbers.
///
/// An inline test module ends at the next closing brace in its own column, which rustfmt puts
/// there.
pub(super) fn product_lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    let mut product = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            product.push((number, line));
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        for (_, line) in lines.by_ref() {
            if line == end
                || line.trim_end().ends_with(';')
                    && line.starts_with(indent)
                    && is_item(line, indent)
            {
                break;
            }
        }
    }
    product
}

/// Whether the line is the first of its item, so that a `;` on it ends the item.
fn is_item(line: &str, indent: &str) -> bool {
    line.strip_prefix(indent).is_some_and(|rest| rest.starts_with(char::is_alphabetic))
}

fn walk(root: &Path, folder: &Path, endings: &[&str], found: &mut Vec<Source>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_hidden = name.starts_with('.') && name != ".ci" && name != ".cargo";
        if path.is_dir() {
            if !is_hidden && !SKIPPED.contains(&name.as_ref()) {
                walk(root, &path, endings, found)?;
            }
        } else if endings.iter().any(|ending| name.ends_with(ending))
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            found.push(Source { path: path.strip_prefix(root)?.to_owned(), text });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_tests_and_test_modules_in_files_do_not_count() {
        let text =
            "a\n#[cfg(test)]\nmod tests;\nb\n#[cfg(test)]\nmod more {\n    fn x() {}\n}\nc\n";

        let lines: Vec<&str> = product_lines(text).into_iter().map(|(_, line)| line).collect();

        assert_eq!(lines, ["a", "b", "c"]);
    }

    #[test]
    fn the_code_after_a_test_only_function_counts_again() {
        let text = "#[cfg(test)]\nfn only() {\n    let x = 1;\n}\nfn product() {}\n";

        assert_eq!(product_lines(text), [(5, "fn product() {}")]);
    }
}
