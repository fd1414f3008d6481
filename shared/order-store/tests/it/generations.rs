//! A step that a person had sent anew, and its first request, which answers after all.

use jiff::Timestamp;
use order_domain::ids::RequestId;
use order_domain::step::AnswerSource;
use order_domain::step::answer::StepAnswer;
use order_store::commands::{
    CallbackReceipt, OutcomeVerdict, StepAttempt, StepOutcome, StepSubject, record_step_outcomes,
};

use crate::journey::{Oms, completed, outcome_of};

/// A step in its second generation, claimed, and the request of its first.
async fn sent_anew() -> (Oms, RequestId, StepAttempt) {
    let oms = Oms::with_order(&["ROUTER_RENTAL"]).await;
    oms.release().await;
    let executor = oms.db.store("oms_fulfillment_step_executor").await;
    let first = oms.claim_ready(&executor).await.remove(0);
    // As a retry of a rejected step will do.
    let anew = "update external_request set status = 'REJECTED';
        update fulfillment_step set status = 'READY', generation = 2, request_id = null, leased_until = null,
            next_attempt_at = now()
        where status = 'SUBMITTING'";
    oms.db.execute(anew).await;
    let second = oms.claim_ready(&executor).await.remove(0);
    assert_ne!(first.request_id, second.request_id);
    (oms, first.request_id, second)
}

/// The system says this about that request, in a message of its own.
async fn says(
    oms: &Oms,
    (attempt, request_id): (&StepAttempt, RequestId),
    (message, system, answer): (&str, &str, StepAnswer),
) -> OutcomeVerdict {
    let receipt = CallbackReceipt {
        system: system.to_owned(),
        message_id: message.to_owned(),
        digest: message.to_owned(),
        external_reference: None,
        received_at: Timestamp::now(),
    };
    let outcome = StepOutcome {
        request_id,
        subject: StepSubject::Callback(Box::new(receipt)),
        source: AnswerSource::Callback,
        ..outcome_of(attempt, &answer)
    };
    let store = oms.db.store("oms_callback_processor").await;
    let tx = store.system_tx().await.expect("a transaction");
    let recorded = record_step_outcomes(tx, &oms.ctx("callback-processor"), &[outcome]).await;
    recorded.expect("the store answers")[0]
}

fn rejected() -> StepAnswer {
    StepAnswer::Rejected { code: "NO_STOCK".to_owned(), external_reference: None }
}

#[tokio::test]
async fn a_success_of_an_earlier_generation_is_contradictory_with_a_case_and_changes_nothing() {
    let (oms, first, second) = sent_anew().await;

    let verdict = says(&oms, (&second, first), ("m-1", "LOGISTICS", completed())).await;
    let again = says(&oms, (&second, first), ("m-2", "LOGISTICS", completed())).await;

    assert_eq!((verdict, again), (OutcomeVerdict::Contradictory, OutcomeVerdict::Contradictory));
    let unchanged = format!(
        "select count(*) from fulfillment_step where status = 'SUBMITTING' and generation = 2
           and request_id = '{}'",
        second.request_id
    );
    assert_eq!(oms.db.number(&unchanged).await, 1);
    let case = format!(
        "select count(*) from order_fallout_case where reason_code = 'CONTRADICTORY_ANSWER'
           and evidence->>'requestId' = '{first}' and evidence->>'presentRequestId' = '{}'
           and evidence->'told'->>'status' = 'COMPLETED'",
        second.request_id
    );
    assert_eq!(oms.db.number(&case).await, 1, "one case for both messages");
    let asked = format!("select count(*) from contradiction_query where request_id = '{first}'");
    assert_eq!(
        oms.db.number(&asked).await,
        1,
        "the system is asked about the request that it spoke of"
    );
    oms.db.finish().await;
}

#[tokio::test]
async fn a_rejection_of_an_earlier_generation_says_nothing_new_and_another_system_matches_nothing()
{
    let (oms, first, second) = sent_anew().await;

    let late = says(&oms, (&second, first), ("m-1", "LOGISTICS", rejected())).await;
    let foreign = says(&oms, (&second, first), ("m-2", "BILLING", completed())).await;

    assert_eq!((late, foreign), (OutcomeVerdict::Late, OutcomeVerdict::Unmatched));
    assert_eq!(oms.db.number("select count(*) from order_fallout_case").await, 0);
    oms.db.finish().await;
}

#[tokio::test]
async fn the_present_generation_goes_on_beside_a_contradiction_of_the_earlier_one() {
    let (oms, first, second) = sent_anew().await;
    let _contradictory = says(&oms, (&second, first), ("m-1", "LOGISTICS", completed())).await;

    let present = (&second, second.request_id);
    let verdict = says(&oms, present, ("m-2", "LOGISTICS", completed())).await;

    assert!(matches!(verdict, OutcomeVerdict::Applied(_)), "{verdict:?}");
    oms.db.finish().await;
}
