//! The function through its router, on a real database under its own role.

mod access;
mod cases;
mod fixture;
mod incidents;
mod lists;
mod progress;
mod rows;
mod views;
mod worklist;
