//! The function through its router, on a real database under its own role, with a CPQ in process.

mod bad_input;
mod described;
mod event;
mod fixture;
mod orders;
mod races;
mod refusals;
mod replays;
