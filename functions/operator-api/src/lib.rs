#![doc = include_str!("../README.md")]

mod case_actions;
mod config;
#[cfg(test)]
mod description;
pub mod handler;
mod incidents;
mod problem;
mod reference;
mod requests;
mod responses;
pub mod routes;
mod target_systems;
mod worklist;

pub use config::Config;
pub use handler::Deps;
