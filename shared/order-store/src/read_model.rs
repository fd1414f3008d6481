//! The read model: what people and demos are told about orders (§30).
//!
//! Read by `operator-api` only, under its own role. Each question
//! is ONE statement in one round trip: all parts of an answer come from one snapshot, so an order is
//! never shown COMPLETED beside a step that is still SUBMITTED.
//! The types are read from snake_case columns and are written as the API's camelCase, so that a
//! field has one name and one place.

pub(crate) mod explain;
pub(crate) mod find_case;
pub(crate) mod find_order;
pub(crate) mod incident_list;
mod journal_view;
pub(crate) mod order_list;
mod order_view;
mod waiting;

pub use explain::explain_order;
pub use find_case::{ActionView, CaseDetail, CaseStepView, PendingView, find_case};
pub use find_order::find_order;
pub use incident_list::{
    IncidentFilter, IncidentPage, IncidentPosition, IncidentView, list_incidents,
};
pub use journal_view::{EventView, OrderActionView, TransitionView};
pub use order_list::{OrderFilter, OrderPage, OrderPosition, OrderSummary, list_orders};
pub use order_view::{CaseView, LineView, OrderView, PlanView, StepView};
pub use waiting::{LastExternalReference, WaitingStep, WaitingSystem};
