//! Records what the nine readiness checks found (§7).

use order_domain::event::DomainEventType;
use order_domain::ids::OrderId;
use order_domain::order::{Decision, OrderCommand};
use order_domain::readiness::{ReadinessFindings, ReadinessReason, failed_checks};
use serde_json::json;
use tokio_postgres::types::Type;

use super::CommandOutcome;
use super::fallout::NewFallout;
use super::milestone::{self, Target, Verdict, decide_order};
use crate::aggregate::StepScope;
use crate::change::OrderChange;
use crate::context::CommandContext;
use crate::error::StoreError;
use crate::row::Reader;
use crate::tx::{TenantTx, Tx};

/// Another live order of the same quote, in any revision (check 8).
pub(crate) const HAS_DUPLICATE: &str = r"
    select exists (
        select from product_order o
        join product_order mine on mine.tenant_id = o.tenant_id and mine.id = $2
        where o.tenant_id = $1 and o.quote_id = mine.quote_id and o.id <> mine.id
          and o.status not in ('CANCELLED', 'FAILED')) as has_duplicate";

/// Applies the findings of the source systems; whether a duplicate order exists is found here.
///
/// A failed check opens a case and answers `Refused` with `ORDER_REQUIRES_MANUAL_REVIEW`.
///
/// # Errors
/// Technical failures of the store only.
pub async fn validate_readiness(
    tx: TenantTx,
    order_id: OrderId,
    ctx: &CommandContext,
    findings: ReadinessFindings,
) -> Result<CommandOutcome, StoreError> {
    let target = Target { order_id, command: "validate_readiness", steps: StepScope::None };
    let tenant = tx.tenant().clone();
    let find_duplicate = async move |tx: &Tx| {
        let params = [(&tenant.as_str() as _, Type::TEXT), (&order_id.as_uuid() as _, Type::UUID)];
        let rows = tx.rows("has_duplicate", HAS_DUPLICATE, &params).await?;
        let row = rows.first().ok_or(StoreError::NotFound { what: "the order" })?;
        Reader::new("product_order", row).get::<bool>("has_duplicate")
    };
    milestone::run(tx, target, ctx, find_duplicate, |change, has_duplicate| {
        let findings = ReadinessFindings { has_duplicate_order: has_duplicate, ..findings };
        Ok(apply(change, &failed_checks(&findings, ctx.now)))
    })
    .await
}

fn apply(change: &mut OrderChange<'_>, failed: &[ReadinessReason]) -> Verdict {
    let command = OrderCommand::ValidateReadiness { is_ready: failed.is_empty() };
    match decide_order(change, command) {
        Ok(Decision::AlreadyApplied) => Verdict::AlreadyApplied,
        Ok(Decision::Apply { .. }) => {
            change.aggregate.order.validated_at = Some(change.now());
            change.record_event(DomainEventType::OrderValidated, &json!({}));
            change.refresh_status(None);
            Verdict::Applied
        }
        Err(Verdict::Refused { code, message, case: Some(case) }) => {
            let reasons: Vec<&str> = failed.iter().map(|x| x.as_str()).collect();
            let message = format!("{message} Failed checks: {}.", reasons.join(", "));
            let case = Box::new(NewFallout { reasons: json!(reasons), ..*case });
            Verdict::Refused { code, message, case: Some(case) }
        }
        Err(refused) => refused,
    }
}
