//! How an order and its process instance stand to each other.

use crate::text_enum::text_enum;

text_enum! {
    /// STARTING → RUNNING → ENDED | LOST; LOST → STARTING with a new run (SYSTEM §4).
    CorrelationStatus {
        /// A start is owed or under way; the engine may have it already.
        Starting = "STARTING",
        /// An instance is known and was there when it was looked at last.
        Running = "RUNNING",
        /// It ended with nothing left to do.
        Ended = "ENDED",
        /// It is gone and the order needs it; it is started anew when its time comes.
        Lost = "LOST",
    }
}
