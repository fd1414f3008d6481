#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

pub mod check;
pub mod delivery;
pub mod lanes;
pub mod lease;
pub mod step;
