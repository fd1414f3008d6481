#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod answer;
mod config;
mod connect;
mod pointers;
#[cfg(feature = "testing")]
pub mod testing;
mod worker;

pub use answer::{answer, technical};
pub use config::TopicConfig;
pub use connect::{ConnectError, secrets_client};
pub use pointers::{ForeignTask, OrderPointers, idempotency_key};
pub use worker::{Milestone, Worker};
