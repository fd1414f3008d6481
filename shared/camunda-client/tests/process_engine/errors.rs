//! Answers that only a real engine can prove: what is unknown to it, and what its model refuses.

use camunda_client::{EngineError, GoneSubject, StartProcess, Variables};

use crate::fixture::{Probe, absent, engine, go, new_key};

#[tokio::test]
async fn a_process_that_is_not_deployed_is_named_as_missing() {
    let error = engine().start_process(&StartProcess::new(absent(), new_key())).await.unwrap_err();

    assert!(matches!(error, EngineError::DefinitionMissing { .. }), "{error:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_gone_whatever_status_the_engine_chose() {
    let (engine, none) = (engine(), Variables::none());
    let subjects = [
        (engine.complete_task(&absent(), "w", &none).await, GoneSubject::ExternalTask),
        (engine.unlock_task(&absent()).await, GoneSubject::ExternalTask),
        (engine.set_retries(&absent(), 1).await, GoneSubject::ExternalTask),
        (engine.complete_user_task(&absent(), &none).await, GoneSubject::UserTask),
        (engine.execute_job(&absent()).await, GoneSubject::Job),
    ];

    for (result, expected) in subjects {
        match result.unwrap_err() {
            EngineError::Gone { subject, .. } => assert_eq!(subject, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_continuation_that_fails_is_rolled_back_and_the_task_stays() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;

    let missing = probe.engine.complete_task(&task.id, "w1", &Variables::none()).await;
    let other = Variables::none().with("verdict", "NEITHER");
    let without_a_way = probe.engine.complete_task(&task.id, "w1", &other).await;

    for result in [missing, without_a_way] {
        let error = result.unwrap_err();
        assert!(matches!(error, EngineError::ContinuationFailed { .. }), "{error:?}");
    }
    probe.engine.complete_task(&task.id, "w1", &go()).await.unwrap();
}

#[tokio::test]
async fn an_address_beside_the_engine_is_a_wrong_address() {
    let mut url = reqwest::Url::parse(&engine_url()).expect("address");
    url.set_path("/elsewhere");
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    let settings = camunda_client::EngineSettings::parse(url.as_str()).expect("address");

    let engine = camunda_client::EngineClient::new(http, settings);
    let error = engine.get_version().await.unwrap_err();

    assert!(matches!(error, EngineError::WrongAddress { status: 404, .. }), "{error:?}");
}

fn engine_url() -> String {
    let _ = engine();
    #[expect(clippy::disallowed_methods, reason = "the test runner says where the engine is")]
    std::env::var("OMS_TEST_ENGINE_URL").expect("set, the fixture has read it")
}

#[tokio::test]
async fn completions_of_one_task_at_the_same_moment_have_one_winner() {
    let probe = Probe::deploy().await;
    probe.start(&new_key()).await;
    let task = probe.fetch_one("work", "w1").await;
    let complete = async || probe.engine.complete_task(&task.id, "w1", &go()).await;

    let results: [_; 4] = tokio::join!(complete(), complete(), complete(), complete()).into();

    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost.into_iter().filter_map(Result::err) {
        let is_settled_by_a_repeat =
            error.is_retryable() || matches!(error, EngineError::Gone { .. });
        assert!(is_settled_by_a_repeat, "{error:?}");
    }
}
