//! `/admin`: what tests, the demo and people look at and set.

use axum::Json;
use axum::extract::{Path, Query, State};
use external_systems::quote::QuoteAnswer;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::Shared;
use crate::behaviour::{Behaviour, BehaviourChange};
use crate::ledger::Ledger;
use crate::record::{BehaviourSet, Document, Record};
use crate::refusal::Refusal;
use crate::system::System;
use crate::world::Request;

mod faults;

pub(crate) use faults::{faults, put_faults, stop_faults};

/// Which effects or requests are wanted; what is left out does not matter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Filter {
    tenant_id: Option<String>,
    order_id: Option<Uuid>,
    system: Option<System>,
}

impl Filter {
    fn fits(&self, tenant_id: &str, order_id: Uuid, system: System) -> bool {
        self.tenant_id.as_deref().is_none_or(|wanted| wanted == tenant_id)
            && self.order_id.is_none_or(|wanted| wanted == order_id)
            && self.system.is_none_or(|wanted| wanted == system)
    }
}

/// `GET /admin/ledger?tenantId=&orderId=&system=`.
pub(crate) async fn ledger(
    State(app): State<Shared>,
    Query(filter): Query<Filter>,
) -> Json<Ledger> {
    Json(app.read(|world| {
        Ledger::of(world, |entry| filter.fits(&entry.tenant_id, entry.order_id, entry.system))
    }))
}

/// `GET /admin/requests?tenantId=&orderId=&system=`.
pub(crate) async fn requests(
    State(app): State<Shared>,
    Query(filter): Query<Filter>,
) -> Json<Value> {
    let now = Timestamp::now();
    let requests: Vec<Value> = app.read(|world| {
        let is_wanted = |request: &&Request| {
            let body = &request.submitted.request;
            filter.fits(&body.tenant_id, body.order_id, request.submitted.system)
        };
        world.requests.values().filter(is_wanted).map(|request| view(request, now)).collect()
    });
    Json(json!({"requests": requests}))
}

fn view(request: &Request, now: Timestamp) -> Value {
    let settled = request.settled.as_ref();
    json!({
        "system": request.submitted.system,
        "request": request.submitted.request,
        "behaviour": request.submitted.behaviour,
        "externalReference": request.submitted.external_reference,
        "receivedAt": request.submitted.received_at,
        "status": request.status(now),
        "reasonCode": settled.and_then(|settled| settled.reason_code.as_ref()),
        "result": settled.map(|settled| &settled.result),
        "settledAt": settled.map(|settled| settled.at),
        "callbackFault": request.submitted.callback_fault,
        "callback": {
            "messageId": settled.and_then(|settled| settled.callback_message_id.as_ref()),
            "attempts": request.callback_attempts,
            "lastStatus": request.last_callback_status,
            "acceptedAt": request.callback_accepted_at,
        },
    })
}

/// Whether a quote that breaks the contract is put in all the same.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct QuoteOptions {
    #[serde(default)]
    unchecked: bool,
}

/// `PUT /admin/quotes`: the body is the quote document; `?unchecked=true` takes a malformed one.
pub(crate) async fn put_quote(
    State(app): State<Shared>,
    Query(options): Query<QuoteOptions>,
    Json(document): Json<Value>,
) -> Result<StatusCode, Refusal> {
    if !options.unchecked {
        QuoteAnswer::from_value(document.clone())
            .map_err(|error| Refusal::unprocessable(error.to_string()))?;
    }
    let id = document.get("quoteId").and_then(Value::as_str).map(str::to_owned);
    let revision = document.get("revision").and_then(Value::as_u64);
    let revision = revision.and_then(|revision| u32::try_from(revision).ok());
    let (Some(id), Some(revision)) = (id, revision) else {
        return Err(Refusal::unprocessable("quoteId and revision are needed as a key"));
    };
    let document = Some(document);
    put(&app, Record::Quote(Document { id, revision, document })).await
}

/// `GET /admin/quotes`: keys of the quotes that were put in.
pub(crate) async fn quotes(State(app): State<Shared>) -> Json<Value> {
    let keys: Vec<Value> = app.read(|world| {
        let key = |(id, revision): &(String, u32)| json!({"quoteId": id, "revision": revision});
        world.quotes.keys().map(key).collect()
    });
    Json(json!({"quotes": keys}))
}

/// `PUT /admin/customers/{id}`: fields of the answer, or `null` for "does not exist".
pub(crate) async fn put_customer(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Json(document): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let document = with_id(document, "customerId", &id)?;
    put(&app, Record::Customer(Document { id, revision: 0, document })).await
}

/// `PUT /admin/billing-accounts/{id}`: fields of the answer, or `null` for "does not exist".
pub(crate) async fn put_billing_account(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Json(document): Json<Value>,
) -> Result<StatusCode, Refusal> {
    let document = with_id(document, "billingAccountId", &id)?;
    put(&app, Record::BillingAccount(Document { id, revision: 0, document })).await
}

fn with_id(document: Value, name: &str, id: &str) -> Result<Option<Value>, Refusal> {
    match document {
        Value::Null => Ok(None),
        Value::Object(mut fields) => {
            fields.entry(name).or_insert_with(|| Value::from(id));
            Ok(Some(Value::Object(fields)))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Refusal::unprocessable("the body must be an object or null"))
        }
    }
}

/// `GET /admin/systems/{system}/behaviour[/{operation}]`: what applies now.
pub(crate) async fn behaviour(
    State(app): State<Shared>,
    Path(path): Path<SystemPath>,
) -> Result<Json<Behaviour>, Refusal> {
    let system: System = path.system.parse()?;
    Ok(Json(app.read(|world| world.behaviour(system, path.operation.as_deref()))))
}

/// A system, or one of its operations.
#[derive(Debug, Deserialize)]
pub(crate) struct SystemPath {
    system: String,
    operation: Option<String>,
}

/// `PUT /admin/systems/{system}/behaviour[/{operation}]`: fields left out stay as they are.
pub(crate) async fn put_behaviour(
    State(app): State<Shared>,
    Path(path): Path<SystemPath>,
    Json(change): Json<BehaviourChange>,
) -> Result<Json<Behaviour>, Refusal> {
    let system: System = path.system.parse()?;
    let behaviour = app
        .commit(|world| {
            let behaviour = world.behaviour(system, path.operation.as_deref()).changed(change);
            let set = BehaviourSet {
                system,
                operation: path.operation,
                behaviour: Some(behaviour.clone()),
            };
            (vec![Record::BehaviourSet(set)], behaviour)
        })
        .await?;
    Ok(Json(behaviour))
}

/// `DELETE /admin/systems/{system}/behaviour[/{operation}]`: as if it had never been set.
pub(crate) async fn reset_behaviour(
    State(app): State<Shared>,
    Path(path): Path<SystemPath>,
) -> Result<StatusCode, Refusal> {
    let system: System = path.system.parse()?;
    let set = BehaviourSet { system, operation: path.operation, behaviour: None };
    put(&app, Record::BehaviourSet(set)).await
}

async fn put(app: &Shared, record: Record) -> Result<StatusCode, Refusal> {
    app.commit(|_| (vec![record], ())).await?;
    Ok(StatusCode::NO_CONTENT)
}
