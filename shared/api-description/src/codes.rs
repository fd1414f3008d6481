//! What codes mean, read from the table that people read.

use std::collections::BTreeMap;

/// The meaning of each code in the tables of a document.
#[derive(Debug)]
pub struct Codes(BTreeMap<String, String>);

impl Codes {
    /// Reads every table whose first column is `code` and which has a column `means`.
    #[must_use]
    pub fn read(document: &str) -> Self {
        let mut meanings = BTreeMap::new();
        let mut column = None;
        for line in document.lines() {
            let Some(row) = line.strip_prefix("| ") else {
                column = column.filter(|_| line.starts_with('|'));
                continue;
            };
            let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
            if column.is_none() {
                column = cells.iter().position(|cell| *cell == "means");
            }
            let code = cells[0].strip_prefix('`').and_then(|x| x.strip_suffix('`'));
            if let (Some(code), Some(meaning)) = (code, column.and_then(|x| cells.get(x))) {
                meanings.entry(code.to_owned()).or_insert_with(|| (*meaning).to_owned());
            }
        }
        Self(meanings)
    }

    /// What a code means.
    ///
    /// # Panics
    /// The document does not list it.
    #[must_use]
    pub fn meaning(&self, code: &str) -> &str {
        let meaning = self.0.get(code).map(String::as_str);
        meaning.unwrap_or_else(|| panic!("{code} is not documented"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meaning_is_what_stands_below_its_title() {
        let table =
            "| code | status | means |\n|---|---|---|\n| `A_B` | 400 | no good |\n\n| x |\n";

        assert_eq!(Codes::read(table).meaning("A_B"), "no good");
    }
}
