#![doc = include_str!("../README.md")]

pub mod handler;

pub use topic_worker::{TopicConfig as Config, Worker as Deps};
