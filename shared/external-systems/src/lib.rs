#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod callback;
mod classify;
pub mod credential;
pub mod digest;
mod fetch;
mod http_target;
pub mod quote;
pub mod retry;
mod retry_after;
pub mod settings;
pub mod source;
pub mod target;
pub mod wire;

pub use fetch::MAX_ANSWER_BYTES;
pub use http_target::HttpTargetSystem;
pub use retry_after::MAX_RETRY_AFTER;
pub use target::{Exchange, ExchangeAttempt, ExchangeKind, SubmitRequest, TargetSystem};
