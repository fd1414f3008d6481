#![doc = include_str!("../README.md")]

mod absence;
mod batch;
mod config;
mod deps;
pub mod handler;
pub mod policy;
mod query;
mod summary;

pub use config::Config;
pub use deps::Deps;
pub use summary::ReconciliationSummary;
