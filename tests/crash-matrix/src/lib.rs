#![doc = include_str!("../README.md")]

pub mod job;
pub mod worker;
