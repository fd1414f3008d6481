#![doc = include_str!("../README.md")]

mod bulk_actions;
mod case_actions;
mod catalogues;
mod config;
#[cfg(test)]
mod description;
pub mod handler;
mod incidents;
mod parameters;
mod preconditions;
mod problem;
mod reference;
mod requests;
mod responses;
pub mod routes;
mod target_systems;
mod worklist;

pub use config::Config;
pub use handler::Deps;
