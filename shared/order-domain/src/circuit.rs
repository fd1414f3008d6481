//! The circuit of a target system: whether it is sent anything, and how it comes back (ADR 0029).
//!
//! ```text
//! CLOSED ──failure rate, or an operator──→ OPEN ──its time is over──→ PROBING ──answered well──→ DRAINING
//!    ↑                                      ↑  └──────released by an operator──────────────────────↗  │
//!    │                                      └──not answered well──┘ └──fails again──→ OPEN            │
//!    └──────────────────────────────nothing waits any more────────────────────────────────────────────┘
//! ```
//!
//! Invariant: a circuit that is not closed has a time at which it moves by itself.

mod answers;
mod decide;
mod hold;
mod pace;
pub mod policy;
mod rejection;
mod status;

pub use answers::{Answers, FailureWindow, Sign, sign_of};
pub use decide::{Backlog, Circuit, LetGo, Opening};
pub use hold::{Hold, HoldDecision};
pub use pace::{DrainRate, ImpossibleRate};
pub use rejection::CircuitRejection;
pub use status::{CircuitCause, CircuitStatus, CircuitWait};
