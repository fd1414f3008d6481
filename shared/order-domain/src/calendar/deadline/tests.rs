use super::super::WorkingDay;
use super::*;

fn deadline(json: &str) -> Deadline {
    serde_json::from_str(json).unwrap()
}

fn utc_weekdays() -> BusinessCalendar {
    use WorkingDay::{Friday, Monday, Thursday, Tuesday, Wednesday};
    BusinessCalendar::parse("UTC", [Monday, Tuesday, Wednesday, Thursday, Friday], []).unwrap()
}

#[test]
fn the_seeds_deadlines_end_when_the_seed_says() {
    let friday: Timestamp = "2026-06-05T15:30:00Z".parse().unwrap();
    let rows = [
        (r#"{"minutes":10}"#, "2026-06-05T15:40:00Z"),
        (r#"{"hours":4}"#, "2026-06-05T19:30:00Z"),
        (r#"{"businessDays":2}"#, "2026-06-09T15:30:00Z"),
        (r#"{"businessDays":1}"#, "2026-06-08T15:30:00Z"),
    ];
    for (json, due) in rows {
        let at = due_at(friday, &deadline(json), &utc_weekdays());
        assert_eq!(at.to_string(), due, "{json}");
    }
}

#[test]
fn elapsed_time_ignores_changes_of_the_clock() {
    let before_the_change: Timestamp = "2026-03-29T00:30:00Z".parse().unwrap();
    let agreed = AgreedDeadline { deadline: Deadline::Hours(4), calendar: None };
    assert_eq!(agreed.due_at(before_the_change).to_string(), "2026-03-29T04:30:00Z");
}

#[test]
fn an_agreed_deadline_needs_no_catalogue() {
    let agreed = AgreedDeadline {
        deadline: deadline(r#"{"businessDays":2}"#),
        calendar: Some(utc_weekdays()),
    };
    let stored: AgreedDeadline =
        serde_json::from_str(&serde_json::to_string(&agreed).unwrap()).unwrap();
    let friday: Timestamp = "2026-06-05T15:30:00Z".parse().unwrap();
    assert_eq!(stored, agreed);
    assert_eq!(stored.due_at(friday).to_string(), "2026-06-09T15:30:00Z");
}

#[test]
fn a_deadline_has_exactly_one_unit() {
    for json in [
        "{}",
        r#"{"minutes":1,"hours":1}"#,
        r#"{"hours":1,"calendar":"standard"}"#,
        r#"{"minutes":-1}"#,
        r#"{"days":1}"#,
    ] {
        assert!(serde_json::from_str::<Deadline>(json).is_err(), "{json}");
    }
}

#[test]
fn business_days_use_the_standard_calendar_unless_another_is_named() {
    let days = |calendar: &str| Deadline::BusinessDays { days: 2, calendar: calendar.to_owned() };
    assert_eq!(deadline(r#"{"businessDays":2}"#), days(DEFAULT_CALENDAR));
    assert_eq!(deadline(r#"{"businessDays":2,"calendar":"field"}"#), days("field"));
}
