//! Durations as people write and read them.

use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A duration of the command line: `90`, `45s`, `30m`, `4h`, `2d`, `1h30m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(Duration);

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a duration: write for example 45s, 30m, 4h, 2d or 1h30m")]
pub struct SpanError;

impl Span {
    /// The duration.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        self.0
    }

    /// As ISO 8601 has it, in its largest whole units: `PT4H`.
    #[must_use]
    pub fn as_iso(self) -> String {
        jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX).to_string()
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let mut seconds: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let number: u64 = rest[..end].parse().map_err(|_none| SpanError)?;
            let mut tail = rest[end..].chars();
            let unit = match tail.next() {
                None | Some('s') => 1,
                Some('m') => MINUTE,
                Some('h') => HOUR,
                Some('d') => DAY,
                Some(_) => return Err(SpanError),
            };
            let part = number.checked_mul(unit).ok_or(SpanError)?;
            seconds = seconds.checked_add(part).ok_or(SpanError)?;
            rest = tail.as_str();
        }
        // A century is longer than any order; more would overflow instants.
        (1..=36_500 * DAY)
            .contains(&seconds)
            .then(|| Self(Duration::from_secs(seconds)))
            .ok_or(SpanError)
    }
}

/// The time between two instants, in the two units that matter; in either order.
pub(crate) fn between(a: Timestamp, b: Timestamp) -> String {
    let seconds = a.duration_since(b).unsigned_abs().as_secs();
    let parts = |large: u64, large_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    };
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => parts(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        _ => parts(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

/// `4 h 12 min ago`, or `in 3 min`.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    if at > now { format!("in {}", between(at, now)) } else { format!("{} ago", between(at, now)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_with_one_letter_per_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("45s", 45),
            ("30m", 1800),
            ("4h", 14_400),
            ("2d", 172_800),
            ("1h30m", 5400),
        ] {
            assert_eq!(
                text.parse::<Span>().map(Span::as_duration),
                Ok(Duration::from_secs(seconds))
            );
        }
        for text in ["", "0", "h", "4x", "-4h", "4h ", "99999999999999999999", "999999999d"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError), "{text:?}");
        }
    }

    #[test]
    fn the_api_hears_iso_8601() {
        assert_eq!("4h".parse::<Span>().unwrap().as_iso(), "PT4H");
        assert_eq!("2d".parse::<Span>().unwrap().as_iso(), "PT48H");
        assert_eq!("1h30m".parse::<Span>().unwrap().as_iso(), "PT1H30M");
    }

    #[test]
    fn people_read_two_units_at_most() {
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        let ago = |seconds: i64| now - jiff::SignedDuration::from_secs(seconds);

        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (15_120, "4 h 12 min"),
            (86_400, "1 d"),
            (180_000, "2 d 2 h"),
        ] {
            assert_eq!(between(now, ago(seconds)), text);
        }
        assert_eq!(relative(ago(60), now), "1 min ago");
        assert_eq!(relative(ago(-180), now), "in 3 min");
    }
}
