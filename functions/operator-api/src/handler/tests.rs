//! The function through its router, on a real database under its own role.

mod access;
mod actions;
mod bulk;
mod case_readers;
mod cases;
mod catalogues;
mod described;
mod explain;
mod fixture;
mod incidents;
mod lists;
mod matrix;
mod progress;
mod rows;
mod target_systems;
mod views;
mod worklist;
