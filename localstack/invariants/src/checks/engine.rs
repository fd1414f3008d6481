//! Live process instances, against the correlation table.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::json;
use tokio_postgres::Client;

use super::sql::SqlCheck;
use crate::evidence::ProcessInstance;
use crate::invariant::Invariant as I;
use crate::report::Report;

pub(crate) async fn check(
    database: &Client,
    instances: &[ProcessInstance],
    report: &mut Report,
) -> Result<()> {
    let mut by_key: BTreeMap<&str, u64> = BTreeMap::new();
    for instance in instances {
        *by_key.entry(&instance.business_key).or_default() += 1;
    }
    for (key, count) in by_key.into_iter().filter(|(_, count)| *count > 1) {
        report.violate(I::I2, key, format!("{count} live instances"));
    }
    let evidence: Vec<_> =
        instances.iter().map(|x| json!({ "id": x.id, "key": x.business_key })).collect();
    STRANGERS.run(database, &evidence.into(), report).await
}

/// An instance that nobody correlates with, or that serves an order which is over.
const STRANGERS: SqlCheck = SqlCheck {
    invariant: I::I2,
    count: "select count(*) from workflow_correlation",
    violations:
        ", live as (select * from jsonb_to_recordset((select * from given)) as x(id text, key text))
        select l.key, format('instance %s is live and not the one on record', l.id)
        from live l
        left join workflow_correlation c on c.business_key = l.key and c.process_instance_id = l.id
        where c.id is null
        union all
        select l.key, format('instance %s is live, but its order is %s', l.id, o.status)
        from live l
        join workflow_correlation c on c.business_key = l.key and c.process_instance_id = l.id
        join product_order o on o.tenant_id = c.tenant_id and o.id = c.subject_id
        where o.status in ('CANCELLED', 'FAILED')",
};
