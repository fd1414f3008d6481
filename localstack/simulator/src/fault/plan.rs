//! One plan: which fault, where, and how often.

use serde::{Deserialize, Serialize};

use super::{Fault, Place, Reach};
use crate::system::System;

/// The statuses by which a system says that the request itself is wrong.
const REFUSALS: [u16; 7] = [400, 401, 403, 404, 405, 413, 415];
/// Largest body that is made up; the callbacks' own limit is far below.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A fault that somebody set. Fields of the fault stand beside the plan's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    #[serde(flatten)]
    pub(crate) fault: Fault,
    /// Where; what the kind allows at this system when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on: Option<Place>,
    /// How many it hits; without it, all until it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) times: Option<u64>,
    /// How likely it hits one attempt, 0 to 1; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) probability: Option<f64>,
    /// What the probability is drawn from, together with request and attempt.
    #[serde(default)]
    pub(super) seed: u64,
}

impl Plan {
    /// Where it strikes at this system.
    pub(super) fn place(&self, system: System) -> Place {
        match self.fault.reach() {
            Reach::Callbacks => Place::Callback,
            Reach::Submits => Place::Submit,
            Reach::Calls if !system.is_target() => Place::Query,
            Reach::Calls if self.on == Some(Place::Query) => Place::Query,
            Reach::Calls => Place::Submit,
        }
    }

    /// What is wrong with it; a plan that could never hit would make a test prove nothing.
    pub(crate) fn check(&self, system: System) -> Result<(), String> {
        let kind = self.fault.kind();
        let place = self.place(system);
        if self.on.is_some_and(|on| on != place) || !system.is_target() && place != Place::Query {
            return Err(format!("{kind} does not strike there"));
        }
        if self.times == Some(0) {
            return Err("times is at least 1".to_owned());
        }
        if self.probability.is_some_and(|probability| !(0.0..=1.0).contains(&probability)) {
            return Err("probability is 0 to 1".to_owned());
        }
        self.check_fault(place)
    }

    fn check_fault(&self, place: Place) -> Result<(), String> {
        match self.fault {
            Fault::TechnicalRefusal { status } if !REFUSALS.contains(&status) => {
                Err(format!("status is one of {REFUSALS:?}"))
            }
            // To a query, 404 is a proof that the request was never taken.
            Fault::TechnicalRefusal { status: 404 } if place == Place::Query => {
                Err("a query never lies: 404 would say that the request is absent".to_owned())
            }
            Fault::Oversized { bytes } if bytes > MAX_BYTES => {
                Err(format!("bytes is at most {MAX_BYTES}"))
            }
            Fault::Duplicated { copies: 0, .. } => Err("copies is at least 1".to_owned()),
            _ => Ok(()),
        }
    }
}
