//! Values of a step's result that later steps are told (ADR 0007).

use std::collections::BTreeMap;

use jiff::Timestamp;
use order_domain::catalogue::Catalogue;
use order_domain::characteristic::Characteristics;
use order_domain::fallout::{FalloutAction as A, OutcomeFinding};
use order_domain::step::answer::StepAnswer;
use order_store::catalogue;
use order_store::commands::{
    ActOutcome, ActionInput, ActionReport, RefusedAction, StepAttempt, act_on_case,
};
use serde_json::{Value, json};
use test_support::operations::{OPERATOR, SUPERVISOR, rejected, unknown};
use test_support::stage::Stage;

/// A router is shipped and a site is surveyed; `configure` is told of both, `inform` of
/// neither, and the bill names the router.
fn document() -> Value {
    let step = |key: &str, system: &str, depends_on: &[&str], payload: Value| {
        let depends_on: Vec<Value> = depends_on.iter().map(|key| json!({"step": key})).collect();
        json!({"key": key, "type": "WORK", "targetSystem": system, "operation": key,
            "dependsOn": depends_on, "payload": payload})
    };
    let result = |step: &str, field: &str| json!({"step": step, "field": field});
    let told = json!({"vendor": {"constant": "V"},
        "serial": {"stepResult": result("ship", "serialNumber")},
        "floor": {"stepResult": result("survey", "floor")},
        "lift": {"optionalStepResult": result("survey", "hasLift")}});
    let mut bill = step("bill", "BILLING", &[], json!({"serial": told["serial"]}));
    bill["type"] = json!("BILLING");
    json!({"version": 900, "products": [{"code": "ROUTER_RENTAL", "name": "Router", "rules": [
    {"action": "ADD", "steps": [
        step("ship", "LOGISTICS", &[], json!({})),
        step("survey", "FIELD", &[], json!({})),
        step("configure", "PROVISIONING", &["ship", "survey"], told),
            bill,
        step("inform", "CRM", &["ship"], json!({})),
    ]}]}]})
}

async fn released() -> Stage {
    let stage = Stage::placed(1).await;
    let document = document();
    let read: Catalogue = serde_json::from_value(document.clone()).expect("a catalogue");
    assert_eq!(read.validate(), Ok(()));
    let tx = stage.db.store("oms_owner").await.tenant_tx(&stage.tenant).await;
    let now = Timestamp::now();
    let applied = catalogue::apply(tx.expect("a transaction"), 900, &document, now).await;
    assert_eq!(applied.expect("the store answers"), catalogue::ApplyOutcome::Current);
    stage.release().await;
    stage
}

fn completed(result: Value) -> StepAnswer {
    let result = serde_json::from_value(result).expect("a result");
    StepAnswer::Completed { external_reference: Some("EXT-1".to_owned()), result }
}

/// READY steps by operation, claimed.
async fn claimed(stage: &Stage) -> BTreeMap<String, StepAttempt> {
    stage.claim().await.into_iter().map(|x| (x.operation.clone(), x)).collect()
}

async fn answer(stage: &Stage, attempt: &StepAttempt, answer: &StepAnswer) {
    stage.answer(std::slice::from_ref(attempt), answer).await;
}

/// The first two steps are answered like this; the survey is done.
async fn shipped(ship: &StepAnswer) -> Stage {
    let stage = released().await;
    let first = claimed(&stage).await;
    answer(&stage, &first["ship"], ship).await;
    answer(&stage, &first["survey"], &completed(json!({"floor": 3}))).await;
    stage
}

fn report(outcome: ActOutcome) -> ActionReport {
    match outcome {
        ActOutcome::Done(report) => *report,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(outcome: ActOutcome) -> RefusedAction {
    match outcome {
        ActOutcome::Refused(refused) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

fn values(values: Value) -> Option<Characteristics> {
    Some(serde_json::from_value(values).expect("values"))
}

fn serial_is_missing(to: &str) -> RefusedAction {
    let needed = format!("needed by {to}");
    RefusedAction {
        code: "DEPENDENT_NEEDS_OUTPUT".to_owned(),
        problems: vec![("/outputs/serialNumber".to_owned(), needed)],
    }
}

#[tokio::test]
async fn a_result_is_in_the_payload_of_what_waits_for_it_before_that_is_sent() {
    let stage = released().await;
    let first = claimed(&stage).await;
    assert_eq!(first.len(), 2);
    let both = completed(json!({"serialNumber": "SN-1", "floor": 3, "hasLift": true}));
    stage.answer(&first.into_values().collect::<Vec<_>>(), &both).await;

    let second = claimed(&stage).await;

    let expected = json!({"vendor": "V", "serial": "SN-1", "floor": 3, "lift": true});
    assert_eq!(second["configure"].payload, expected);
    assert_eq!(second["inform"].payload, json!({}));
    let noted = "select string_agg(operation, ',' order by operation) from fulfillment_step
        where needed_results is not null";
    assert_eq!(
        stage.db.text(noted).await.as_deref(),
        Some("bill,configure"),
        "others write nothing"
    );
    stage.db.finish().await;
}

#[tokio::test]
async fn a_new_generation_loses_no_value_neither_of_the_giver_nor_of_the_reader() {
    let stage = shipped(&rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let _sent = report(stage.act(OPERATOR, (A::RetryStep, case), ActionInput::default()).await);
    let again = claimed(&stage).await;
    assert_eq!(again.keys().collect::<Vec<_>>(), ["ship"]);
    answer(&stage, &again["ship"], &completed(json!({"serialNumber": "SN-2"}))).await;

    let told = json!({"vendor": "V", "serial": "SN-2", "floor": 3});
    let second = claimed(&stage).await;
    assert_eq!(second["configure"].payload, told);
    answer(&stage, &second["configure"], &rejected("NOT_NOW")).await;
    let case = stage.case().await;
    let _sent = report(stage.act(OPERATOR, (A::RetryStep, case), ActionInput::default()).await);
    assert_eq!(claimed(&stage).await["configure"].payload, told);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_is_skipped_only_with_the_values_that_others_need() {
    let stage = shipped(&rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let given = ActionInput {
        outputs: values(json!({"serialNumber": "SN-OLD", "colour": "red"})),
        ..ActionInput::default()
    };
    let wrong = ActionInput { outputs: values(json!({"colour": "red"})), ..ActionInput::default() };

    let mute = stage.act(OPERATOR, (A::SkipStep, case), ActionInput::default()).await;
    assert_eq!(refused(mute), serial_is_missing("line-1.configure"), "the bill is dropped");
    let wrong = stage.act(OPERATOR, (A::SkipStep, case), wrong).await;
    assert_eq!(refused(wrong), serial_is_missing("line-1.configure"));
    let asked = report(stage.act(OPERATOR, (A::SkipStep, case), given).await);
    assert_eq!(asked.effect.runs_without_result, ["line-1.inform"], "it needs no value");
    let approve = (A::Approve, case);
    let agreed = report(stage.act(SUPERVISOR, approve, ActionInput::default()).await);

    assert_eq!(agreed.effect.runs_without_result, asked.effect.runs_without_result);
    let second = claimed(&stage).await;
    let expected = json!({"vendor": "V", "serial": "SN-OLD", "floor": 3});
    assert_eq!(second["configure"].payload, expected);
    assert!(second.contains_key("inform"));
    stage.db.finish().await;
}

#[tokio::test]
async fn a_preview_of_a_skip_tells_which_values_are_needed_and_an_optional_one_is_not() {
    let stage = released().await;
    let first = claimed(&stage).await;
    answer(&stage, &first["survey"], &rejected("NO_ACCESS")).await;
    let case = stage.case().await;
    let preview = async |outputs| {
        let input = ActionInput { outputs, ..ActionInput::default() };
        let mut request = stage.request(A::SkipStep, case, input);
        request.is_preview = true;
        let tx = stage.db.store("oms_operator_api").await.tenant_tx(&stage.tenant).await;
        let actor =
            order_domain::actor::Actor::caller(OPERATOR.name, vec![OPERATOR.role.to_string()]);
        let ctx = order_store::CommandContext::new(actor, stage.now());
        act_on_case(tx.expect("a transaction"), &ctx, &request).await.expect("the store answers")
    };

    let mute = refused(preview(None).await);
    let given = report(preview(values(json!({"floor": 1}))).await);

    let pointers: Vec<&str> = mute.problems.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!((mute.code.as_str(), pointers), ("DEPENDENT_NEEDS_OUTPUT", vec!["/outputs/floor"]));
    assert_eq!(given.effect.runs_without_result, ["line-1.configure"], "the lift is not known");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_outcome_is_settled_as_done_only_with_the_values_that_others_need() {
    for (finding, reference) in
        [(OutcomeFinding::Executed, Some("EXT-9")), (OutcomeFinding::DoneOutside, None)]
    {
        let stage = shipped(&unknown()).await;
        let case = stage.case().await;
        let mute = ActionInput {
            finding: Some(finding),
            external_reference: reference.map(str::to_owned),
            evidence: Some("seen in the warehouse".to_owned()),
            ..ActionInput::default()
        };
        let given =
            ActionInput { outputs: values(json!({"serialNumber": "SN-9"})), ..mute.clone() };

        let without = stage.act(OPERATOR, (A::SettleOutcome, case), mute).await;
        let _asked = report(stage.act(OPERATOR, (A::SettleOutcome, case), given).await);
        let approve = (A::Approve, case);
        let _agreed = report(stage.act(SUPERVISOR, approve, ActionInput::default()).await);

        assert_eq!(
            refused(without),
            serial_is_missing("line-1.bill, line-1.configure"),
            "{finding}"
        );
        let serial = claimed(&stage).await["configure"].payload["serial"].clone();
        assert_eq!(serial, json!("SN-9"), "{finding}");
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn a_value_that_a_result_lacks_is_left_out_and_can_be_provided_when_it_is_missed() {
    let stage = shipped(&completed(json!({}))).await;
    let second = claimed(&stage).await;
    assert_eq!(second["configure"].payload, json!({"vendor": "V", "floor": 3}));
    answer(&stage, &second["configure"], &rejected("SERIAL_MISSING")).await;
    let case = stage.case().await;
    let information =
        ActionInput { information: values(json!({"serial": "SN-3"})), ..ActionInput::default() };

    let _sent = report(stage.act(OPERATOR, (A::ProvideInfo, case), information).await);

    let told = json!({"vendor": "V", "floor": 3, "serial": "SN-3"});
    assert_eq!(claimed(&stage).await["configure"].payload, told);
    stage.db.finish().await;
}

#[tokio::test]
async fn outputs_are_kept_to_the_limits_of_a_result() {
    let stage = shipped(&rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let many: serde_json::Map<_, _> = (0..65).map(|n| (n.to_string(), json!(n))).collect();
    for outputs in [json!({"serialNumber": "x".repeat(1_025)}), Value::Object(many)] {
        let outputs = values(outputs);
        let input = ActionInput { outputs, ..ActionInput::default() };
        let refused = refused(stage.act(OPERATOR, (A::SkipStep, case), input).await);
        assert_eq!(refused.code, "INFORMATION_INVALID");
        assert_eq!(refused.problems[0].0, "/outputs");
    }
    stage.db.finish().await;
}

#[tokio::test]
async fn a_step_that_was_left_out_and_comes_back_is_told_what_was_settled_meanwhile() {
    let stage = released().await;
    let optional = "update fulfillment_step set is_mandatory = false
        where operation in ('survey', 'configure')";
    stage.db.execute(optional).await;
    let first = claimed(&stage).await;
    answer(&stage, &first["survey"], &rejected("NOBODY_AT_HOME")).await;
    answer(&stage, &first["ship"], &completed(json!({"serialNumber": "S-1"}))).await;
    let left_out = "select failure_code from fulfillment_step where operation = 'configure'";
    assert_eq!(stage.db.text(left_out).await.as_deref(), Some("DEPENDENCY_FAILED"));

    let again = (A::RetryStep, stage.case().await);
    let _sent = report(stage.act(OPERATOR, again, ActionInput::default()).await);
    let again = claimed(&stage).await;
    answer(&stage, &again["survey"], &completed(json!({"floor": 3}))).await;

    let configure = &claimed(&stage).await["configure"];
    assert_eq!(
        (&configure.payload["serial"], &configure.payload["floor"]),
        (&json!("S-1"), &json!(3))
    );
    stage.db.finish().await;
}
