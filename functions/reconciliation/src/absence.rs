//! When a 404 proves that a request was never executed (RELIABILITY §3).
//!
//! A system that honours request ids may be sent the same id again at once. One that does not may
//! still have the first send on its way, so it must say 404 twice, with the call's time limit and
//! some grace between. The first 404 is remembered in this environment only: forgetting it costs
//! another query, never a second effect.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use external_systems::settings::TargetSystemSettings;
use jiff::{SignedDuration, Timestamp};
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;

use crate::policy;

/// Requests remembered; beyond it all are forgotten and asked for again.
const MOST: usize = 10_000;

/// Requests that were absent once.
#[derive(Debug, Default)]
pub(crate) struct Absences(Mutex<HashMap<RequestId, Timestamp>>);

impl Absences {
    /// The answer of a query, with a 404 that proves nothing yet turned into "cannot tell".
    pub(crate) fn weigh(
        &self,
        settings: &TargetSystemSettings,
        (request_id, answer): (RequestId, StepAnswer),
        now: Timestamp,
    ) -> StepAnswer {
        if answer != StepAnswer::Absent || settings.capabilities.honours_request_id {
            return answer;
        }
        let limit_ms = i64::try_from(settings.request_timeout_ms).unwrap_or(i64::MAX);
        let apart = policy::ABSENCE_GRACE.saturating_add(SignedDuration::from_millis(limit_ms));
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.clear();
        }
        let first = *seen.entry(request_id).or_insert(now);
        if now.duration_since(first) < apart {
            let detail = "absent once; a request may still be on its way".to_owned();
            return StepAnswer::CannotTell { detail };
        }
        seen.remove(&request_id);
        StepAnswer::Absent
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(honours_request_id: bool) -> TargetSystemSettings {
        TargetSystemSettings::parse(&json!({
            "baseUrl": "http://127.0.0.1:1", "auth": {"kind": "NONE"},
            "connectTimeoutMs": 500, "requestTimeoutMs": 10_000, "mode": "ASYNC",
            "capabilities": {"honoursRequestId": honours_request_id, "canBeQueried": true,
                "canCancel": false},
            "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 1000},
            "concurrencyLimit": 4, "responseDueMs": 5000, "pollIntervalMs": 200
        }))
        .unwrap()
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn one_absence_is_enough_where_request_ids_are_honoured() {
        let id = RequestId::from_uuid(uuid::Uuid::now_v7());

        let answer = Absences::default().weigh(&settings(true), (id, StepAnswer::Absent), after(0));

        assert_eq!(answer, StepAnswer::Absent);
    }

    #[test]
    fn elsewhere_two_absences_far_enough_apart_are_needed() {
        let (absences, settings) = (Absences::default(), settings(false));
        let id = RequestId::from_uuid(uuid::Uuid::now_v7());
        let weigh = |at| absences.weigh(&settings, (id, StepAnswer::Absent), after(at));

        assert!(matches!(weigh(0), StepAnswer::CannotTell { .. }));
        assert!(matches!(weigh(14), StepAnswer::CannotTell { .. }));
        assert_eq!(weigh(15), StepAnswer::Absent);
        assert!(matches!(weigh(16), StepAnswer::CannotTell { .. }), "it was sent again since");
    }
}
