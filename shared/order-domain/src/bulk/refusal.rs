//! Refusals of bulk actions, each with its stable code (docs/ERROR-CODES.md).

/// Why a bulk action was not created or did not go on. `Display` is the sentence an operator reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BulkRefusal {
    /// None of the caller's roles may ask for it.
    #[error("Your role does not allow this.")]
    RoleNotAllowed,
    /// The action states something about one case, or needs a second person for each.
    #[error("This action is about one case at a time; it is not offered for many.")]
    ActionNotForMany,
    /// No open case fits.
    #[error("No open case fits the selection.")]
    SelectsNothing,
    /// More open cases fit than one bulk action takes.
    #[error("More than 10000 open cases fit the selection; narrow it down.")]
    SelectsTooMany,
    /// Somebody else changed it meanwhile.
    #[error("It went on since you read it; read it again.")]
    VersionConflict,
    /// Not possible where the bulk action is.
    #[error("That is not possible in the status of the bulk action.")]
    NotPossibleInStatus,
    /// Four eyes.
    #[error("Another person than the one who prepared it must let it go on.")]
    ApproverMustDiffer,
}

impl BulkRefusal {
    /// Every refusal, for lists of codes.
    pub const ALL: &'static [Self] = &[
        Self::RoleNotAllowed,
        Self::ActionNotForMany,
        Self::SelectsNothing,
        Self::SelectsTooMany,
        Self::VersionConflict,
        Self::NotPossibleInStatus,
        Self::ApproverMustDiffer,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RoleNotAllowed => "ROLE_NOT_ALLOWED",
            Self::ActionNotForMany => "ACTION_NOT_FOR_MANY",
            Self::SelectsNothing => "BULK_SELECTS_NOTHING",
            Self::SelectsTooMany => "BULK_SELECTS_TOO_MANY",
            Self::VersionConflict => "VERSION_CONFLICT",
            Self::NotPossibleInStatus => "BULK_NOT_POSSIBLE_IN_STATUS",
            Self::ApproverMustDiffer => "APPROVER_MUST_DIFFER",
        }
    }

    /// The refusal with this code.
    #[must_use]
    pub fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|x| x.code() == code)
    }
}
