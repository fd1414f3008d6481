//! Results kept under the caller's key: a repeat answers the same and changes nothing (§14).

use order_domain::tenant::TenantId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::change_set::{ChangeSet, NewIdempotency, Part};
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

/// Keys of worker commands: `{COMMAND}:{orderId}:{processInstanceId}:{activityInstanceId}`.
pub(crate) const WORKER_SCOPE: &str = "WORKER_COMMAND";
/// Keys of `POST /orders/from-quote`.
pub(crate) const INTAKE_SCOPE: &str = "ORDER_INTAKE";
/// Keys of what people do, whatever it is: one key is one request.
pub(crate) const OPERATOR_SCOPE: &str = "OPERATOR_COMMAND";

pub(crate) const FIND_OPERATOR_RESULT: &str = r"
    select r.fingerprint, r.result
    from idempotency_record r
    where r.tenant_id = $1 and r.scope = $2 and r.key = $3 and r.status = 'DONE'";

pub(crate) const FIND_RESULT: &str = r"
    select r.result
    from idempotency_record r
    where r.tenant_id = $1 and r.scope = $2 and r.key = $3 and r.status = 'DONE'";

/// The stored result of a worker command.
pub(crate) async fn find_result(
    tx: &Tx,
    tenant: &TenantId,
    key: Option<&str>,
) -> Result<Option<Value>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&WORKER_SCOPE as _, Type::TEXT),
        (&key as _, Type::TEXT),
    ];
    let rows = tx.rows("find_result", FIND_RESULT, &params).await?;
    rows.first().map(|row| Reader::new("idempotency_record", row).get("result")).transpose()
}

/// What stands under the key of somebody who asks.
#[derive(Debug)]
pub(crate) enum KeptAnswer<T> {
    /// The same was asked before, and answered so.
    Same(T),
    /// The key belongs to another request.
    OtherRequest,
}

/// What a person was answered under the key of `ctx`; `fingerprint` is of what is asked now.
pub(crate) async fn find_answer<T: DeserializeOwned>(
    tx: &Tx,
    tenant: &TenantId,
    (ctx, fingerprint): (&CommandContext, &str),
) -> Result<Option<KeptAnswer<T>>, StoreError> {
    let Some(key) = &ctx.idempotency_key else { return Ok(None) };
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&OPERATOR_SCOPE as _, Type::TEXT),
        (key as _, Type::TEXT),
    ];
    let rows = tx.rows("find_operator_result", FIND_OPERATOR_RESULT, &params).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let r = Reader::new("idempotency_record", row);
    // Another request may have an answer of another shape, so only the same one's is read.
    if r.get::<String>("fingerprint")? != fingerprint {
        return Ok(Some(KeptAnswer::OtherRequest));
    }
    r.json("result").map(|answer| Some(KeptAnswer::Same(answer)))
}

/// Keeps what a person is answered under the key of `ctx`, where there is one.
///
/// The set is then written by [`write_once`].
pub(crate) fn keep_answer(
    set: &mut ChangeSet,
    tenant: String,
    (ctx, operation, fingerprint): (&CommandContext, &'static str, &str),
    answer: &impl Serialize,
) -> Result<(), StoreError> {
    let Some(key) = &ctx.idempotency_key else { return Ok(()) };
    let result =
        serde_json::to_value(answer).map_err(|source| StoreError::Encode { operation, source })?;
    let row = NewIdempotency {
        tenant_id: tenant,
        scope: OPERATOR_SCOPE,
        key: key.clone(),
        fingerprint: fingerprint.to_owned(),
        status: "DONE",
        result_status: None,
        result,
        created_at: ctx.now,
    };
    set.push(Part::NewIdempotency, &row);
    Ok(())
}

/// Whether a set with a kept answer was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Written {
    /// It was.
    Now,
    /// Somebody kept an answer under the key between our look and our write; nothing was written,
    /// and a repeat reads what they did.
    SomebodyWasFaster,
}

/// Writes a set in which an answer is kept, and commits.
///
/// # Errors
/// Any other failure of the statement; nothing was written then.
pub(crate) async fn write_once(
    set: ChangeSet,
    tx: Tx,
    operation: &'static str,
) -> Result<Written, StoreError> {
    match set.write(tx, operation).await {
        Err(error) if error.constraint() == Some("idempotency_record_pk") => {
            Ok(Written::SomebodyWasFaster)
        }
        written => written.map(|()| Written::Now),
    }
}
