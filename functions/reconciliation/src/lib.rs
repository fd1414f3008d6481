#![doc = include_str!("../README.md")]

mod config;
mod deps;
pub mod handler;
pub mod policy;
mod query;
mod summary;
mod sweeps;

pub use config::Config;
pub use deps::Deps;
pub use summary::ReconciliationSummary;
