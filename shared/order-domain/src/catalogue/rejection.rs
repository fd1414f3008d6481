//! Why a catalogue does not become the current one, each with its stable code.

use serde::{Deserialize, Serialize};

/// A business "no" to a catalogue. `Display` is the sentence that whoever applies it reads.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
pub enum CatalogueRejection {
    /// Somebody else's catalogue became the current one meanwhile, or there is none any more.
    #[error("Another catalogue is the current one than the one you saw; compare with it first.")]
    VersionConflict,
    /// Versions rise, so that a higher one is always the later one.
    #[error("The version is lower than the current one; raise it.")]
    VersionBehind,
    /// Orders name the version that made their work, so its content never changes.
    #[error("The version exists with other content; raise it.")]
    VersionTaken,
}

impl CatalogueRejection {
    /// Every rejection, for lists of codes.
    pub const ALL: &'static [Self] =
        &[Self::VersionConflict, Self::VersionBehind, Self::VersionTaken];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::VersionConflict => "VERSION_CONFLICT",
            Self::VersionBehind => "CATALOGUE_VERSION_BEHIND",
            Self::VersionTaken => "CATALOGUE_VERSION_TAKEN",
        }
    }
}
