//! Working days, holidays and the time zone they are counted in.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A day of the week, spelled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WorkingDay {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// Which days count, and in which time zone a day begins.
///
/// Invariant: there is at least one working day, so counting always ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CalendarDocument", into = "CalendarDocument")]
pub struct BusinessCalendar {
    document: CalendarDocument,
    // Parsed once from `document.time_zone`, which is kept because a zone cannot be printed back.
    zone: TimeZone,
}

/// The calendar as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CalendarDocument {
    time_zone: String,
    working_days: BTreeSet<WorkingDay>,
    #[serde(default)]
    holidays: BTreeSet<Date>,
}

/// The text does not describe a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCalendar {
    /// The time zone is neither `UTC` nor a POSIX rule.
    #[error("time zone {0:?} is neither UTC nor a POSIX rule such as CET-1CEST,M3.5.0,M10.5.0/3")]
    TimeZone(String),
    /// No day of the week is a working day.
    #[error("a calendar needs at least one working day")]
    NoWorkingDay,
}

impl BusinessCalendar {
    /// A calendar in `time_zone`, which is `UTC` or a POSIX rule.
    ///
    /// # Errors
    /// [`InvalidCalendar`] when the zone cannot be read or no day is a working day.
    pub fn parse(
        time_zone: &str,
        working_days: impl IntoIterator<Item = WorkingDay>,
        holidays: impl IntoIterator<Item = Date>,
    ) -> Result<Self, InvalidCalendar> {
        Self::try_from(CalendarDocument {
            time_zone: time_zone.to_owned(),
            working_days: working_days.into_iter().collect(),
            holidays: holidays.into_iter().collect(),
        })
    }

    /// Whether `date` is a day on which people work.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.document.working_days.contains(&WorkingDay::from(date.weekday()))
            && !self.document.holidays.contains(&date)
    }

    /// The moment `days` business days after `from`; the end of time if the calendar runs out.
    #[must_use]
    pub fn add_business_days(&self, from: Timestamp, days: u16) -> Timestamp {
        self.checked_add_business_days(from, days).unwrap_or(Timestamp::MAX)
    }

    fn checked_add_business_days(&self, from: Timestamp, days: u16) -> Option<Timestamp> {
        let local = self.zone.to_datetime(from);
        let start = self.first_working_day_from(local.date())?;
        let starts_on_a_day_off = start != local.date();
        let mut date = start;
        for _ in 0..days {
            date = self.first_working_day_from(date.tomorrow().ok()?)?;
        }
        let time = if starts_on_a_day_off { jiff::civil::Time::midnight() } else { local.time() };
        self.zone.to_timestamp(date.to_datetime(time)).ok()
    }

    fn first_working_day_from(&self, mut date: Date) -> Option<Date> {
        while !self.is_working_day(date) {
            date = date.tomorrow().ok()?;
        }
        Some(date)
    }
}

impl TryFrom<CalendarDocument> for BusinessCalendar {
    type Error = InvalidCalendar;

    fn try_from(document: CalendarDocument) -> Result<Self, InvalidCalendar> {
        if document.working_days.is_empty() {
            return Err(InvalidCalendar::NoWorkingDay);
        }
        let zone = match document.time_zone.as_str() {
            "UTC" => TimeZone::UTC,
            rule => TimeZone::posix(rule)
                .map_err(|_| InvalidCalendar::TimeZone(document.time_zone.clone()))?,
        };
        Ok(Self { document, zone })
    }
}

impl From<BusinessCalendar> for CalendarDocument {
    fn from(calendar: BusinessCalendar) -> Self {
        calendar.document
    }
}

impl From<Weekday> for WorkingDay {
    fn from(weekday: Weekday) -> Self {
        match weekday {
            Weekday::Monday => Self::Monday,
            Weekday::Tuesday => Self::Tuesday,
            Weekday::Wednesday => Self::Wednesday,
            Weekday::Thursday => Self::Thursday,
            Weekday::Friday => Self::Friday,
            Weekday::Saturday => Self::Saturday,
            Weekday::Sunday => Self::Sunday,
        }
    }
}

#[cfg(test)]
mod tests;
