//! The client against a real engine: every call, every filter, and the answers it can provoke.
//!
//! Each test deploys a process under a key of its own, so that they run in parallel.

mod deployments;
mod errors;
mod filters;
mod fixture;
mod instances;
mod messages;
mod tasks;
