//! Deadlines: elapsed minutes and hours, or business days of a named calendar (§18).
//!
//! A time zone is a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3`, or `UTC`. The rule travels
//! with the data, so a due time depends neither on a zone database in the binary nor on the
//! machine, and stays what it was when the order was planned.
//!
//! How a business day counts:
//! - `n` business days after a moment is the same local time on the n-th working day that follows;
//! - a moment on a day off counts as midnight of the next working day;
//! - a local time that the clock skips is moved behind the gap, one that happens twice is the first.

mod business;
mod deadline;

pub use business::{BusinessCalendar, InvalidCalendar, WorkingDay};
pub use deadline::{AgreedDeadline, DEFAULT_CALENDAR, Deadline, InvalidDeadline, due_at};
