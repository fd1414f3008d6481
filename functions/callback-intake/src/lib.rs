#![doc = include_str!("../README.md")]

mod config;
mod handler;
pub mod routes;
mod sender;

pub use config::Config;
pub use handler::{Deps, DepsError};
