//! Results kept under the caller's key: a repeat answers the same and changes nothing (§14).

use order_domain::tenant::TenantId;
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::Tx;

/// Keys of worker commands: `{COMMAND}:{orderId}:{processInstanceId}:{activityInstanceId}`.
pub(crate) const WORKER_SCOPE: &str = "WORKER_COMMAND";
/// Keys of `POST /orders/from-quote`.
pub(crate) const INTAKE_SCOPE: &str = "ORDER_INTAKE";

/// Keys of what operators do.
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
