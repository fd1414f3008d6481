//! Checks before sending: what the engine would answer with an undecidable 500.
//!
//! A NUL character and a broken database connection get the same answer from the engine, so
//! "unknown outcome" would be the only honest reading. Refusing first keeps it decidable.

/// Columns of the engine for keys and names.
pub(crate) const MAX_NAME: usize = 255;
/// Column of the engine for text values.
pub(crate) const MAX_TEXT: usize = 4000;
/// Column of the engine for error messages; the engine cuts there itself.
pub(crate) const MAX_ERROR_MESSAGE: usize = 666;

/// Why a request was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestFlaw {
    /// A text that must not be empty is empty.
    #[error("{field} is empty")]
    Empty {
        /// The offending field.
        field: String,
    },
    /// A text contains the NUL character, which PostgreSQL cannot store.
    #[error("{field} contains a NUL character")]
    ContainsNul {
        /// The offending field.
        field: String,
    },
    /// A text is longer than the engine's column.
    #[error("{field} has {length} characters, at most {limit} are stored")]
    TooLong {
        /// The offending field.
        field: String,
        /// Characters given.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// The request could not be built (URL or header).
    #[error("the request could not be built: {reason}")]
    NotBuildable {
        /// What the HTTP client said.
        reason: String,
    },
}

/// A key or name: present, no NUL, at most 255 characters.
pub(crate) fn check_name(field: &str, text: &str) -> Result<(), RequestFlaw> {
    if text.is_empty() {
        return Err(RequestFlaw::Empty { field: field.to_owned() });
    }
    check_length(field, text, MAX_NAME)
}

/// A text value: may be empty, no NUL, at most 4000 characters.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), RequestFlaw> {
    check_length(field, text, MAX_TEXT)
}

fn check_length(field: &str, text: &str, limit: usize) -> Result<(), RequestFlaw> {
    if text.contains('\0') {
        return Err(RequestFlaw::ContainsNul { field: field.to_owned() });
    }
    // PostgreSQL counts code points, not bytes.
    let length = text.chars().count();
    if length > limit {
        return Err(RequestFlaw::TooLong { field: field.to_owned(), length, limit });
    }
    Ok(())
}

/// Free text for people: made storable rather than refused, so that a failure is always reported.
pub(crate) fn storable(text: &str, limit: usize) -> String {
    text.chars()
        .take(limit)
        .map(|c| if c == '\0' { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_present_free_of_nul_and_at_most_255_characters() {
        assert_eq!(check_name("worker id", &"ä".repeat(255)), Ok(()));
        assert_eq!(
            check_name("worker id", &"ä".repeat(256)),
            Err(RequestFlaw::TooLong { field: "worker id".to_owned(), length: 256, limit: 255 })
        );
        assert_eq!(
            check_name("worker id", ""),
            Err(RequestFlaw::Empty { field: "worker id".to_owned() })
        );
        assert_eq!(
            check_name("worker id", "a\0"),
            Err(RequestFlaw::ContainsNul { field: "worker id".to_owned() })
        );
    }

    #[test]
    fn values_may_be_empty_and_have_at_most_4000_characters() {
        assert_eq!(check_text("note", ""), Ok(()));
        assert_eq!(check_text("note", &"x".repeat(4000)), Ok(()));
        assert!(check_text("note", &"x".repeat(4001)).is_err());
    }

    #[test]
    fn free_text_is_cut_and_cleaned_instead_of_refused() {
        assert_eq!(storable("a\0bc", 3), "a\u{fffd}b");
    }
}
