#![doc = include_str!("../README.md")]

mod admin;
mod app;
mod behaviour;
mod cancel;
mod delivery;
mod fault;
mod journal;
mod ledger;
mod record;
mod refusal;
mod secrets;
mod server;
mod sources;
mod system;
mod targets;
mod wire;
mod work;
mod world;

pub use server::{CALLBACKS_IN_FLIGHT, Options, Simulator};
