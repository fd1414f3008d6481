#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod checked_in;
mod codes;
mod conformance;
mod document;
mod operation;
mod page;
mod parameter;
mod promises;
mod router;
mod schemas;

pub use checked_in::{UPDATE, assert_checked_in};
pub use codes::Codes;
pub use conformance::{Answer, Conformance};
pub use document::{Api, Tag};
pub use operation::{Access, Link, Operation, Refusal};
pub use page::page;
pub use parameter::Parameter;
pub use promises::{Route, events_of, operations_of, spelled};
pub use router::routes_of;
pub use schemas::Patch;
