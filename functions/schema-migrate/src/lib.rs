#![doc = include_str!("../README.md")]

mod catalogue;
mod config;
pub mod handler;

pub use catalogue::{CatalogueError, EventError};
pub use config::Config;
