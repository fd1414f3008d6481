//! Settled steps that were told the opposite: their system is asked once what is true (ADR 0017).
//!
//! The answer goes to the evidence of the case and changes no status: a person decides.

use futures_util::future::join_all;
use order_domain::step::answer::StepAnswer;
use order_store::StoreError;
use order_store::commands::{
    ContradictionCheck, ContradictionFinding, claim_contradiction_checks,
    record_contradiction_findings,
};

use super::Run;
use crate::deps::Deps;
use crate::policy;
use crate::summary::{ReconciliationSummary, count};

/// Returns how many were claimed.
pub(crate) async fn sweep(
    deps: &Deps,
    run: Run<'_>,
    summary: &mut ReconciliationSummary,
) -> Result<usize, StoreError> {
    if run.deadline.remaining() <= policy::QUERY_LIMIT {
        return Ok(0);
    }
    let tx = deps.store.system_tx().await?;
    let lease = (deps.now(), policy::CHECK_LEASE);
    let claimed = claim_contradiction_checks(tx, lease, policy::CONTRADICTIONS_PER_ROUND).await?;
    if claimed.is_empty() {
        return Ok(0);
    }
    let asked = claimed.iter().map(|x| finding(deps, run, x));
    let findings: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    if !findings.is_empty() {
        let tx = deps.store.system_tx().await?;
        record_contradiction_findings(tx, &deps.context(run.request_id), &findings).await?;
    }
    summary.contradictions_asked += count(findings.len());
    Ok(claimed.len())
}

/// `None`: nothing was learned, and it is asked again when the claim is over.
async fn finding(
    deps: &Deps,
    run: Run<'_>,
    claimed: &ContradictionCheck,
) -> Option<ContradictionFinding> {
    let check = &claimed.check;
    let outcome = deps.queries.ask(check, run.deadline).await?;
    let answer = outcome.answer;
    let is_answer = matches!(
        answer,
        StepAnswer::Completed { .. }
            | StepAnswer::Accepted { .. }
            | StepAnswer::Rejected { .. }
            | StepAnswer::Absent
    );
    if !is_answer && claimed.ask_count < policy::CONTRADICTION_ASKS {
        return None;
    }
    Some(ContradictionFinding {
        tenant: check.tenant.clone(),
        order_id: check.order_id,
        case_id: claimed.case_id,
        request_id: check.request_id,
        answer,
        attempts: outcome.attempts,
    })
}
