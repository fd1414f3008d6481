#![doc = include_str!("../README.md")]

mod act;
mod api;
mod bulk;
mod cases;
mod catalog;
pub mod cli;
pub mod codes;
mod commands;
mod duration;
pub mod exit;
mod failure;
mod fields;
mod orders;
mod pages;
mod session;
mod systems;
mod table;
pub mod terminal;
pub mod world;

pub use commands::run;
