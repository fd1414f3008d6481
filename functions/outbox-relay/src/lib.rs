#![doc = include_str!("../README.md")]

mod config;
mod deps;
mod finish;
pub mod handler;
mod in_hand;
pub mod policy;
mod relay;
mod summary;

pub use config::Config;
pub use deps::Deps;
pub use summary::RelaySummary;
