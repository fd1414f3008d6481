//! Why an entry was not taken, and whether it is the entry's own fault.

use lambda_support::error_chain;

/// What became of one entry of a batch.
pub type Taken = Result<(), SinkRefusal>;

/// Why one entry was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkRefusal {
    /// The entry itself is at fault: repeating it cannot help.
    pub is_permanent: bool,
    /// For the log and the row.
    pub reason: String,
}

impl SinkRefusal {
    /// Says nothing against the entry; it may be taken another time.
    #[must_use]
    pub fn for_now(reason: &str) -> Self {
        Self { is_permanent: false, reason: reason.to_owned() }
    }

    /// A call that failed as a whole says nothing against its entries.
    pub(crate) fn of_call(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::for_now(&error_chain(error))
    }
}
