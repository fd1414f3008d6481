//! The engine's own date format, `2026-01-31T12:00:00.000+0000`: not RFC 3339.
//!
//! It exists only inside this crate; callers see [`Timestamp`].

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::fmt::strtime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.3f%z";

/// A moment as the engine writes it, cut to milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineDate(Timestamp);

/// The text is not in the engine's date format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date in the engine's format")]
pub struct InvalidEngineDate;

impl EngineDate {
    /// The moment in our own terms.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for EngineDate {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

impl fmt::Display for EngineDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = strtime::format(FORMAT, &self.0.to_zoned(jiff::tz::TimeZone::UTC));
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl FromStr for EngineDate {
    type Err = InvalidEngineDate;

    fn from_str(text: &str) -> Result<Self, InvalidEngineDate> {
        Timestamp::strptime(FORMAT, text).map(Self).map_err(|_| InvalidEngineDate)
    }
}

impl Serialize for EngineDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EngineDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// For `#[serde(with = …)]` on fields that are always there.
pub(crate) mod required {
    use super::{Deserialize, Deserializer, EngineDate, Timestamp};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Timestamp, D::Error> {
        EngineDate::deserialize(d).map(EngineDate::timestamp)
    }
}

/// For `#[serde(with = …)]` on fields that may be absent or null.
pub(crate) mod optional {
    use super::{Deserialize, Deserializer, EngineDate, Serialize, Serializer, Timestamp};

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        d: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<EngineDate>::deserialize(d)?.map(EngineDate::timestamp))
    }

    pub(crate) fn serialize<S: Serializer>(
        moment: &Option<Timestamp>,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        moment.map(EngineDate::from).serialize(s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_has_no_colon_and_the_fraction_three_digits() {
        let moment: Timestamp = "2026-01-31T12:00:00.123456Z".parse().expect("RFC 3339");

        assert_eq!(EngineDate::from(moment).to_string(), "2026-01-31T12:00:00.123+0000");
    }

    #[test]
    fn other_offsets_are_read_as_the_same_moment() {
        let date: EngineDate = "2026-01-31T14:30:00.500+0230".parse().expect("engine date");

        assert_eq!(date.to_string(), "2026-01-31T12:00:00.500+0000");
    }

    #[test]
    fn rfc_3339_is_not_the_engines_format() {
        assert_eq!("2026-01-31T12:00:00Z".parse::<EngineDate>(), Err(InvalidEngineDate));
    }
}
