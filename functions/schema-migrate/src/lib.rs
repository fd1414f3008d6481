#![doc = include_str!("../README.md")]

mod config;
pub mod handler;

pub use config::Config;
