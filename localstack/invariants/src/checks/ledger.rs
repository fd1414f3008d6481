//! What the external systems did, against what the tables say was asked and answered.

use anyhow::Result;
use tokio_postgres::Client;

use super::sql::SqlCheck;
use crate::evidence::Effect;
use crate::invariant::Invariant as I;
use crate::report::Report;

pub(crate) async fn check(
    database: &Client,
    effects: &[Effect],
    report: &mut Report,
) -> Result<()> {
    let evidence = serde_json::to_value(effects)?;
    for check in CHECKS {
        check.run(database, &evidence, report).await?;
    }
    Ok(())
}

const EFFECTS: &str = "select count(*) from jsonb_array_elements((select * from given))";

/// The evidence as rows.
macro_rules! over_effects {
    ($rest:literal) => {
        concat!(
            ", effect as (select * from jsonb_to_recordset((select * from given)) as x(
                system text, \"requestId\" uuid, \"tenantId\" text, \"orderId\" uuid,
                \"stepKey\" text, count bigint, \"firstAt\" timestamptz)) ",
            $rest
        )
    };
}

const CHECKS: &[SqlCheck] = &[
    SqlCheck {
        invariant: I::I6,
        count: EFFECTS,
        violations: over_effects!(
            "select x.\"orderId\"::text, format('%s took effect before %s', s.step_key, before.step_key)
             from effect x
             join fulfillment_step s on s.tenant_id = x.\"tenantId\" and s.request_id = x.\"requestId\"
             join fulfillment_step before
               on before.tenant_id = s.tenant_id and before.plan_id = s.plan_id
              and before.step_key = any(s.depends_on_step_keys)
             left join effect y on y.\"tenantId\" = before.tenant_id and y.\"requestId\" = before.request_id
             where before.status = 'COMPLETED' and (y.\"firstAt\" is null or y.\"firstAt\" > x.\"firstAt\")
                or before.status not in ('COMPLETED', 'SKIPPED', 'FAILED', 'CANCELLED')"
        ),
    },
    SqlCheck {
        invariant: I::I7,
        count: EFFECTS,
        violations: over_effects!(
            "select x.\"requestId\"::text, format('%s effects at %s', x.count, x.system)
             from effect x where x.count > 1
             union all
             select x.\"requestId\"::text, format('an effect at %s of a request that is not stored', x.system)
             from effect x
             left join external_request r on r.tenant_id = x.\"tenantId\" and r.request_id = x.\"requestId\"
             where r.request_id is null
             union all
             select s.id::text, format('%s request ids had effects for one step', count(*))
             from effect x
             join external_request r on r.tenant_id = x.\"tenantId\" and r.request_id = x.\"requestId\"
             join fulfillment_step s on s.tenant_id = r.tenant_id and s.id = r.subject_id
             group by s.id, r.generation having count(*) > 1
             union all
             select s.id::text, format('%s is COMPLETED, but %s knows no effect', s.step_key, s.target_system)
             from fulfillment_step s
             left join effect x on x.\"tenantId\" = s.tenant_id and x.\"requestId\" = s.request_id
             where s.status = 'COMPLETED' and x.\"requestId\" is null"
        ),
    },
    SqlCheck {
        invariant: I::I13,
        count: EFFECTS,
        violations: over_effects!(
            "select x.\"requestId\"::text, format('%s did it for %s, whose order it is not', x.system, x.\"tenantId\")
             from effect x
             left join product_order o on o.tenant_id = x.\"tenantId\" and o.id = x.\"orderId\"
             where o.id is null"
        ),
    },
];
