#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod auth;
pub mod caller;
pub mod clock;
pub mod config;
pub mod correlation;
pub mod cursor;
pub mod database;
pub mod deadline;
pub mod edge;
pub mod engine;
pub mod external_task_loop;
pub mod http;
pub mod idempotency_key;
pub mod jitter;
pub mod json_body;
pub mod jwt;
pub mod list_parameters;
pub mod problem;
pub mod request_attempts;
pub mod secrets;
pub mod sqs_batch;
pub mod system_limits;
pub mod targets;
pub mod termination;
pub mod tls;

mod init;
mod log;

pub use deadline::Deadline;
pub use init::{InitError, init};
pub use log::error_chain;
