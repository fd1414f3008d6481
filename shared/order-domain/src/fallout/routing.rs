//! Who owns a case, and by when somebody must have touched it (§18 §20).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::kind::CaseKind;
use crate::calendar::{AgreedDeadline, BusinessCalendar, DEFAULT_CALENDAR, Deadline, WorkingDay};

/// Business days within which somebody must do something about a case.
const TOUCH_WITHIN_DAYS: u16 = 1;
/// The least time that anybody has.
const SOONEST_TOUCH: SignedDuration = SignedDuration::from_mins(5);

/// What a target system's settings say about cases of its steps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct FalloutRouting {
    /// Who owns them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_group: Option<String>,
    /// By when they must be touched, with the calendar it is counted in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub touch_within: Option<AgreedDeadline>,
}

impl FalloutRouting {
    /// The owner of a case of this kind.
    #[must_use]
    pub fn owner_group(&self, kind: CaseKind) -> &str {
        self.owner_group.as_deref().unwrap_or(kind.owner_group())
    }

    /// When a case must have been touched again, if it was touched at `now`.
    ///
    /// One business day unless the settings say otherwise: in `calendar`, which is the step's own,
    /// or else Monday to Friday in UTC.
    #[must_use]
    pub fn touch_due_at(&self, now: Timestamp, calendar: Option<&BusinessCalendar>) -> Timestamp {
        let due = match (&self.touch_within, calendar) {
            (Some(agreed), _) => agreed.due_at(now),
            (None, Some(calendar)) => calendar.add_business_days(now, TOUCH_WITHIN_DAYS),
            (None, None) => default_touch().due_at(now),
        };
        // Settings that leave no time would have a case escalated for ever.
        let soonest = now.checked_add(SOONEST_TOUCH).unwrap_or(Timestamp::MAX);
        due.max(soonest)
    }
}

fn default_touch() -> AgreedDeadline {
    use WorkingDay::{Friday, Monday, Thursday, Tuesday, Wednesday};
    let week = [Monday, Tuesday, Wednesday, Thursday, Friday];
    AgreedDeadline {
        deadline: Deadline::BusinessDays {
            days: TOUCH_WITHIN_DAYS,
            calendar: DEFAULT_CALENDAR.to_owned(),
        },
        calendar: BusinessCalendar::parse("UTC", week, []).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_case_must_be_touched_within_one_business_day_unless_its_system_says_otherwise() {
        let friday = at("2026-11-27T15:00:00Z");
        let plain = FalloutRouting::default();
        let hasty = FalloutRouting {
            touch_within: Some(AgreedDeadline { deadline: Deadline::Hours(4), calendar: None }),
            ..FalloutRouting::default()
        };
        let saturdays = BusinessCalendar::parse("UTC", [WorkingDay::Saturday], []).unwrap();

        assert_eq!(plain.touch_due_at(friday, None), at("2026-11-30T15:00:00Z"));
        assert_eq!(hasty.touch_due_at(friday, None), at("2026-11-27T19:00:00Z"));
        let at_once = FalloutRouting {
            touch_within: Some(AgreedDeadline { deadline: Deadline::Hours(0), calendar: None }),
            ..FalloutRouting::default()
        };
        assert_eq!(at_once.touch_due_at(friday, None), at("2026-11-27T15:05:00Z"));
        let own = plain.touch_due_at(at("2026-11-28T15:00:00Z"), Some(&saturdays));
        assert_eq!(own, at("2026-12-05T15:00:00Z"));
    }

    #[test]
    fn a_case_belongs_to_who_knows_its_subject_or_to_the_group_of_its_system() {
        let plain = FalloutRouting::default();
        let network =
            FalloutRouting { owner_group: Some("network".to_owned()), ..FalloutRouting::default() };

        assert_eq!(plain.owner_group(CaseKind::Step), "order-operations");
        assert_eq!(plain.owner_group(CaseKind::Billing), "billing-operations");
        assert_eq!(network.owner_group(CaseKind::Step), "network");
    }
}
