//! What a healthy engine does not do: refuse, reset, hang, answer with something else.

use std::error::Error;
use std::time::Duration;

use camunda_client::{
    BusinessKey, CallKind, EngineClient, EngineError, EngineSettings, FetchRequest,
    MessageCorrelation, RequestFlaw, StartProcess, Variables,
};
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::matchers::{any, basic_auth, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TIMEOUT: Duration = Duration::from_millis(500);

fn settings(address: &str) -> EngineSettings {
    EngineSettings::parse(address).expect("address").with_request_timeout(TIMEOUT)
}

fn client(settings: EngineSettings) -> EngineClient {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let redirect = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().expect("client");
    EngineClient::new(http, settings)
}

fn business_key() -> BusinessKey {
    "ORDER:acme:01890a5d-ac96-774b-bcce-b302099a8057".parse().expect("canonical key")
}

async fn start(engine: &EngineClient) -> Result<(), EngineError> {
    engine.start_process(&StartProcess::new("order-fulfillment", business_key())).await.map(|_| ())
}

/// An engine that reads the whole request, answers with these bytes and closes.
async fn raw_engine(answer: &'static [u8]) -> EngineClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = vec![0; 64 * 1024];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
        }
    });
    client(settings(&format!("http://{address}/engine-rest")))
}

/// An engine that gives every request this answer.
async fn stub(answer: ResponseTemplate) -> (MockServer, EngineClient) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    let engine = client(settings(&format!("{}/engine-rest/", server.uri())));
    (server, engine)
}

#[tokio::test]
async fn a_refused_connection_was_not_sent_and_is_retryable() {
    let engine = client(settings("http://127.0.0.1:9/engine-rest"));

    let error = start(&engine).await.expect_err("nobody listens");

    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    assert!(error.is_retryable() && !error.is_unknown_outcome());
}

#[tokio::test]
async fn a_connection_closed_after_sending_is_an_unknown_outcome() {
    let error = start(&raw_engine(b"").await).await.expect_err("no answer");

    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
    assert!(error.is_unknown_outcome() && !error.is_retryable());
}

#[tokio::test]
async fn a_body_cut_off_is_an_unknown_outcome() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\":";
    let error = start(&raw_engine(answer).await).await.expect_err("half an answer");

    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn something_that_is_not_http_is_an_unknown_outcome() {
    let error = start(&raw_engine(b"220 smtp ready\r\n").await).await.expect_err("no HTTP");

    assert!(error.is_unknown_outcome(), "{error:?}");
}

#[tokio::test]
async fn an_engine_that_hangs_is_an_unknown_outcome_after_the_timeout() {
    let (_server, engine) = stub(ResponseTemplate::new(200).set_delay(TIMEOUT * 4)).await;

    let error = start(&engine).await.expect_err("timeout");

    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
    assert!(error.is_unknown_outcome());
}

#[tokio::test]
async fn a_long_poll_may_take_longer_than_other_requests() {
    let parked = ResponseTemplate::new(200).set_body_string("[]").set_delay(TIMEOUT * 2);
    let (_server, engine) = stub(parked).await;
    let request = FetchRequest {
        worker_id: "w".to_owned(),
        topic_name: "t".to_owned(),
        variables: Vec::new(),
        max_tasks: 1,
        lock_duration: Duration::from_secs(1),
        long_poll: Some(TIMEOUT * 4),
    };

    assert_eq!(engine.fetch_and_lock(&request).await.expect("within the allowance"), []);
}

#[tokio::test]
async fn success_with_html_or_half_json_or_nothing_is_an_unknown_outcome() {
    for body in ["<html>sign in</html>", "{\"id\":", "", "[]", "{\"id\":7}"] {
        let (_server, engine) = stub(ResponseTemplate::new(200).set_body_string(body)).await;

        let error = start(&engine).await.expect_err("unreadable");

        assert!(matches!(error, EngineError::UnreadableAnswer { status: 200, .. }), "{error:?}");
        assert!(error.is_unknown_outcome());
    }
}

#[tokio::test]
async fn an_unreadable_answer_is_not_quoted() {
    let body = r#"{"id":{"name":"Jane Doe"}}"#;
    let (_server, engine) = stub(ResponseTemplate::new(200).set_body_string(body)).await;

    let error = start(&engine).await.expect_err("unreadable");

    assert!(!format!("{error:?}").contains("Jane"), "{error:?}");
}

#[tokio::test]
async fn a_message_that_names_no_instance_is_an_unknown_outcome() {
    let (_server, engine) = stub(ResponseTemplate::new(200).set_body_string("[]")).await;

    let message = MessageCorrelation::to_order("FulfillmentPlanCompleted", business_key());
    let error = engine.correlate_message(&message).await.expect_err("no receiver named");

    assert!(error.is_unknown_outcome(), "{error:?}");
}

#[tokio::test]
async fn error_pages_and_empty_bodies_classify_by_status_alone() {
    for (status, retryable, unknown) in
        [(401, false, false), (404, false, false), (500, false, true), (503, true, false)]
    {
        for body in ["", "<html>oops</html>", "\u{fffd}\u{1}"] {
            let answer = ResponseTemplate::new(status).set_body_string(body);
            let (_server, engine) = stub(answer).await;

            let error =
                engine.complete_task("t", "w", &Variables::none()).await.expect_err("error");

            assert_eq!(
                (error.is_retryable(), error.is_unknown_outcome()),
                (retryable, unknown),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1:9/");
    let (_server, engine) = stub(answer).await;

    let error = start(&engine).await.expect_err("redirect");

    assert!(matches!(error, EngineError::WrongAddress { status: 302, .. }), "{error:?}");
}

#[tokio::test]
async fn an_error_names_its_call_and_neither_address_nor_business_key() {
    let engine = client(settings("http://127.0.0.1:9/engine-rest"));

    let error = start(&engine).await.expect_err("nobody listens");

    assert_eq!(error.to_string(), "start process: the engine cannot be reached");
    let source = error.source().expect("the cause is kept").to_string();
    assert!(!source.contains("engine-rest"), "{source}");
}

#[tokio::test]
async fn what_the_engine_cannot_decide_is_refused_before_sending() {
    let (server, engine) = stub(ResponseTemplate::new(204)).await;
    let none = Variables::none();
    let long_worker = "w".repeat(256);

    let refused = [
        engine.complete_task("t", "w\0", &none).await,
        engine.complete_task("t", &long_worker, &none).await,
        engine.complete_task("", "w", &none).await,
        engine.complete_task("t", "w", &none.clone().with("note", "a\0")).await,
        engine.complete_task("t", "w", &none.clone().with("note", "x".repeat(4_001))).await,
        engine.delete_instance("").await,
    ];

    for result in refused {
        let error = result.expect_err("refused");
        assert!(matches!(error, EngineError::RefusedBeforeSending { .. }), "{error:?}");
        assert!(!error.is_retryable() && !error.is_unknown_outcome());
        let source = error.source().and_then(|source| source.downcast_ref::<RequestFlaw>());
        assert!(source.is_some(), "{error:?}");
    }
    assert_eq!(server.received_requests().await.expect("recording").len(), 0);
    assert_eq!(engine.calls().total(), 0);
}

#[tokio::test]
async fn ids_from_outside_cannot_leave_their_place_in_the_path() {
    let server = MockServer::start().await;
    Mock::given(method("DELETE"))
        .and(path("/engine-rest/process-instance/a%2F..%2Fb%3Fc"))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let engine = client(settings(&format!("{}/engine-rest", server.uri())));

    engine.delete_instance("a/../b?c").await.expect("one path segment");
}

#[tokio::test]
async fn credentials_are_sent_with_every_request_and_never_printed() {
    let server = MockServer::start().await;
    Mock::given(basic_auth("relay", "sesame"))
        .respond_with(ResponseTemplate::new(200).set_body_string(r#"{"version":"7.24.0"}"#))
        .mount(&server)
        .await;
    let settings = settings(&format!("{}/engine-rest", server.uri()));
    let engine = client(settings.with_credentials("relay", SecretString::from("sesame")));

    assert_eq!(engine.get_version().await.expect("authorised"), "7.24.0");
    assert!(!format!("{engine:?}").contains("sesame"));
}

#[tokio::test]
async fn clones_of_a_client_share_their_counters() {
    let (_server, engine) = stub(ResponseTemplate::new(204)).await;
    let before = engine.calls();

    engine.clone().complete_task("t", "w", &Variables::none()).await.expect("204");
    start(&engine).await.expect_err("204 has no body");

    let calls = engine.calls().since(&before);
    assert_eq!((calls.count(CallKind::CompleteTask), calls.count(CallKind::StartProcess)), (1, 1));
    assert_eq!(calls.total(), 2);
}
