//! Where faults will be injected: the seam, without any fault yet.
//!
//! A behaviour names one [`FaultPlan`]; it is fixed in the journal when a request is submitted, so
//! a restart in the middle of a fault keeps it. Four places look at it, each a `match` on the plan
//! without `_`, so that a new mode does not compile until every place has decided:
//!
//! 1. `targets::submit`, before the request is recorded (refuse, hang, lose the request);
//! 2. `work::settle`, around the effect (twice, never, before or after the answer);
//! 3. `targets::submit`, before the answer leaves (lose, delay, malform, redirect it);
//! 4. `delivery::deliver`, before a callback leaves (twice, late, early, malformed, contradictory).

use serde::{Deserialize, Serialize};

/// What goes wrong on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum FaultPlan {
    /// Nothing.
    #[default]
    None,
}
