//! The read model: what people and demos are told about orders (§30).
//!
//! Read by `operator-api` only, under its own role. Each question
//! is ONE statement in one round trip: all parts of an answer come from one snapshot, so an order is
//! never shown COMPLETED beside a step that is still SUBMITTED.
//! The types are read from snake_case columns and are written as the API's camelCase, so that a
//! field has one name and one place.

mod bulk_items;
mod bulk_view;
mod case_list;
mod catalogue_list;
mod explain;
mod find_case;
mod find_order;
mod incident_list;
mod journal_view;
mod order_list;
mod order_summary;
mod order_view;
mod signature_list;
mod system_list;
mod waiting;

use order_list::statement;

pub use bulk_items::{BulkItemView, list_bulk_items};
pub use bulk_view::{
    BulkActionDetail, BulkActionView, BulkEntry, BulkPosition, ItemGroup, find_bulk_action,
    list_bulk_actions,
};
pub(crate) use case_list::select_cases;
pub use case_list::{CaseFilter, CasePage, CasePosition, CaseSummary, list_cases};
pub use catalogue_list::{
    CataloguePage, CatalogueSummary, CatalogueView, find_catalogue, list_catalogues,
};
pub use explain::explain_order;
pub use find_case::{ActionView, CaseDetail, CaseStepView, PendingView, find_case};
pub use find_order::find_order;
pub use incident_list::{
    IncidentFilter, IncidentPage, IncidentPosition, IncidentView, list_incidents,
};
pub use journal_view::{EventView, OrderActionView, TransitionView};
pub use order_list::{OrderFilter, OrderPage, OrderPosition, list_orders};
pub use order_summary::{FailedStep, OpenCase, OrderSummary, Retry, WaitingFor};
pub use order_view::{CaseView, LineView, OrderView, PlanView, StepView};
pub use signature_list::{SignatureSummary, list_signatures};
pub use system_list::{TargetSystemView, list_systems};
pub use waiting::{LastExternalReference, WaitingStep, WaitingSystem};

/// Name and text of every statement of the read model.
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    vec![
        ("read_model::FIND_BULK", bulk_view::FIND_BULK),
        ("read_model::LIST_BULK", bulk_view::LIST_BULK),
        ("read_model::GROUP_ITEMS", bulk_view::GROUP_ITEMS),
        ("read_model::LIST_ITEMS", bulk_items::LIST_ITEMS),
        ("read_model::LIST_ORDERS", statement::LIST_ORDERS),
        ("read_model::LIST_CALLED", statement::LIST_CALLED),
        ("read_model::LIST_OF_REFERENCE", statement::LIST_OF_REFERENCE),
        ("read_model::LIST_WITH_CASE", statement::LIST_WITH_CASE),
        ("read_model::LIST_RETRIED", statement::LIST_RETRIED),
        ("read_model::LIST_OF_SYSTEM", statement::LIST_OF_SYSTEM),
        ("read_model::LIST_STUCK", statement::LIST_STUCK),
        ("read_model::LIST_OPEN_CASES", case_list::LIST_OPEN_CASES),
        ("read_model::LIST_CLOSED_CASES", case_list::LIST_CLOSED_CASES),
        ("read_model::LIST_SIGNATURES", signature_list::LIST_SIGNATURES),
        ("read_model::SURROUNDINGS", explain::SURROUNDINGS),
        ("read_model::FIND_CASE", find_case::FIND_CASE),
        ("read_model::FIND_ORDER", find_order::FIND_ORDER),
        ("read_model::LIST_INCIDENTS", incident_list::LIST_INCIDENTS),
        ("read_model::LIST_CATALOGUES", catalogue_list::LIST_CATALOGUES),
        ("read_model::FIND_CATALOGUE", catalogue_list::FIND_CATALOGUE),
        ("read_model::LIST_SYSTEMS", system_list::LIST_SYSTEMS),
    ]
}
