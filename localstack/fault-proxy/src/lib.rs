#![doc = include_str!("../README.md")]

mod fault;
mod link;
mod proxy;

pub use fault::{Connections, Fault, Hits};
pub use proxy::FaultProxy;
