#![doc = include_str!("../README.md")]

mod config;
mod findings;
pub mod handler;
mod sources;

pub use config::Config;
pub use handler::Deps;
