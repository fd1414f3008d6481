#![doc = include_str!("../README.md")]

pub mod callbacks;
pub mod ground;
pub mod measure;
pub mod outbox;
pub mod reconciliation;
pub mod report;
pub mod rows;
pub mod steps;
pub mod worklist;
