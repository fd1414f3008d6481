use super::*;

const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
const NEW_YORK: &str = "EST5EDT,M3.2.0,M11.1.0";

fn weekdays() -> [WorkingDay; 5] {
    use WorkingDay::{Friday, Monday, Thursday, Tuesday, Wednesday};
    [Monday, Tuesday, Wednesday, Thursday, Friday]
}

fn calendar(zone: &str, holidays: &[&str]) -> BusinessCalendar {
    let holidays = holidays.iter().map(|text| text.parse().unwrap());
    BusinessCalendar::parse(zone, weekdays(), holidays).unwrap()
}

fn assert_due(calendar: &BusinessCalendar, from: &str, days: u16, due: &str) {
    let from: Timestamp = from.parse().unwrap();
    assert_eq!(calendar.add_business_days(from, days).to_string(), due, "{days} days after {from}");
}

#[test]
fn two_business_days_after_a_friday_afternoon_end_on_tuesday_at_the_same_time() {
    assert_due(&calendar("UTC", &[]), "2026-06-05T15:30:00Z", 2, "2026-06-09T15:30:00Z");
}

#[test]
fn a_start_on_a_day_off_counts_from_midnight_of_the_next_working_day() {
    assert_due(&calendar("UTC", &[]), "2026-06-06T15:30:00Z", 2, "2026-06-10T00:00:00Z");
    assert_due(&calendar("UTC", &[]), "2026-06-06T15:30:00Z", 0, "2026-06-08T00:00:00Z");
}

#[test]
fn holidays_are_skipped_like_weekends() {
    let christmas = calendar("UTC", &["2026-12-24", "2026-12-25"]);
    assert_due(&christmas, "2026-12-23T09:00:00Z", 1, "2026-12-28T09:00:00Z");
}

#[test]
fn the_local_time_of_day_survives_both_changes_of_the_clock() {
    let berlin = calendar(BERLIN, &[]);
    // Friday 10:00 is UTC+1 in winter; Monday after 2026-03-29 is UTC+2.
    assert_due(&berlin, "2026-03-27T09:00:00Z", 1, "2026-03-30T08:00:00Z");
    // Friday 10:00 is UTC+2 in summer; Monday after 2026-10-25 is UTC+1.
    assert_due(&berlin, "2026-10-23T08:00:00Z", 1, "2026-10-26T09:00:00Z");
    let new_york = calendar(NEW_YORK, &[]);
    assert_due(&new_york, "2026-03-06T15:00:00Z", 1, "2026-03-09T14:00:00Z");
}

#[test]
fn a_local_time_that_the_clock_skips_is_moved_behind_the_gap() {
    // Every day works here, because clocks change on Sundays.
    let every_day = BusinessCalendar::parse(
        BERLIN,
        weekdays().into_iter().chain([WorkingDay::Saturday, WorkingDay::Sunday]),
        [],
    )
    .unwrap();
    // Saturday 02:30 local; on Sunday 02:30 does not exist and becomes 03:30 (UTC+2).
    assert_due(&every_day, "2026-03-28T01:30:00Z", 1, "2026-03-29T01:30:00Z");
    // Saturday 02:30 local; on Sunday 02:30 happens twice and the first one (UTC+2) counts.
    assert_due(&every_day, "2026-10-24T00:30:00Z", 1, "2026-10-25T00:30:00Z");
}

#[test]
fn the_date_is_that_of_the_zone_not_of_utc() {
    // Friday 23:30 in UTC is already Saturday in Berlin, so counting starts on Monday.
    assert_due(&calendar(BERLIN, &[]), "2026-06-05T23:30:00Z", 1, "2026-06-08T22:00:00Z");
}

#[test]
fn the_end_of_time_is_a_due_time_and_not_a_panic() {
    let late = Timestamp::MAX;
    assert_eq!(calendar("UTC", &[]).add_business_days(late, u16::MAX), Timestamp::MAX);
}

#[test]
fn a_calendar_without_working_days_or_with_an_unreadable_zone_is_refused() {
    assert_eq!(BusinessCalendar::parse("UTC", [], []), Err(InvalidCalendar::NoWorkingDay));
    for zone in ["", "Europe/Berlin", "CET-1CEST,M13.5.0,M10.5.0/3", "+01:00"] {
        let refused = BusinessCalendar::parse(zone, weekdays(), []);
        assert_eq!(refused, Err(InvalidCalendar::TimeZone(zone.to_owned())), "{zone:?}");
    }
}

#[test]
fn a_calendar_survives_being_stored() {
    let json = r#"{"timeZone":"CET-1CEST,M3.5.0,M10.5.0/3","workingDays":["MONDAY","TUESDAY"],"holidays":["2026-12-25"]}"#;
    let calendar: BusinessCalendar = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&calendar).unwrap(), json);
    assert!(
        serde_json::from_str::<BusinessCalendar>(r#"{"timeZone":"UTC","workingDays":[]}"#).is_err()
    );
}
