//! An engine behind a broken line: what is known about a `complete` that was sent.
//!
//! Only a connection that was never made proves that nothing happened.

use std::time::Duration;

use camunda_client::{EngineClient, EngineError, EngineSettings, Variables};
use fault_proxy::{Connections, Fault, FaultProxy};
use order_domain::failure::FailureClass;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const TASK: &str = "task-1";
const PATIENCE: Duration = Duration::from_secs(20);

fn client(proxy: &FaultProxy, timeout: Duration) -> EngineClient {
    // Another test of this process may have installed it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let redirect = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().expect("client");
    let address = format!("http://{}/engine-rest", proxy.addr());
    let settings = EngineSettings::parse(&address).expect("address").with_request_timeout(timeout);
    EngineClient::new(http, settings)
}

async fn complete(engine: &EngineClient) -> Result<(), EngineError> {
    engine.complete_task(TASK, "worker-1", &Variables::default()).await
}

/// An engine that completes the task, and the line to it.
async fn working_engine() -> (MockServer, FaultProxy) {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path(format!("/engine-rest/external-task/{TASK}/complete")))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    let proxy = FaultProxy::start(*server.address()).await.expect("a free port");
    (server, proxy)
}

async fn requests_of(server: &MockServer) -> usize {
    server.received_requests().await.expect("requests are recorded").len()
}

#[tokio::test]
async fn a_complete_that_was_done_and_whose_answer_was_cut_is_an_unknown_outcome() {
    let (server, proxy) = working_engine().await;
    let engine = client(&proxy, PATIENCE);
    complete(&engine).await.expect("the line is whole");
    proxy.set(Fault::Truncate { after: 0 }).await.expect("the fault holds");

    let error = complete(&engine).await.expect_err("no answer");

    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
    assert!(error.is_unknown_outcome() && !error.is_retryable());
    // The client has not sent it again by itself, although the connection was a used one.
    assert_eq!((requests_of(&server).await, proxy.hits().truncate), (2, 1));
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_reset_after_a_complete_was_sent_is_an_unknown_outcome() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
    let proxy = FaultProxy::start(listener.local_addr().expect("bound")).await.expect("free port");
    let engine = client(&proxy, PATIENCE);
    let (tell, arrived) = oneshot::channel();
    let deaf_engine = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut request = Vec::new();
        while !request.windows(8).any(|part| part == b"worker-1") {
            socket.read_buf(&mut request).await.expect("a request");
        }
        tell.send(()).expect("the test waits");
        // Kept open without an answer until the reset arrives.
        socket.read_buf(&mut request).await.expect_err("a reset")
    });
    let reset = async {
        arrived.await.expect("the request arrives");
        proxy.set(Fault::Reset(Connections::All)).await.expect("the fault holds");
    };

    let (outcome, ()) = tokio::join!(complete(&engine), reset);

    let error = outcome.expect_err("a reset");
    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
    assert_eq!(error.failure_class(), FailureClass::UnknownOutcome);
    let at_the_engine = deaf_engine.await.expect("the engine saw the end");
    assert_eq!(at_the_engine.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(proxy.hits().reset, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_silent_engine_is_an_unknown_outcome_after_the_time_limit_and_works_again_afterwards() {
    let (server, proxy) = working_engine().await;
    let engine = client(&proxy, Duration::from_millis(400));
    complete(&engine).await.expect("the line is whole");
    proxy.set(Fault::Blackhole).await.expect("the fault holds");

    let error = complete(&engine).await.expect_err("silence");

    assert!(matches!(error, EngineError::LostAnswer { .. }), "{error:?}");
    assert!(error.is_unknown_outcome());
    assert_eq!((requests_of(&server).await, proxy.hits().blackhole), (1, 1));
    proxy.set(Fault::None).await.expect("the fault is lifted");
    complete(&engine).await.expect("the line is whole again");
    proxy.shutdown().await;
}

#[tokio::test]
async fn only_a_refused_connection_proves_that_nothing_was_completed() {
    let (server, proxy) = working_engine().await;
    proxy.set(Fault::Refuse).await.expect("the fault holds");

    let error = complete(&client(&proxy, PATIENCE)).await.expect_err("nobody listens");

    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    assert!(error.is_retryable() && !error.is_unknown_outcome());
    proxy.set(Fault::Reset(Connections::New)).await.expect("the fault holds");
    let error = complete(&client(&proxy, PATIENCE)).await.expect_err("a reset");
    assert!(error.is_unknown_outcome(), "{error:?}");
    assert_eq!((requests_of(&server).await, proxy.hits().reset), (0, 1));
    proxy.shutdown().await;
}
