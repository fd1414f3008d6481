//! The checks, by where their evidence comes from.

pub(crate) mod calls;
pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod ledger;
pub(crate) mod queues;
pub(crate) mod sql;
pub(crate) mod tables;
