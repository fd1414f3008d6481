#![doc = include_str!("../README.md")]

mod carry_out;
mod config;
mod deps;
mod dry_run;
pub mod handler;
pub mod policy;
mod run;
mod summary;

pub use config::Config;
pub use deps::Deps;
pub use summary::BulkSummary;
