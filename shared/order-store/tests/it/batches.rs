//! A batch of answers: what two items say about one row is said once, and a poisoned item stays alone.

use order_domain::step::answer::StepAnswer;
use order_store::commands::{OutcomeVerdict, record_each_step_outcome};

use crate::journey::{Oms, completed, outcome_of};

fn breach() -> StepAnswer {
    StepAnswer::Unknown { detail: "an HTML page".to_owned(), is_contract_breach: true }
}

#[tokio::test]
async fn two_breaches_of_one_contract_in_a_batch_are_one_incident_that_counts_both() {
    let oms = Oms::with_order(&["ROUTER_RENTAL", "ROUTER_RENTAL", "ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let attempts = oms.claim_ready(&executor).await;
    let answers = [breach(), breach(), completed()];
    let batch: Vec<_> = attempts.iter().zip(&answers).map(|(x, y)| outcome_of(x, y)).collect();

    let results = record_each_step_outcome(&executor, &oms.ctx("executor"), &batch).await;

    let verdicts: Vec<_> = results.expect("the store answers").into_iter().flatten().collect();
    assert_eq!(verdicts.len(), 3);
    assert!(verdicts.iter().all(|x| matches!(x, OutcomeVerdict::Applied(_))), "{verdicts:?}");
    let counted = "select occurrence_count from platform_incident where kind = 'CONTRACT_BREACH'";
    assert_eq!(oms.db.number(counted).await, 2);
    oms.db.finish().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_does_not_take_the_others_with_it() {
    let oms = Oms::with_order(&["ROUTER_RENTAL", "ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let attempts = oms.claim_ready(&executor).await;
    let batch: Vec<_> = attempts.iter().map(|x| outcome_of(x, &completed())).collect();
    let poisoned = attempts[0].request_id;
    oms.db
        .execute(&format!(
            "alter table external_request add constraint poison
             check (request_id <> '{poisoned}' or status <> 'COMPLETED')"
        ))
        .await;

    let results = record_each_step_outcome(&executor, &oms.ctx("executor"), &batch).await;

    let is_written: Vec<bool> = results.expect("not retryable").iter().map(Result::is_ok).collect();
    assert_eq!(is_written, [false, true]);
    oms.db.finish().await;
}
