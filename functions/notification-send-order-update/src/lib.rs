#![doc = include_str!("../README.md")]

mod config;
mod delivery;
pub mod handler;

pub use config::Config;
pub use delivery::Channel;
pub use handler::Deps;
