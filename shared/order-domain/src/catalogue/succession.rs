//! Which catalogue follows which: nobody overwrites unseen what somebody else applied.
//!
//! ```text
//! is it the current one, to the letter?       → AlreadyCurrent
//! did the caller see the current one?    no   → VersionConflict
//! is its version lower?                  yes  → VersionBehind
//! is its version there, otherwise?       yes  → VersionTaken
//!                                        else → BecomesCurrent
//! ```
//!
//! What holds already is answered before anything is refused: who applies the same again, or the
//! same as somebody else, overwrites nothing.

use super::rejection::CatalogueRejection;

/// One version as it is stored: what it says is told by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEdition {
    /// The version.
    pub version: u32,
    /// Digest of the content.
    pub digest: String,
}

/// The catalogue that a caller knows to be the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenCatalogue {
    /// This version.
    Version(u32),
    /// There was none.
    Nothing,
    /// Nothing was said: only a preview may leave it open.
    NotSaid,
}

/// What the store knows about the catalogues of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SuccessionFacts {
    /// The current one.
    pub current: Option<CatalogueEdition>,
    /// The one that has the new one's version, current or not.
    pub same_version: Option<CatalogueEdition>,
}

/// What becomes of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Succession {
    /// It is the current one from now on.
    BecomesCurrent,
    /// It is the current one.
    AlreadyCurrent,
}

/// Whether a valid catalogue may follow the current one.
///
/// # Errors
/// [`CatalogueRejection`] as in the table above.
pub fn decide_succession(
    new: &CatalogueEdition,
    seen: SeenCatalogue,
    facts: &SuccessionFacts,
) -> Result<Succession, CatalogueRejection> {
    if facts.current.as_ref() == Some(new) {
        return Ok(Succession::AlreadyCurrent);
    }
    let current = facts.current.as_ref().map(|x| x.version);
    let is_seen = match seen {
        SeenCatalogue::Version(version) => current == Some(version),
        SeenCatalogue::Nothing => current.is_none(),
        SeenCatalogue::NotSaid => true,
    };
    if !is_seen {
        return Err(CatalogueRejection::VersionConflict);
    }
    if current.is_some_and(|current| new.version < current) {
        return Err(CatalogueRejection::VersionBehind);
    }
    if facts.same_version.as_ref().is_some_and(|x| x.digest != new.digest) {
        return Err(CatalogueRejection::VersionTaken);
    }
    Ok(Succession::BecomesCurrent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edition(version: u32, digest: &str) -> CatalogueEdition {
        CatalogueEdition { version, digest: digest.to_owned() }
    }

    fn facts(current: &CatalogueEdition, same: Option<CatalogueEdition>) -> SuccessionFacts {
        SuccessionFacts { current: Some(current.clone()), same_version: same }
    }

    #[test]
    fn a_higher_version_follows_the_one_that_was_seen() {
        let current = edition(3, "a");
        let decide = |seen| decide_succession(&edition(5, "b"), seen, &facts(&current, None));

        assert_eq!(decide(SeenCatalogue::Version(3)), Ok(Succession::BecomesCurrent));
        assert_eq!(decide(SeenCatalogue::NotSaid), Ok(Succession::BecomesCurrent));
        for seen in [SeenCatalogue::Version(2), SeenCatalogue::Version(5), SeenCatalogue::Nothing] {
            assert_eq!(decide(seen), Err(CatalogueRejection::VersionConflict), "{seen:?}");
        }
    }

    #[test]
    fn the_first_catalogue_follows_nothing() {
        let decide = |seen| decide_succession(&edition(7, "a"), seen, &SuccessionFacts::default());

        assert_eq!(decide(SeenCatalogue::Nothing), Ok(Succession::BecomesCurrent));
        assert_eq!(decide(SeenCatalogue::Version(7)), Err(CatalogueRejection::VersionConflict));
    }

    #[test]
    fn what_is_current_already_is_never_refused() {
        let current = edition(3, "a");
        let facts = facts(&current, Some(current.clone()));

        for seen in [SeenCatalogue::Version(3), SeenCatalogue::Version(2), SeenCatalogue::Nothing] {
            let decided = decide_succession(&current, seen, &facts);
            assert_eq!(decided, Ok(Succession::AlreadyCurrent), "{seen:?}");
        }
    }

    #[test]
    fn versions_rise_and_keep_their_content() {
        let (current, seen) = (edition(3, "a"), SeenCatalogue::Version(3));
        let decide = |new: &CatalogueEdition, same: Option<CatalogueEdition>| {
            decide_succession(new, seen, &facts(&current, same))
        };

        let behind = decide(&edition(2, "b"), Some(edition(2, "b")));
        assert_eq!(behind, Err(CatalogueRejection::VersionBehind));
        let taken = decide(&edition(3, "b"), Some(current.clone()));
        assert_eq!(taken, Err(CatalogueRejection::VersionTaken));
        // A later one was replaced by an earlier one: it may come back as it was, and only so.
        let back = decide(&edition(4, "c"), Some(edition(4, "c")));
        assert_eq!(back, Ok(Succession::BecomesCurrent));
        let other = decide(&edition(4, "d"), Some(edition(4, "c")));
        assert_eq!(other, Err(CatalogueRejection::VersionTaken));
    }
}
