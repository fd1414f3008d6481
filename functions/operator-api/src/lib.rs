#![doc = include_str!("../README.md")]

mod config;
mod cursor;
pub mod handler;
mod problem;
mod requests;
mod responses;
pub mod routes;

pub use config::Config;
pub use handler::Deps;
