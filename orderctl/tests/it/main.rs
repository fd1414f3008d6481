//! Every command against a stub of the API: what it asks, what it prints, how it ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acting;
mod actions;
mod bulk;
mod bulk_decisions;
mod bulk_prepared;
mod bulk_watched;
mod cases;
mod catalog;
mod desk;
mod failures;
mod losing_api;
mod lost_answers;
mod orders;
mod systems;
mod watching;
mod without_api;
