//! Orders with and without work, as far as a test needs them.

use jiff::Timestamp;
use order_domain::actor::Actor;
use order_domain::catalogue::LineAction;
use order_domain::characteristic::CharacteristicValue;
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use order_store::commands::{self, CommandOutcome, OrderDraft};
use order_store::{CommandContext, Store};
use test_support::READY;

/// How far an order has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Ready for decomposition.
    Validated,
    /// It has work items.
    Decomposed,
    /// It has a plan.
    Planned,
    /// Its plan is released.
    Released,
    /// Its billing is settled.
    Billed,
    /// It is completed, its communication scheduled.
    Completed,
}

/// The draft with what a line of INTERNET_ACCESS must carry; its plan has two steps.
#[must_use]
pub fn with_work(mut draft: OrderDraft) -> OrderDraft {
    for line in &mut draft.lines {
        let site = CharacteristicValue::Text("site-1".to_owned());
        line.characteristics.insert("siteId".to_owned(), site);
        let bandwidth = CharacteristicValue::Integer(500);
        line.characteristics.insert("bandwidthMbps".to_owned(), bandwidth);
    }
    draft
}

/// The draft with lines that only list what stays as it is; its plan is empty.
#[must_use]
pub fn without_work(mut draft: OrderDraft) -> OrderDraft {
    for line in &mut draft.lines {
        line.action = LineAction::NoChange;
        line.product_instance_id = Some(format!("instance-{}", line.line_number));
    }
    draft
}

/// Leads a new order by its commands up to a stage; `owner` may do what all roles may.
pub(super) async fn lead_to(owner: &Store, tenant: &TenantId, order_id: OrderId, last: Stage) {
    let ctx = CommandContext::new(Actor::function("test", None), Timestamp::now());
    for stage in [
        Stage::Validated,
        Stage::Decomposed,
        Stage::Planned,
        Stage::Released,
        Stage::Billed,
        Stage::Completed,
    ] {
        if stage > last {
            break;
        }
        let tx = owner.tenant_tx(tenant).await.expect("a transaction");
        let outcome = match stage {
            Stage::Validated => commands::validate_readiness(tx, order_id, &ctx, READY).await,
            Stage::Decomposed => commands::decompose(tx, order_id, &ctx).await,
            Stage::Planned => commands::create_fulfillment_plan(tx, order_id, &ctx).await,
            Stage::Released => commands::start_fulfillment(tx, order_id, &ctx).await,
            Stage::Billed => commands::settle_billing(tx, order_id, &ctx).await,
            Stage::Completed => commands::complete_order(tx, order_id, &ctx).await,
        };
        let outcome = outcome.expect("the store answers");
        assert!(matches!(outcome, CommandOutcome::Applied { .. }), "{stage:?}: {outcome:?}");
    }
}
