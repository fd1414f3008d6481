#![doc = include_str!("../README.md")]

mod batch;
mod config;
mod deps;
pub mod handler;
pub mod policy;
mod reading;
mod summary;

pub use config::Config;
pub use deps::Deps;
pub use summary::CallbackSummary;
