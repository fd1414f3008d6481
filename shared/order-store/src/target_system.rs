//! `target_system`: how each system of a tenant is reached; configuration is data (§9).

use jiff::Timestamp;
use order_domain::tenant::TenantId;
use serde_json::Value;
use tokio_postgres::types::Type;

use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{SystemTx, TenantTx};

pub(crate) const APPLY: &str = r"
    with applied as (
        insert into target_system (tenant_id, system, settings, updated_at)
        select $1, k.system, k.settings, $4
        from unnest($2::text[], $3::jsonb[]) as k(system, settings)
        on conflict (tenant_id, system) do update
        set settings = excluded.settings, updated_at = excluded.updated_at
        returning system)
    select a.system from applied a";

pub(crate) const FIND: &str = r"
    select t.settings
    from target_system t
    where t.tenant_id = $1 and t.system = $2";

/// Writes the settings of these systems; others stay as they are.
///
/// # Errors
/// Technical failures of the store.
pub async fn apply(
    tx: TenantTx,
    systems: &[(String, Value)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let tenant = tx.tenant.clone();
    let names: Vec<&str> = systems.iter().map(|(name, _)| name.as_str()).collect();
    let settings: Vec<&Value> = systems.iter().map(|(_, settings)| settings).collect();
    let params = [
        (&tenant.as_str() as _, Type::TEXT),
        (&names as _, Type::TEXT_ARRAY),
        (&settings as _, Type::JSONB_ARRAY),
        (&now as _, Type::TIMESTAMPTZ),
    ];
    tx.run_alone("apply_target_systems", APPLY, &params).await?;
    Ok(())
}

/// The settings of one system of one tenant.
///
/// # Errors
/// Technical failures of the store.
pub async fn find(
    tx: SystemTx,
    tenant: &TenantId,
    system: &str,
) -> Result<Option<Value>, StoreError> {
    let params = [(&tenant.as_str() as _, Type::TEXT), (&system as _, Type::TEXT)];
    let rows = tx.run_alone("find_target_system", FIND, &params).await?;
    rows.first().map(|row| Reader::new("target_system", row).get("settings")).transpose()
}
