#![doc = include_str!("../README.md")]

// The lift of SQS batches catches panics per record; a release that aborts would lose the batch.
#[cfg(not(panic = "unwind"))]
compile_error!("the release profile must keep panic = \"unwind\"");

pub mod archive;
pub mod cold_start;
pub mod statistics;
