//! Semantic actions (§20 §21): each does what it says, together with everything that follows from it.

use order_domain::actor::Role;
use order_domain::characteristic::{CharacteristicValue, Characteristics};
use order_domain::fallout::{CaseStatus, FalloutAction as A, OutcomeFinding};
use order_domain::ids::FalloutCaseId;
use order_domain::line::LineStatus;
use order_domain::order::OrderStatus;
use order_domain::step::StepStatus;
use order_store::commands::{
    ActOnCase, ActOutcome, ActionInput, ActionReport, ActionVerdict, ChargeEffect, EffectReport,
};
use test_support::operations::{OPERATOR, OTHER_SUPERVISOR, Person, SUPERVISOR, rejected, unknown};
use test_support::stage::Stage;

fn done(outcome: ActOutcome) -> ActionReport {
    match outcome {
        ActOutcome::Done(report) => *report,
        other => panic!("not done: {other:?}"),
    }
}

fn refused(outcome: ActOutcome) -> String {
    match outcome {
        ActOutcome::Refused(refused) => refused.code,
        other => panic!("not refused: {other:?}"),
    }
}

fn plain() -> ActionInput {
    ActionInput::default()
}

async fn text(stage: &Stage, sql: &str) -> String {
    stage.db.text(sql).await.unwrap_or_default()
}

const CASE: &str = "select concat_ws(' ', status, resolution, version) from order_fallout_case
    order by opened_at desc, id desc limit 1";
const ORDER: &str = "select concat_ws(' ', status, open_blocking_case_count) from product_order";
const STEP: &str = "select concat_ws(' ', status, generation, target_system, failure_code)
    from fulfillment_step where operation = 'ship-router'";
const LINE: &str =
    "select concat_ws(' ', status, waived_by, failed_step_count, remaining_step_count)
    from order_line";
const TOLD: &str =
    "select string_agg(concat_ws(' ', payload->>'kind', payload->>'resolution'), ', '
    order by sequence) from outbox_message where lane like 'case:%'";
const JOURNAL: &str =
    "select string_agg(concat_ws(' ', action, actor_name, verdict, refusal_code), ', '
    order by occurred_at, id) from fallout_action";
const LAST_AUDIT: &str =
    "select concat_ws(' ', command, actor_name, outcome, code) from audit_entry
    where chain_id <> '00000000-0000-0000-0000-000000000000' order by sequence desc limit 1";

#[tokio::test]
async fn a_rejected_step_is_sent_anew_with_a_new_request_and_its_case_waits_for_the_answer() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let (case, first) = (stage.case().await, stage.request_id().await);

    let report = done(stage.act(OPERATOR, (A::RetryStep, case), plain()).await);

    assert_eq!(
        (report.case.unwrap().case_status, report.case.unwrap().case_version),
        (CaseStatus::InProgress, 2)
    );
    assert_eq!(report.order_status, OrderStatus::Fallout);
    assert_eq!(text(&stage, STEP).await, "READY 2 LOGISTICS");
    assert_eq!(text(&stage, LINE).await, "IN_PROGRESS 0 2");
    let again = stage.claim().await;
    assert_ne!(again[0].request_id, first);
    stage.answer(&again, &rejected("NO_STOCK")).await;
    assert_eq!(text(&stage, CASE).await, "OPEN 3", "it is nobody's work again");
    let _sent = done(stage.act(OPERATOR, (A::RetryStep, case), plain()).await);
    assert_eq!(stage.fulfil().await, 2);
    assert_eq!(text(&stage, CASE).await, "RESOLVED RETRY 5");
    assert_eq!(text(&stage, ORDER).await, "FULFILLMENT_IN_PROGRESS 0");
    assert_eq!(stage.db.number("select count(*) from order_fallout_case").await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_mandatory_step_is_skipped_only_when_another_person_agrees_and_its_line_is_waived() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;

    let asked = done(stage.act(OPERATOR, (A::SkipStep, case), plain()).await);
    assert_eq!(asked.verdict, ActionVerdict::AwaitingApproval);
    assert_eq!(asked.effect.steps[0].to, StepStatus::Skipped, "what it will do is told");
    assert_eq!(asked.effect.steps.len(), 2, "with its billing: what is waived is not billed");
    assert_eq!(asked.effect.lines[0].to, LineStatus::Waived);
    assert_eq!(text(&stage, STEP).await, "FAILED 1 LOGISTICS NO_STOCK", "nothing is done yet");
    let own = stage.act(OPERATOR, (A::Approve, case), plain()).await;
    assert_eq!(refused(own), "ROLE_NOT_ALLOWED");
    let agreed = done(stage.act(SUPERVISOR, (A::Approve, case), plain()).await);

    assert_eq!(
        (agreed.verdict, agreed.case.unwrap().case_status),
        (ActionVerdict::Applied, CaseStatus::Resolved)
    );
    assert_eq!(agreed.effect.steps, asked.effect.steps, "what was told is what was done");
    assert_eq!(text(&stage, STEP).await, "SKIPPED 1 LOGISTICS SKIPPED_BY_AUTHORITY");
    assert_eq!(text(&stage, CASE).await, "RESOLVED RETRY 3");
    assert_eq!(stage.fulfil().await, 0);
    assert_eq!(text(&stage, LINE).await, "WAIVED sven 0 0");
    let journal = "skip-step olga AWAITING_APPROVAL, approve olga REFUSED ROLE_NOT_ALLOWED, \
        approve sven APPLIED";
    assert_eq!(text(&stage, JOURNAL).await, journal);
    let waived = "select count(*) from domain_event where event_type = 'OrderLineWaived'";
    assert_eq!(stage.db.number(waived).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn nobody_approves_their_own_request_and_a_declined_one_is_dropped() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let _asked = done(stage.act(SUPERVISOR, (A::SkipStep, case), plain()).await);

    let own = stage.act(SUPERVISOR, (A::Approve, case), plain()).await;
    let declined = done(stage.act(OTHER_SUPERVISOR, (A::Reject, case), plain()).await);
    let late = stage.act(OTHER_SUPERVISOR, (A::Approve, case), plain()).await;

    assert_eq!(refused(own), "APPROVER_MUST_DIFFER");
    assert_eq!(declined.case.unwrap().case_status, CaseStatus::InProgress);
    assert_eq!(refused(late), "ACTION_NOT_ALLOWED_IN_STATUS");
    assert_eq!(text(&stage, STEP).await, "FAILED 1 LOGISTICS NO_STOCK");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_operator_who_resolves_wrongly_is_refused_by_the_invariant_and_the_attempt_is_audited() {
    let stage = Stage::fallen_out(1, &unknown()).await;
    let case = stage.case().await;
    let before = (text(&stage, CASE).await, text(&stage, ORDER).await, text(&stage, STEP).await);
    let owed = stage.db.number("select count(*) from outbox_message").await;

    for (action, code) in [
        (A::SkipStep, "STEP_OUTCOME_UNKNOWN"),
        (A::ReplaceTarget, "STEP_NOT_REPLACEABLE"),
        (A::RetryCompletion, "ACTION_NOT_APPLICABLE"),
        (A::FailOrder, "STEPS_IN_FLIGHT"),
        (A::CancelOrder, "CANCELLATION_NOT_AVAILABLE"),
    ] {
        let attempt = stage.act(SUPERVISOR, (action, case), plain()).await;

        assert_eq!(refused(attempt), code, "{action}");
        assert_eq!(text(&stage, LAST_AUDIT).await, format!("{action} sven REFUSED {code}"));
    }

    let after = (text(&stage, CASE).await, text(&stage, ORDER).await, text(&stage, STEP).await);
    assert_eq!(after, before);
    assert_eq!(stage.db.number("select count(*) from outbox_message").await, owed);
    let kept = "select count(*) from fallout_action where verdict = 'REFUSED'";
    assert_eq!(stage.db.number(kept).await, 5);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_retry_of_a_step_nobody_knows_about_asks_first_and_sends_nothing() {
    let stage = Stage::fallen_out(1, &unknown()).await;
    let case = stage.case().await;
    let dispatches = "select count(*) from outbox_message where kind = 'STEP_DISPATCH'";
    let before = stage.db.number(dispatches).await;

    let report = done(stage.act(OPERATOR, (A::RetryStep, case), plain()).await);

    assert_eq!(report.case.unwrap().case_status, CaseStatus::InProgress);
    assert_eq!(text(&stage, STEP).await, "UNKNOWN 1 LOGISTICS");
    assert_eq!(stage.db.number(dispatches).await, before);
    let due = "select count(*) from fulfillment_step
        where response_due_at <= updated_at and status = 'UNKNOWN'";
    assert_eq!(stage.db.number(due).await, 1);
    stage.db.finish().await;
}

#[tokio::test]
async fn an_outcome_is_settled_with_evidence_by_two_people() {
    for (finding, reference, step, line) in [
        (OutcomeFinding::Executed, Some("EXT-9"), "COMPLETED 1 LOGISTICS", "FULFILLED 0 0"),
        (OutcomeFinding::DoneOutside, None, "COMPLETED 1 LOGISTICS", "FULFILLED 0 0"),
        (OutcomeFinding::NotExecuted, None, "READY 1 LOGISTICS", "FULFILLED 0 0"),
    ] {
        let stage = Stage::fallen_out(1, &unknown()).await;
        let (case, request) = (stage.case().await, stage.request_id().await);
        let mute = ActionInput { finding: Some(finding), ..plain() };
        let input = ActionInput {
            evidence: Some("seen in the warehouse".to_owned()),
            external_reference: reference.map(str::to_owned),
            ..mute.clone()
        };

        let unproved = stage.act(OPERATOR, (A::SettleOutcome, case), mute).await;
        let asked = done(stage.act(OPERATOR, (A::SettleOutcome, case), input).await);
        let agreed = done(stage.act(SUPERVISOR, (A::Approve, case), plain()).await);

        assert_eq!(refused(unproved), "INFORMATION_INVALID");
        assert_eq!(asked.verdict, ActionVerdict::AwaitingApproval);
        assert_eq!(agreed.case.unwrap().case_status, CaseStatus::Resolved, "{finding}");
        assert_eq!(text(&stage, STEP).await, step, "{finding}");
        assert_eq!(stage.request_id().await, request, "the request id stays");
        stage.fulfil().await;
        assert_eq!(text(&stage, LINE).await, line, "{finding}");
        stage.db.finish().await;
    }
}

#[tokio::test]
async fn another_system_does_the_step_if_it_is_known_and_offers_the_operation() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    stage.configure("COURIER", "http://courier", serde_json::json!({})).await;
    let other = serde_json::json!({"operations": ["paint"]});
    stage.configure("PAINTER", "http://painter", other).await;
    let case = stage.case().await;
    let to = |system: &str| ActionInput { target_system: Some(system.to_owned()), ..plain() };

    for (system, code) in [
        ("NOWHERE", "TARGET_SYSTEM_UNKNOWN"),
        ("PAINTER", "TARGET_SYSTEM_INCAPABLE"),
        ("LOGISTICS", "TARGET_SYSTEM_UNKNOWN"),
    ] {
        let attempt = stage.act(OPERATOR, (A::ReplaceTarget, case), to(system)).await;
        assert_eq!(refused(attempt), code, "{system}");
    }
    let report = done(stage.act(OPERATOR, (A::ReplaceTarget, case), to("COURIER")).await);

    assert_eq!(report.effect.steps[0].target_system, "COURIER");
    assert_eq!(text(&stage, STEP).await, "READY 2 COURIER");
    assert_eq!(stage.claim().await[0].target_system, "COURIER");
    stage.db.finish().await;
}

#[tokio::test]
async fn information_that_was_asked_for_is_handed_in_by_name_and_sent_with_the_step() {
    let stage = Stage::fallen_out(1, &rejected("CUSTOMER_ADDRESS_INVALID")).await;
    let case = stage.case().await;
    let wanted = ActionInput { requested_information: vec!["floor".to_owned()], ..plain() };
    let values = |names: &[&str]| {
        let value = |name: &&str| ((*name).to_owned(), CharacteristicValue::Text("3".to_owned()));
        let information: Characteristics = names.iter().map(value).collect();
        ActionInput { information: Some(information), ..plain() }
    };

    let asked = done(stage.act(OPERATOR, (A::RequestMoreInfo, case), wanted).await);
    assert_eq!(asked.case.unwrap().case_status, CaseStatus::WaitingForInformation);
    for names in [&["model"][..], &["floor", "nonsense"], &[]] {
        let attempt = stage.act(OPERATOR, (A::ProvideInfo, case), values(names)).await;
        assert_eq!(refused(attempt), "INFORMATION_INVALID", "{names:?}");
    }
    let given = done(stage.act(OPERATOR, (A::ProvideInfo, case), values(&["floor"])).await);

    assert_eq!(given.case.unwrap().case_status, CaseStatus::InProgress);
    let attempt = &stage.claim().await[0];
    assert_eq!(attempt.payload["floor"], "3");
    assert_eq!(attempt.payload["model"], "R1", "what the step was told before stays");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_waived_line_takes_its_open_steps_and_their_cases_along_and_is_not_billed() {
    let stage = Stage::fallen_out(2, &rejected("NO_STOCK")).await;
    let price = "update order_line set recurring_amount_minor = 990, currency = 'EUR'";
    stage.db.execute(price).await;
    let case = stage.case().await;

    let asked = done(stage.act(SUPERVISOR, (A::WaiveLine, case), plain()).await);
    let agreed = done(stage.act(OTHER_SUPERVISOR, (A::Approve, case), plain()).await);

    let EffectReport { lines, charges, steps, .. } = &agreed.effect;
    assert_eq!((lines.len(), lines[0].to), (1, LineStatus::Waived));
    assert_eq!(charges[0].change, ChargeEffect::NotBilled);
    assert_eq!(steps.len(), 2, "shipping and billing of that line");
    assert_eq!(asked.effect, agreed.effect);
    let open = "select count(*) from order_fallout_case where status = 'OPEN'";
    assert_eq!(stage.db.number(open).await, 1, "the other line's");
    let waived = "select waived_by from order_line where status = 'WAIVED'";
    assert_eq!(text(&stage, waived).await, "sara");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_order_that_is_declared_ready_goes_on_and_names_who_overrode() {
    let stage = Stage::unready().await;
    let case = stage.case().await;

    let lower = stage.act(OPERATOR, (A::OverrideReadiness, case), plain()).await;
    let report = done(stage.act(SUPERVISOR, (A::OverrideReadiness, case), plain()).await);

    assert_eq!(refused(lower), "ROLE_NOT_ALLOWED");
    assert_eq!(report.order_status, OrderStatus::Validated);
    assert_eq!(text(&stage, TOLD).await, "USER_TASK_COMPLETE CONTINUE");
    let by = "select data->>'overriddenBy' from domain_event where event_type = 'OrderValidated'";
    assert_eq!(text(&stage, by).await, "sven");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_order_that_is_given_up_ends_with_its_cases_its_process_and_a_word_to_the_customer() {
    let stage = Stage::fallen_out(2, &rejected("NO_STOCK")).await;
    let case = stage.case().await;

    let report = done(stage.act(SUPERVISOR, (A::FailOrder, case), plain()).await);

    assert_eq!(
        (report.order_status, report.case.unwrap().case_status),
        (OrderStatus::Failed, CaseStatus::Cancelled)
    );
    let open = "select count(*) from order_fallout_case where status <> 'CANCELLED'";
    assert_eq!(stage.db.number(open).await, 0);
    let owed = "select string_agg(kind, ', ' order by sequence) from outbox_message
        where lane like 'start:%' or lane like 'case:%'";
    assert_eq!(text(&stage, owed).await, "WORKFLOW_START, PROCESS_DELETE");
    let word = "select kind || ' ' || status from customer_notification";
    assert_eq!(text(&stage, word).await, "ORDER_FAILED SCHEDULED");
    assert_eq!(text(&stage, "select distinct status from order_line").await, "CANCELLED");
    let again = stage.act(SUPERVISOR, (A::FailOrder, case), plain()).await;
    assert_eq!(refused(again), "ACTION_NOT_ALLOWED_IN_STATUS");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_order_without_a_case_is_given_up_on_its_own_version_and_nothing_else_is_possible_on_it()
{
    let stage = Stage::released(1).await;
    let nobody = stage.request(A::FailOrder, FalloutCaseId::from_uuid(uuid::Uuid::nil()), plain());
    let give_up = ActOnCase { case_id: None, expected_version: Some(1), ..nobody };
    let version = stage.db.number("select version from product_order").await;
    let waive = ActOnCase { action: A::WaiveLine, expected_version: None, ..give_up.clone() };

    let stale = stage.ask(SUPERVISOR, "k-1", &give_up).await;
    let other = stage.ask(SUPERVISOR, "k-2", &waive).await;
    let now = ActOnCase { expected_version: Some(version), ..give_up };
    let report = done(stage.ask(SUPERVISOR, "k-3", &now).await);

    assert_eq!(
        (refused(stale), refused(other)),
        ("VERSION_CONFLICT".into(), "ACTION_NOT_APPLICABLE".into())
    );
    assert_eq!((report.order_status, report.case), (OrderStatus::Failed, None));
    assert_eq!(report.effect.steps[0].to, StepStatus::Cancelled);
    stage.db.finish().await;
}

#[tokio::test]
async fn a_preview_tells_what_is_done_and_writes_nothing() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let mut request = stage.request(A::RetryStep, case, plain());
    request.is_preview = true;
    let audited = stage.db.number("select count(*) from audit_entry").await;

    let told = done(stage.ask(OPERATOR, "k-1", &request).await);
    assert_eq!(stage.db.number("select count(*) from audit_entry").await, audited);
    assert_eq!(stage.db.number("select count(*) from fallout_action").await, 0);
    assert_eq!(text(&stage, STEP).await, "FAILED 1 LOGISTICS NO_STOCK");
    request.is_preview = false;
    let did = done(stage.ask(OPERATOR, "k-1", &request).await);

    assert_eq!((told.verdict, did.verdict), (ActionVerdict::Preview, ActionVerdict::Applied));
    assert_eq!(told.effect, did.effect);
    assert_eq!(
        (told.case.unwrap().case_status, told.case.unwrap().case_version),
        (did.case.unwrap().case_status, did.case.unwrap().case_version)
    );
    stage.db.finish().await;
}

#[tokio::test]
async fn a_repeat_with_one_key_answers_the_same_and_two_operators_at_once_have_one_winner() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let mut request = stage.request(A::RetryStep, case, plain());
    request.expected_version = Some(1);

    let (one, other) =
        tokio::join!(stage.ask(OPERATOR, "k-1", &request), stage.ask(SUPERVISOR, "k-2", &request));
    let again = stage.ask(OPERATOR, "k-1", &request).await;
    let mut different = request.clone();
    different.fingerprint = "another".to_owned();
    let reused = stage.ask(OPERATOR, "k-1", &different).await;

    let both = [&one, &other];
    let won = both.iter().filter(|x| matches!(x, ActOutcome::Done(_))).count();
    let lost = both.iter().filter(
        |x| matches!(x, ActOutcome::Refused(refused) if refused.code == "VERSION_CONFLICT"),
    );
    assert_eq!((won, lost.count()), (1, 1), "{both:?}");
    assert_eq!(again, one);
    assert_eq!(reused, ActOutcome::KeyReused);
    assert_eq!(text(&stage, STEP).await, "READY 2 LOGISTICS");
    stage.db.finish().await;
}

#[tokio::test]
async fn words_about_a_case_change_the_case_alone_and_who_touches_it_has_another_day() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let first_due = text(&stage, "select due_at::text from order_fallout_case").await;
    assert!(!first_due.is_empty());
    let version = stage.db.number("select version from product_order").await;
    let user = ActionInput { assigned_user: Some("olga".to_owned()), ..plain() };

    let noted = done(stage.act(OPERATOR, (A::AddNote, case), plain()).await);
    let nobody = stage.act(OPERATOR, (A::Assign, case), plain()).await;
    let given = done(stage.act(OPERATOR, (A::Assign, case), user).await);
    let raised = done(stage.act(OPERATOR, (A::Escalate, case), plain()).await);

    assert_eq!(noted.case.unwrap().case_status, CaseStatus::Open);
    assert_eq!(refused(nobody), "INFORMATION_INVALID");
    assert_eq!(
        (given.case.unwrap().case_status, raised.case.unwrap().case_version),
        (CaseStatus::InProgress, 4)
    );
    let now = "select concat_ws(' ', severity, assigned_group, assigned_user, escalation_level)
        from order_fallout_case";
    assert_eq!(text(&stage, now).await, "CRITICAL order-supervisors 1");
    assert_eq!(stage.db.number("select version from product_order").await, version);
    assert!(text(&stage, "select due_at::text from order_fallout_case").await >= first_due);
    let viewer = Person { name: "vera", role: Role::OrderViewer };
    let outsider = stage.act(viewer, (A::AddNote, case), plain()).await;
    assert_eq!(refused(outsider), "ROLE_NOT_ALLOWED");
    stage.db.finish().await;
}

#[tokio::test]
async fn an_optional_step_that_is_tried_again_brings_back_what_was_left_out_with_it() {
    let stage = Stage::released(1).await;
    stage.db.execute("update fulfillment_step set is_mandatory = false").await;
    // Something else keeps the plan open.
    stage
        .db
        .execute(
            "update fulfillment_plan set step_count = 3, remaining_step_count = 3;
             update order_line set step_count = 3, remaining_step_count = 3",
        )
        .await;
    stage.answer(&stage.claim().await, &rejected("NO_STOCK")).await;
    let statuses = "select string_agg(concat_ws(' ', status, pending_dependency_count), ', '
        order by id) from fulfillment_step";
    assert_eq!(text(&stage, statuses).await, "FAILED 0, SKIPPED 0");
    let case = stage.case().await;

    let _report = done(stage.act(OPERATOR, (A::RetryStep, case), plain()).await);

    assert_eq!(text(&stage, statuses).await, "READY 0, PENDING 1");
    assert_eq!(
        stage.db.number("select remaining_step_count::bigint from fulfillment_plan").await,
        3
    );
    assert_eq!(stage.fulfil().await, 2);
    assert_eq!(
        stage.db.number("select remaining_step_count::bigint from fulfillment_plan").await,
        1
    );
    stage.db.finish().await;
}

#[tokio::test]
async fn what_an_action_does_not_read_is_refused_and_never_taken_for_something_else() {
    let stage = Stage::fallen_out(1, &unknown()).await;
    let case = stage.case().await;
    let finding = ActionInput { finding: Some(OutcomeFinding::Executed), ..plain() };
    let target = ActionInput { target_system: Some("ANYWHERE".to_owned()), ..plain() };

    for input in [finding, target] {
        let attempt = stage.act(OPERATOR, (A::RetryStep, case), input).await;
        assert_eq!(refused(attempt), "INFORMATION_INVALID");
    }

    assert_eq!(text(&stage, CASE).await, "OPEN 1", "nothing was settled by the way");
    assert_eq!(text(&stage, ORDER).await, "FALLOUT 1");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_settled_contradiction_closes_the_case_of_the_rejection_too_and_before_it_nothing_is_sent()
 {
    let stage = Stage::released(1).await;
    let attempts = stage.claim().await;
    stage.answer(&attempts, &rejected("NO_STOCK")).await;
    let rejection = stage.case().await;
    stage.contradict(&attempts[0], "m-1").await;
    let sql = "select id::text from order_fallout_case where cause like 'contradiction:%'";
    let contradiction: FalloutCaseId = text(&stage, sql).await.parse().unwrap();

    for action in [A::RetryStep, A::SkipStep, A::WaiveLine, A::ReplaceTarget] {
        let attempt = stage.act(SUPERVISOR, (action, rejection), plain()).await;
        let code = refused(attempt);
        assert!(["STEP_OUTCOME_UNKNOWN", "LINE_HAS_STEPS_IN_FLIGHT"].contains(&&*code), "{code}");
    }
    let proof = ActionInput {
        finding: Some(OutcomeFinding::Executed),
        external_reference: Some("EXT-9".to_owned()),
        evidence: Some("seen in the warehouse".to_owned()),
        ..plain()
    };
    let _asked = done(stage.act(SUPERVISOR, (A::SettleOutcome, contradiction), proof).await);
    let _agreed = done(stage.act(OTHER_SUPERVISOR, (A::Approve, contradiction), plain()).await);

    let open = "select count(*) from order_fallout_case where status <> 'RESOLVED'";
    assert_eq!(stage.db.number(open).await, 0);
    assert_eq!(text(&stage, ORDER).await, "FULFILLMENT_IN_PROGRESS 0");
    assert_eq!(text(&stage, STEP).await, "COMPLETED 1 LOGISTICS");
    stage.db.finish().await;
}

#[tokio::test]
async fn a_success_of_the_system_that_was_replaced_is_a_contradiction_and_not_an_orphan() {
    let stage = Stage::released(1).await;
    stage.configure("COURIER", "http://courier", serde_json::json!({})).await;
    let first = stage.claim().await;
    stage.answer(&first, &rejected("NO_STOCK")).await;
    let to = ActionInput { target_system: Some("COURIER".to_owned()), ..plain() };
    let _sent = done(stage.act(OPERATOR, (A::ReplaceTarget, stage.case().await), to).await);
    let _second = stage.claim().await;

    stage.contradict(&first[0], "m-1").await;

    let asked = "select target_system from contradiction_query";
    assert_eq!(text(&stage, asked).await, "LOGISTICS", "the one that says that it did the work");
    stage.db.finish().await;
}

#[tokio::test]
async fn whoever_had_a_step_asked_about_hears_that_it_came_to_nothing() {
    let stage = Stage::fallen_out(1, &rejected("NO_STOCK")).await;
    let case = stage.case().await;
    let _sent = done(stage.act(OPERATOR, (A::RetryStep, case), plain()).await);

    stage.answer(&stage.claim().await, &unknown()).await;

    let now = "select concat_ws(' ', status, severity, reason_code) from order_fallout_case";
    assert_eq!(text(&stage, now).await, "OPEN CRITICAL UNKNOWN_OUTCOME");
    stage.db.finish().await;
}

#[tokio::test]
async fn counters_agree_with_the_rows_after_every_action() {
    for action in [A::RetryStep, A::SkipStep, A::WaiveLine, A::FailOrder] {
        let stage = Stage::fallen_out(2, &rejected("NO_STOCK")).await;
        let case = stage.case().await;
        let asked = done(stage.act(SUPERVISOR, (action, case), plain()).await);
        if asked.needs_approval {
            let _agreed = done(stage.act(OTHER_SUPERVISOR, (A::Approve, case), plain()).await);
        }
        let drifting = "select count(*) from order_line l
            where l.remaining_step_count <> (select count(*) from fulfillment_step s
                    where s.order_line_id = l.id and s.status not in ('COMPLETED', 'SKIPPED', 'CANCELLED'))
               or l.failed_step_count <> (select count(*) from fulfillment_step s
                    where s.order_line_id = l.id and s.status = 'FAILED')";
        assert_eq!(stage.db.number(drifting).await, 0, "{action}");
        let plan = "select count(*) from fulfillment_plan p
            where p.remaining_step_count <> (select count(*) from fulfillment_step s
                where s.plan_id = p.id and s.status not in ('COMPLETED', 'SKIPPED', 'CANCELLED'))";
        assert_eq!(stage.db.number(plan).await, 0, "{action}");
        stage.db.finish().await;
    }
}
