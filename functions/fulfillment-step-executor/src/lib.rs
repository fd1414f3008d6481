#![doc = include_str!("../README.md")]

mod config;
mod deps;
pub mod handler;
pub mod policy;
mod record;
mod submit;
mod summary;

pub use config::Config;
pub use deps::Deps;
pub use summary::ExecutorSummary;
