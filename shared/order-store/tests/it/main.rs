//! The store against real PostgreSQL: one binary, one module per guarantee.

mod actions;
mod batches;
mod broken_connections;
mod catalogues;
mod circuits;
mod costs;
mod deliveries;
mod escalation;
mod fallout;
mod generations;
mod isolation;
mod journey;
mod liveness;
mod outbox;
mod permissions;
mod plans;
mod processes;
mod results;
mod schema;
mod turns;
mod worklist;
