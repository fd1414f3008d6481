//! The store against real PostgreSQL: one binary, one module per guarantee.

mod batches;
mod isolation;
mod journey;
mod plans;
mod schema;
