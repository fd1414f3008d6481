#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod check;
mod load;

pub use check::{CheckedCatalogue, InvalidCatalogue, Misfit, read};
pub use load::{LoadError, LoadedCatalogue, load};
