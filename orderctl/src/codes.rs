//! What a code means, who acts and how: `docs/ERROR-CODES.md`, built in.

use crate::exit::Exit;
use crate::failure::{Cause, Failure};
use crate::terminal::Terminal;

const DOCUMENT: &str = include_str!("../../docs/ERROR-CODES.md");
/// How many suggestions an unknown code gets.
const SUGGESTIONS: usize = 3;

/// One code in one of its roles; a code may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeEntry {
    /// The heading that it stands under.
    pub section: String,
    /// The code.
    pub code: String,
    /// The other columns by their titles, in the order of the document.
    pub columns: Vec<(String, String)>,
}

impl CodeEntry {
    /// Who acts, and how; absent where the document has no such column.
    #[must_use]
    pub fn remedy(&self) -> Option<&str> {
        self.column("who acts, how")
    }

    /// What it means; absent where the document has no such column.
    #[must_use]
    pub fn meaning(&self) -> Option<&str> {
        self.column("means")
    }

    fn column(&self, title: &str) -> Option<&str> {
        self.columns.iter().find(|(name, _)| name == title).map(|(_, text)| text.as_str())
    }
}

/// Every code in every role, in the order of the document.
#[must_use]
pub fn all() -> Vec<CodeEntry> {
    let mut entries: Vec<CodeEntry> = Vec::new();
    let mut section = "";
    let mut titles: Vec<&str> = Vec::new();
    for line in DOCUMENT.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
            titles.clear();
        }
        let cells = cells(line);
        match cells.split_first() {
            Some((&"code", rest)) => titles = rest.to_vec(),
            Some((first, rest)) => {
                if let Some(code) = code(first) {
                    let above = entries.last().filter(|entry| entry.section == section);
                    let columns = titles.iter().zip(rest).map(|(&title, &text)| {
                        let above = above.and_then(|entry| entry.column(title));
                        let text = if text == "as above" { above.unwrap_or(text) } else { text };
                        (title.to_owned(), text.to_owned())
                    });
                    let columns = columns.collect();
                    let (section, code) = (section.to_owned(), code.to_owned());
                    entries.push(CodeEntry { section, code, columns });
                }
            }
            None => {}
        }
    }
    entries
}

/// The roles of one code, written in any case.
#[must_use]
pub fn find(code: &str) -> Vec<CodeEntry> {
    all().into_iter().filter(|entry| entry.code.eq_ignore_ascii_case(code)).collect()
}

/// The codes that look most like it, the best first.
#[must_use]
pub fn nearest(code: &str) -> Vec<String> {
    let wanted = code.to_ascii_uppercase();
    let mut codes: Vec<String> = all().into_iter().map(|entry| entry.code).collect();
    codes.sort();
    codes.dedup();
    // Whoever types a part of a code means a code with that part.
    codes.sort_by_key(|known| (!known.contains(&wanted), distance(known, &wanted)));
    codes.truncate(SUGGESTIONS);
    codes
}

/// Prints what the code means; an unknown one is a failure with suggestions.
pub(crate) fn explain(code: &str, terminal: &Terminal) -> Result<Exit, Failure> {
    let entries = find(code);
    if entries.is_empty() {
        let failure = Failure::from(Cause::UnknownCode(code.to_owned()));
        return Err(failure.advise(format!("did you mean {}?", nearest(code).join(", "))));
    }
    for (index, entry) in entries.iter().enumerate() {
        if index > 0 {
            terminal.answer("");
        }
        terminal.answer(&entry.code);
        terminal.answer(&format!("  {:<14} {}", "where", entry.section));
        for (title, text) in &entry.columns {
            terminal.answer(&format!("  {title:<14} {text}"));
        }
    }
    Ok(Exit::Done)
}

fn cells(line: &str) -> Vec<&str> {
    let Some(row) = line.strip_prefix('|').and_then(|row| row.trim_end().strip_suffix('|')) else {
        return Vec::new();
    };
    row.split('|').map(str::trim).collect()
}

fn code(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}

/// How many characters must be added, dropped or changed.
fn distance(a: &str, b: &str) -> usize {
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.bytes().enumerate() {
        let mut current = vec![row + 1];
        for (column, y) in b.bytes().enumerate() {
            let changed = above[column] + usize::from(x != y);
            current.push(changed.min(above[column + 1] + 1).min(current[column] + 1));
        }
        above = current;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another reading of the document: whatever stands in code style at the start of a row.
    fn codes_of_document() -> impl Iterator<Item = &'static str> {
        DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next())
    }

    #[test]
    fn every_code_of_the_document_is_explained() {
        assert!(codes_of_document().count() > 50, "is the document complete?");
        for code in codes_of_document() {
            let terminal = Terminal::in_memory();

            assert_eq!(explain(code, &terminal).ok(), Some(Exit::Done), "{code}");

            let printed = terminal.written().stdout;
            assert!(printed.starts_with(code) && printed.lines().count() >= 3, "{printed}");
        }
    }

    #[test]
    fn every_entry_has_as_many_columns_as_its_table_and_none_refers_to_another_row() {
        for entry in all() {
            assert!(!entry.columns.is_empty(), "{entry:?}");
            assert!(entry.columns.iter().all(|(_, text)| text != "as above"), "{entry:?}");
        }
    }

    #[test]
    fn a_code_with_two_roles_is_explained_in_both() {
        let sections: Vec<String> =
            find("quote_revision_not_locked").into_iter().map(|entry| entry.section).collect();

        assert_eq!(sections.len(), 2, "{sections:?}");
    }

    #[test]
    fn an_unknown_code_gets_the_nearest_ones() {
        assert_eq!(nearest("VERSION_CONFLIT")[0], "VERSION_CONFLICT");
        assert_eq!(nearest("not_accepted")[0], "QUOTE_NOT_ACCEPTED");
        assert_eq!(distance("KITTEN", "SITTING"), 3);
    }
}
