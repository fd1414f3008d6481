//! The function through its router, on a real database under its own role.

mod access;
mod fixture;
mod lists;
mod progress;
mod views;
