//! An order, its task and an engine, for the tests of topic functions.
//!
//! [`Fixture::serve`] is the only way to run a loop here, so that whatever a topic function tells
//! the engine is held against the pointers that it may tell.

mod engine;
mod fixture;
mod orders;

pub use engine::task;
pub use fixture::{Fixture, is_bpmn_error, too_early_costs_one_retry_and_changes_nothing};
pub use orders::{Stage, with_work, without_work};
