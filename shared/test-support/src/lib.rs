#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod builders;
mod bulk;
mod database;
pub mod issuer;
mod many;
pub mod operations;
pub mod pointers;
pub mod stage;

pub use builders::{demo_catalogue, demo_target_systems, order_draft, place_order, tenant};
pub use database::TestDatabase;
pub use stage::READY;
