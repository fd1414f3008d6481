//! One test per row of the engine's error table.

use super::classify::classify;
use super::*;

fn answer(call: CallKind, status: u16, code: Option<i64>, message: &str) -> EngineError {
    let body = serde_json::json!({"type": "RestException", "message": message, "code": code});
    classify(call, status, body.to_string().as_bytes())
}

fn complete(status: u16, code: Option<i64>, message: &str) -> EngineError {
    answer(CallKind::CompleteTask, status, code, message)
}

fn message(status: u16, code: Option<i64>, text: &str) -> EngineError {
    answer(CallKind::CorrelateMessage, status, code, text)
}

#[track_caller]
fn assert_class(error: &EngineError, class: FailureClass, rule: RepeatRule) {
    assert_eq!((error.failure_class(), error.repeat_rule()), (class, rule), "{error}");
}

#[track_caller]
fn assert_permanent(error: &EngineError) {
    assert_class(error, FailureClass::NonRetryableTechnical, RepeatRule::Never);
}

#[test]
fn status_400_locked_by_another_worker_is_a_lost_lock() {
    let text = "External Task t1 cannot be completed by worker 'w2'. It is locked by worker 'w1'.";
    let error = complete(400, Some(0), text);

    assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_400_expired_lock_is_a_lost_lock() {
    let text = "Cannot extend a lock that expired";
    let error = answer(CallKind::ExtendLock, 400, Some(0), text);

    assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
}

#[test]
fn status_400_suspended_is_waited_for() {
    let error = complete(400, Some(0), "ENGINE-03043 ExternalTask with id 't1' is suspended.");

    assert!(matches!(error, EngineError::InstanceSuspended { .. }), "{error:?}");
    assert_class(&error, FailureClass::RetryableTechnical, RepeatRule::Later);
}

#[test]
fn status_400_without_a_waiting_execution_is_no_match_on_both_engines() {
    for package in ["org.camunda.bpm", "org.operaton.bpm"] {
        let text = format!(
            "{package}.engine.MismatchingMessageCorrelationException: Cannot correlate message \
             'X': No process definition or execution matches the parameters"
        );
        let error = message(400, Some(0), &text);

        assert!(matches!(error, EngineError::NoMatch { .. }), "{error:?}");
        assert_permanent(&error);
    }
}

#[test]
fn status_400_with_two_waiting_executions_is_ambiguous() {
    let text = "ENGINE-13031 Cannot correlate a message with name 'X' to a single execution. \
                2 executions match the correlation keys";
    let error = message(400, Some(0), text);

    assert!(matches!(error, EngineError::AmbiguousMatch { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_400_of_the_model_parser_names_file_line_and_element() {
    let body = r#"{"type":"ParseException","message":"ENGINE-09005 Could not parse BPMN process.",
        "code":0,"details":{"a.bpmn":{"errors":[{"message":"Invalid destination 'x'","line":7,
        "column":12,"mainElementId":"f1","еlementIds":["f1"]}],"warnings":[]}}}"#;
    let error = classify(CallKind::Deploy, 400, body.as_bytes());

    assert_permanent(&error);
    let EngineError::ModelRefused { problems, .. } = error else { panic!("{error:?}") };
    let expected = ModelProblem {
        resource: "a.bpmn".to_owned(),
        message: "Invalid destination 'x'".to_owned(),
        line: Some(7),
        element_id: Some("f1".to_owned()),
    };
    assert_eq!(problems, [expected]);
}

#[test]
fn status_500_of_a_file_that_is_no_xml_is_a_refused_model() {
    let text = "ENGINE-09003 Could not parse 'a.bpmn'. Content is not allowed in prolog.";
    let error = answer(CallKind::Deploy, 500, Some(0), text);

    assert!(matches!(error, EngineError::ModelRefused { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_400_about_our_request_is_a_bug() {
    for text in [
        "Cannot convert value 'x' of type 'Integer' to java type java.lang.Integer",
        "Unsupported value type 'Foo'",
        "Cannot set query parameter 'sortBy' to value 'zz'",
        "No message name supplied",
        "No file name found in the content disposition",
        "No deployment resources contained in the form upload.",
        "The asynchronous response timeout cannot be set to a value greater than 1800000 ms",
        "lockTime is not greater than 0",
    ] {
        let error = complete(400, None, text);

        assert!(matches!(error, EngineError::BadRequest { .. }), "{error:?}");
        assert_permanent(&error);
    }
}

#[test]
fn status_400_as_plain_text_or_with_an_empty_message_is_a_bug() {
    for body in [&b"Unrecognized token 'junk'"[..], br#"{"message":""}"#, b"", b"[1]", b"null"] {
        let error = classify(CallKind::CompleteTask, 400, body);

        assert!(matches!(error, EngineError::BadRequest { .. }), "{error:?}");
    }
}

#[test]
fn status_401_with_an_empty_body_is_repeated_once_after_the_lock_out() {
    let error = classify(CallKind::FetchAndLock, 401, b"");

    assert!(matches!(error, EngineError::AccessDenied { status: 401, .. }), "{error:?}");
    let rule = RepeatRule::OnceAfter(Duration::from_secs(5));
    assert_class(&error, FailureClass::NonRetryableTechnical, rule);
}

#[test]
fn status_403_is_permanent() {
    assert_permanent(&classify(CallKind::FetchAndLock, 403, b""));
}

#[test]
fn status_404_of_an_external_task_means_it_is_gone() {
    let error = complete(404, Some(0), "External task with id t1 does not exist");

    assert!(matches!(error, EngineError::Gone { subject: GoneSubject::ExternalTask, .. }));
    assert_permanent(&error);
}

#[test]
fn status_404_of_a_process_key_means_that_nothing_is_deployed() {
    let text = "No matching process definition with key: none and no tenant-id";
    let error = answer(CallKind::StartProcess, 404, None, text);

    assert!(matches!(error, EngineError::DefinitionMissing { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_404_of_an_instance_or_a_job_means_it_is_gone() {
    let instance = complete(404, None, "Process instance with id p1 does not exist");
    let deleted = complete(404, Some(0), "No process instance found for id 'p1'");
    let job = answer(CallKind::ExecuteJob, 404, None, "ENGINE-14026 No job found with id 'j1'");

    for error in [instance, deleted] {
        assert!(matches!(error, EngineError::Gone { subject: GoneSubject::ProcessInstance, .. }));
    }
    assert!(matches!(job, EngineError::Gone { subject: GoneSubject::Job, .. }), "{job:?}");
}

#[test]
fn status_404_405_415_and_redirects_from_the_wrong_address_are_permanent() {
    for status in [301, 302, 307, 404, 405, 415] {
        let error = complete(status, None, "HTTP 404 Not Found");

        assert!(matches!(error, EngineError::WrongAddress { .. }), "{error:?}");
        assert_permanent(&error);
    }
}

#[test]
fn a_proxy_that_quotes_the_engine_does_not_decide_anything() {
    let html = b"<html>External task with id t1 does not exist; is locked by worker</html>";

    let error = classify(CallKind::CompleteTask, 404, html);
    assert!(matches!(error, EngineError::WrongAddress { .. }), "{error:?}");
    let error = classify(CallKind::CompleteTask, 400, html);
    assert!(matches!(error, EngineError::BadRequest { .. }), "{error:?}");
}

#[test]
fn status_500_code_1_is_a_lost_race_and_repeated_up_to_five_times() {
    let error = complete(500, Some(1), "ENGINE-03005 Execution of 'UPDATE Execution' failed");

    assert!(matches!(error, EngineError::LostRace { .. }), "{error:?}");
    assert_class(&error, FailureClass::RetryableTechnical, RepeatRule::Jittered { at_most: 5 });
}

#[test]
fn status_500_of_a_race_without_code_1_is_a_lost_race() {
    for (code, text) in [
        (Some(0), "Cannot resolve parent activity instance"),
        (None, "execution is null"),
        (Some(0), "execution 'e1' does not have a subscription to a message event"),
    ] {
        let error = message(500, code, text);

        assert!(matches!(error, EngineError::LostRace { .. }), "{error:?}");
    }
}

#[test]
fn status_500_code_10000_and_10001_were_rolled_back_and_are_repeated() {
    let deadlock = complete(500, Some(10_000), "An exception occurred in the persistence layer");
    let deleted = complete(500, Some(10_001), "An exception occurred in the persistence layer");

    assert!(matches!(deadlock, EngineError::Deadlock { .. }), "{deadlock:?}");
    assert!(matches!(deleted, EngineError::DeletedMeanwhile { .. }), "{deleted:?}");
    for error in [deadlock, deleted] {
        assert_class(&error, FailureClass::RetryableTechnical, RepeatRule::Jittered { at_most: 5 });
    }
}

#[test]
fn status_500_code_10002_is_a_value_that_is_too_long() {
    let error = complete(500, Some(10_002), "An exception occurred in the persistence layer");

    assert!(matches!(error, EngineError::ValueTooLong { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_500_code_0_of_the_persistence_layer_is_an_unknown_outcome() {
    let text = "ENGINE-03004 Exception: An exception occurred in the persistence layer. Please \
                check the server logs for a detailed message and the entire exception stack trace.";
    let error = complete(500, Some(0), text);

    assert!(matches!(error, EngineError::PersistenceFailed { .. }), "{error:?}");
    assert_class(&error, FailureClass::UnknownOutcome, RepeatRule::OnceIfRepeatable);
}

#[test]
fn status_500_without_a_database_connection_was_not_applied() {
    let text = "Could not open JDBC Connection for transaction";
    let error = complete(500, None, text);

    assert!(matches!(error, EngineError::DatabaseUnavailable { .. }), "{error:?}");
    assert_class(&error, FailureClass::RetryableTechnical, RepeatRule::Later);
}

#[test]
fn status_500_about_an_argument_is_a_bug() {
    for text in [
        "workerId is null",
        "errorCode is null",
        "topicName is null",
        "Error Message is empty",
        "lockTime is not greater than 0",
        "maxResults is not greater than or equal to 0",
        "retries is not greater than or equal to 0",
        "retryDuration is not greater than or equal to 0",
    ] {
        let error = complete(500, Some(0), text);

        assert!(matches!(error, EngineError::BadRequest { status: 500, .. }), "{error:?}");
        assert_permanent(&error);
    }
}

#[test]
fn status_500_of_an_uncaught_bpmn_error_is_permanent() {
    let text = "ENGINE-13033 Propagation of bpmn error NOPE failed. ";
    let error = answer(CallKind::BpmnError, 500, Some(0), text);

    assert!(matches!(error, EngineError::UncaughtBpmnError { .. }), "{error:?}");
    assert_permanent(&error);
}

#[test]
fn status_500_of_the_models_continuation_is_permanent() {
    for text in [
        "ENGINE-02004 No outgoing sequence flow for the element with id 'g' could be selected",
        "Unknown property used in expression: ${falloutResolution == 'RETRY'}",
    ] {
        let error = complete(500, Some(0), text);

        assert!(matches!(error, EngineError::ContinuationFailed { .. }), "{error:?}");
        assert_permanent(&error);
    }
}

#[test]
fn status_500_of_a_missing_user_task_or_job_means_it_is_gone() {
    let text = "Cannot complete task x: Cannot find task with id x: task is null";
    let task = answer(CallKind::CompleteUserTask, 500, Some(0), text);
    let job = answer(CallKind::ExecuteJob, 500, Some(0), "ENGINE-13053 No job found with id 'j'");

    assert!(matches!(task, EngineError::Gone { subject: GoneSubject::UserTask, .. }), "{task:?}");
    assert!(matches!(job, EngineError::Gone { subject: GoneSubject::Job, .. }), "{job:?}");
}

#[test]
fn status_500_and_503_of_a_full_queue_or_a_stopping_engine_were_not_applied() {
    let full = complete(
        500,
        None,
        "At the moment the server has to handle too many requests at \
                                    the same time. Please try again later.",
    );
    let stopping = complete(
        500,
        None,
        "The request was rejected due to shutdown of application \
                                        server.",
    );
    let unavailable = classify(CallKind::CompleteTask, 503, b"<html>no upstream</html>");

    for error in [full, stopping, unavailable, classify(CallKind::FetchAndLock, 429, b"")] {
        assert!(matches!(error, EngineError::Overloaded { .. }), "{error:?}");
        assert_class(&error, FailureClass::RetryableTechnical, RepeatRule::Later);
    }
}

#[test]
fn status_502_504_and_any_other_5xx_are_unknown_outcomes() {
    let unknown_text = complete(500, None, "something new");
    let html = classify(CallKind::CompleteTask, 500, b"<html>Internal Server Error</html>");
    let gateways = [502, 504, 520].map(|status| classify(CallKind::StartProcess, status, b""));

    for error in [unknown_text, html].into_iter().chain(gateways) {
        assert!(matches!(error, EngineError::UnexpectedAnswer { .. }), "{error:?}");
        assert_class(&error, FailureClass::UnknownOutcome, RepeatRule::OnceIfRepeatable);
    }
}

#[test]
fn any_other_4xx_is_permanent() {
    assert_permanent(&classify(CallKind::StartProcess, 418, b"short and stout"));
    assert_permanent(&classify(CallKind::StartProcess, 413, b""));
}

#[test]
fn what_an_answer_says_is_cut_and_kept_on_one_line() {
    let error = classify(CallKind::Version, 502, "<p>\n".repeat(1_000).as_bytes());

    let text = error.to_string();
    assert!(text.starts_with("version: unexpected status 502: <p><p>"), "{text}");
    assert!(text.len() < 500 && !text.contains('\n'), "{text}");
}
