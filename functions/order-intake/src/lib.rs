#![doc = include_str!("../README.md")]

mod answer;
mod config;
mod deps;
#[cfg(test)]
mod description;
mod draft;
pub mod handler;
pub mod policy;
mod problem;
mod requests;
pub mod routes;

pub use config::Config;
pub use deps::Deps;
