#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod aggregate;
mod audit;
pub mod bulk;
pub mod catalogue;
mod change;
mod change_set;
pub mod circuit;
pub mod commands;
mod context;
pub mod correlation;
mod dial;
pub mod due_steps;
pub mod engine_report;
mod error;
mod idempotency;
pub mod inbox;
pub mod liveness;
mod migrate;
pub mod order_reference;
pub mod outbox;
pub mod overdue_cases;
mod pool;
pub mod read_model;
mod row;
mod settings;
#[doc(hidden)]
pub mod statements;
pub mod target_system;
mod tenant_chain;
mod tx;

pub use context::CommandContext;
pub use dial::{DatabaseAddress, Dialed};
pub use error::StoreError;
pub use migrate::{MigrationSummary, migrate, schema_digest};
pub use pool::{Store, StoreCost};
pub use settings::{DatabaseSettings, SslMode};
pub use tx::{SystemTx, TenantTx};
