//! How long something may take, and when that is over.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::business::BusinessCalendar;

/// Name of the calendar that a deadline in business days uses when it names none.
pub const DEFAULT_CALENDAR: &str = "standard";

/// A span of time until something is due: `{"minutes": 10}`, `{"hours": 4}`, `{"businessDays": 2}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DeadlineDocument", into = "DeadlineDocument")]
pub enum Deadline {
    /// Elapsed minutes, day and night.
    Minutes(u32),
    /// Elapsed hours, day and night.
    Hours(u32),
    /// Working days of a calendar.
    BusinessDays {
        /// How many.
        days: u16,
        /// Name of the calendar in the catalogue; [`DEFAULT_CALENDAR`] unless one is named.
        calendar: String,
    },
}

/// The deadline as it is written down: exactly one unit.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
struct DeadlineDocument {
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    business_days: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<String>,
}

/// A deadline names no unit, several units, or a calendar for elapsed time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a deadline is one of minutes, hours or businessDays; only businessDays take a calendar")]
pub struct InvalidDeadline;

/// A deadline with the calendar it is counted in, complete without the catalogue.
///
/// A step keeps it, so that a later edit of the calendar never moves a deadline already agreed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AgreedDeadline {
    /// The span.
    pub deadline: Deadline,
    /// The calendar; absent for elapsed time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<BusinessCalendar>,
}

impl AgreedDeadline {
    /// When it is over for something that begins at `from`; a missing calendar counts every day.
    #[must_use]
    pub fn due_at(&self, from: Timestamp) -> Timestamp {
        match (&self.deadline, &self.calendar) {
            (Deadline::BusinessDays { .. }, Some(calendar)) => {
                due_at(from, &self.deadline, calendar)
            }
            (deadline, _) => elapsed(from, deadline),
        }
    }
}

/// When `deadline` is over for something that begins at `from`.
#[must_use]
pub fn due_at(from: Timestamp, deadline: &Deadline, calendar: &BusinessCalendar) -> Timestamp {
    match deadline {
        Deadline::Minutes(_) | Deadline::Hours(_) => elapsed(from, deadline),
        Deadline::BusinessDays { days, .. } => calendar.add_business_days(from, *days),
    }
}

fn elapsed(from: Timestamp, deadline: &Deadline) -> Timestamp {
    let span = match deadline {
        Deadline::Minutes(minutes) => SignedDuration::from_mins(i64::from(*minutes)),
        Deadline::Hours(hours) => SignedDuration::from_hours(i64::from(*hours)),
        Deadline::BusinessDays { days, .. } => SignedDuration::from_hours(i64::from(*days) * 24),
    };
    from.checked_add(span).unwrap_or(Timestamp::MAX)
}

impl TryFrom<DeadlineDocument> for Deadline {
    type Error = InvalidDeadline;

    fn try_from(document: DeadlineDocument) -> Result<Self, InvalidDeadline> {
        let DeadlineDocument { minutes, hours, business_days, calendar } = document;
        match (minutes, hours, business_days, calendar) {
            (Some(minutes), None, None, None) => Ok(Self::Minutes(minutes)),
            (None, Some(hours), None, None) => Ok(Self::Hours(hours)),
            (None, None, Some(days), calendar) => Ok(Self::BusinessDays {
                days,
                calendar: calendar.unwrap_or_else(|| DEFAULT_CALENDAR.to_owned()),
            }),
            _ => Err(InvalidDeadline),
        }
    }
}

impl From<Deadline> for DeadlineDocument {
    fn from(deadline: Deadline) -> Self {
        match deadline {
            Deadline::Minutes(minutes) => Self { minutes: Some(minutes), ..Self::default() },
            Deadline::Hours(hours) => Self { hours: Some(hours), ..Self::default() },
            Deadline::BusinessDays { days, calendar } => {
                Self { business_days: Some(days), calendar: Some(calendar), ..Self::default() }
            }
        }
    }
}

#[cfg(test)]
mod tests;
