use std::time::Duration;

use order_domain::failure::FailureClass;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;
use wiremock::matchers::{body_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

pub(crate) fn client() -> Client {
    // A second installation is refused, which is fine: the first one serves all tests.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_millis(500))
        .build()
        .unwrap()
}

fn settings(base_url: &str) -> TargetSystemSettings {
    TargetSystemSettings::parse(&json!({
        "baseUrl": base_url, "auth": {"kind": "NONE"},
        "connectTimeoutMs": 500, "requestTimeoutMs": 400, "mode": "ASYNC",
        "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": true},
        "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 1000},
        "concurrencyLimit": 4, "responseDueMs": 5000, "pollIntervalMs": 200
    }))
    .unwrap()
}

pub(super) fn target(base_url: &str) -> HttpTargetSystem {
    HttpTargetSystem::new(client(), settings(base_url), None).unwrap()
}

fn id<T: std::str::FromStr<Err = impl std::fmt::Debug>>() -> T {
    ID.parse().unwrap()
}

pub(super) fn request() -> SubmitRequest {
    SubmitRequest {
        request_id: id(),
        operation: "RESERVE_ACCESS".to_owned(),
        tenant_id: "acme".parse().unwrap(),
        order_id: order_domain::ids::OrderId::from_uuid(Uuid::nil()),
        order_line_id: None,
        step_key: "reserve".to_owned(),
        payload: json!({"bandwidthMbps": 500}),
        callback_url: Some("http://127.0.0.1/callbacks/acme/INVENTORY".to_owned()),
    }
}

async fn stub(verb: &str, at: &str, response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    also(&server, verb, at, response).await;
    server
}

async fn also(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(server).await;
}

fn json_answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn request_path() -> String {
    format!("/requests/{ID}")
}

/// A server that answers every connection with these bytes and then stays silent or closes.
pub(super) async fn raw_server(bytes: &'static [u8], stays_open: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(bytes).await;
                if stays_open {
                    std::future::pending::<()>().await;
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_submit_travels_exactly_as_the_contract_says() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/requests"))
        .and(header("idempotency-key", format!("\"{ID}\"")))
        .and(header("content-type", "application/json"))
        .and(header("traceparent", "00-abc-def-01"))
        .and(header("authorization", "Bearer s3cr3t"))
        .and(body_json(json!({
            "requestId": ID, "operation": "RESERVE_ACCESS", "tenantId": "acme",
            "orderId": "00000000-0000-0000-0000-000000000000", "stepKey": "reserve",
            "payload": {"bandwidthMbps": 500},
            "callbackUrl": "http://127.0.0.1/callbacks/acme/INVENTORY"
        })))
        .respond_with(json_answer(202, json!({"externalReference": "INV-1"})))
        .expect(1)
        .mount(&server)
        .await;
    let mut settings = settings(&format!("{}/api/", server.uri()));
    settings.auth = crate::settings::TargetSystemAuth::Bearer { secret_id: "x".to_owned() };
    let token = BearerToken::parse(r#"{"token":"s3cr3t"}"#).unwrap();
    let target = HttpTargetSystem::new(client(), settings, Some(token)).unwrap();

    let exchange = target.submit(&request(), Some("00-abc-def-01")).await;

    let external_reference = Some("INV-1".to_owned());
    assert_eq!(exchange.answer, StepAnswer::Accepted { external_reference });
    let [attempt] = &exchange.attempts[..] else { panic!("{:?}", exchange.attempts) };
    assert_eq!(attempt.kind, ExchangeKind::Submit);
    assert_eq!((attempt.http_status, attempt.failure_class), (Some(202), None));
}

#[tokio::test]
async fn a_known_request_is_queried_and_adopted() {
    let server = stub("POST", "/requests", ResponseTemplate::new(409)).await;
    let status = json!({"status": "COMPLETED", "externalReference": "INV-1", "result": {"a": 1}});
    also(&server, "GET", &request_path(), json_answer(200, status)).await;

    let exchange = target(&server.uri()).submit(&request(), None).await;

    assert!(matches!(exchange.answer, StepAnswer::Completed { .. }));
    let kinds: Vec<_> = exchange.attempts.iter().map(|attempt| attempt.kind).collect();
    assert_eq!(kinds, [ExchangeKind::Submit, ExchangeKind::Query]);
}

#[tokio::test]
async fn a_known_request_that_the_query_denies_is_unknown_and_a_contract_breach() {
    let server = stub("POST", "/requests", ResponseTemplate::new(409)).await;

    let exchange = target(&server.uri()).submit(&request(), None).await;

    let StepAnswer::Unknown { is_contract_breach: true, .. } = exchange.answer else {
        panic!("{:?}", exchange.answer)
    };
}

#[tokio::test]
async fn a_known_request_that_cannot_be_asked_about_is_unknown() {
    let server = stub("POST", "/requests", ResponseTemplate::new(409)).await;
    also(&server, "GET", &request_path(), ResponseTemplate::new(500)).await;
    let mut settings = settings(&server.uri());
    let unsure = target(&server.uri()).submit(&request(), None).await;
    settings.capabilities.can_be_queried = false;
    let mute = HttpTargetSystem::new(client(), settings, None).unwrap();

    let unasked = mute.submit(&request(), None).await;

    for (exchange, calls) in [(unsure, 2), (unasked, 1)] {
        assert!(matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: false, .. }));
        assert_eq!(exchange.attempts.len(), calls);
    }
}

#[tokio::test]
async fn a_refused_connection_is_retryable_and_a_timeout_is_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let silent = raw_server(b"", true).await;

    let refused = target(&closed).submit(&request(), None).await;
    let timed_out = target(&silent).submit(&request(), None).await;

    assert!(matches!(refused.answer, StepAnswer::RetryLater { .. }), "{refused:?}");
    assert_eq!(refused.attempts[0].failure_class, Some(FailureClass::RetryableTechnical));
    let StepAnswer::Unknown { detail, is_contract_breach: false } = timed_out.answer else {
        panic!("{:?}", timed_out.answer)
    };
    assert_eq!(detail, "timed out after sending");
    assert_eq!(timed_out.attempts[0].http_status, None);
}

#[tokio::test]
async fn a_reset_before_or_inside_the_answer_is_unknown() {
    let inside: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{\"ext";
    for bytes in [b"".as_slice(), b"HTTP/1.1 20", inside] {
        let url = raw_server(bytes, false).await;
        let exchange = target(&url).submit(&request(), None).await;
        assert!(
            matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: false, .. }),
            "{exchange:?}"
        );
    }
}

#[tokio::test]
async fn a_slow_body_is_cut_off_by_the_deadline() {
    let url = raw_server(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{",
        true,
    )
    .await;

    let exchange = target(&url).submit(&request(), None).await;

    assert!(matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: false, .. }));
    assert_eq!(exchange.attempts[0].http_status, Some(200));
    assert!(exchange.attempts[0].duration_ms < 5_000);
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        stream.write_all(head).await.unwrap();
        while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
    });
    let mut settings = settings(&url);
    settings.request_timeout_ms = 20_000;
    let target = HttpTargetSystem::new(client(), settings, None).unwrap();

    let exchange = target.submit(&request(), None).await;

    let StepAnswer::Unknown { detail, is_contract_breach: true } = exchange.answer else {
        panic!("{:?}", exchange.answer)
    };
    assert_eq!(detail, "the body is over 1048576 bytes");
}

#[tokio::test]
async fn a_declared_length_over_the_cap_is_not_read() {
    let url = raw_server(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1048577\r\n\r\n",
        true,
    )
    .await;

    let exchange = target(&url).submit(&request(), None).await;

    assert!(matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: true, .. }));
}

#[tokio::test]
async fn a_wrong_content_type_is_unknown_and_a_contract_breach() {
    let html = ResponseTemplate::new(200).set_body_raw("{}", "text/html");
    let server = stub("POST", "/requests", html).await;

    let exchange = target(&server.uri()).submit(&request(), None).await;

    assert!(matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: true, .. }));
}

#[tokio::test]
async fn a_redirect_is_a_contract_breach_and_is_not_followed() {
    let elsewhere = MockServer::start().await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = ResponseTemplate::new(status).insert_header("location", elsewhere.uri());
        let server = stub("POST", "/requests", redirect).await;

        let exchange = target(&server.uri()).submit(&request(), None).await;

        assert!(matches!(exchange.answer, StepAnswer::Unknown { is_contract_breach: true, .. }));
    }
    assert_eq!(elsewhere.received_requests().await.map(|requests| requests.len()), Some(0));
}

#[tokio::test]
async fn retry_after_reaches_the_answer() {
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "7");
    let server = stub("POST", "/requests", busy).await;

    let exchange = target(&server.uri()).submit(&request(), None).await;

    assert!(matches!(exchange.answer, StepAnswer::RetryLater { retry_after_ms: Some(7_000), .. }));
}

#[tokio::test]
async fn a_query_tells_status_absence_or_nothing() {
    let found =
        stub("GET", &request_path(), json_answer(200, json!({"status": "IN_PROGRESS"}))).await;
    let broken = stub("GET", &request_path(), ResponseTemplate::new(500)).await;
    let empty = MockServer::start().await;

    let mut answers = Vec::new();
    for server in [&found, &broken, &empty] {
        answers.push(target(&server.uri()).query(id(), None).await.answer);
    }

    assert!(matches!(
        answers[..],
        [StepAnswer::Accepted { .. }, StepAnswer::CannotTell { .. }, StepAnswer::Absent]
    ));
}

#[tokio::test]
async fn a_missing_capability_or_credential_makes_no_call() {
    let server = MockServer::start().await;
    let mut incapable = settings(&server.uri());
    incapable.capabilities.can_be_queried = false;
    incapable.capabilities.can_cancel = false;
    let incapable = HttpTargetSystem::new(client(), incapable, None).unwrap();
    let mut locked = settings(&server.uri());
    locked.auth = crate::settings::TargetSystemAuth::Bearer { secret_id: "x".to_owned() };
    let locked = HttpTargetSystem::new(client(), locked, None).unwrap();

    let cannot_tell =
        [incapable.query(id(), None).await.answer, locked.query(id(), None).await.answer];
    let refused = [
        incapable.cancel(id(), None).await.answer,
        locked.submit(&request(), None).await.answer,
        locked.cancel(id(), None).await.answer,
    ];

    assert!(cannot_tell.iter().all(|answer| matches!(answer, StepAnswer::CannotTell { .. })));
    assert!(refused.iter().all(|answer| matches!(answer, StepAnswer::Refused { .. })));
    assert_eq!(server.received_requests().await.map(|requests| requests.len()), Some(0));
}

#[tokio::test]
async fn a_repeated_cancellation_is_answered_by_the_status_of_the_request() {
    for (status, is_expected) in [
        ("CANCELLED", (|a| matches!(a, StepAnswer::Completed { .. })) as fn(&StepAnswer) -> bool),
        ("IN_PROGRESS", |a| matches!(a, StepAnswer::Accepted { .. })),
        (
            "COMPLETED",
            |a| matches!(a, StepAnswer::Rejected { code, .. } if code == "NOT_CANCELLABLE"),
        ),
    ] {
        let cancel = format!("{}/cancel", request_path());
        let server = stub("POST", &cancel, ResponseTemplate::new(409)).await;
        also(&server, "GET", &request_path(), json_answer(200, json!({"status": status}))).await;

        let exchange = target(&server.uri()).cancel(id(), None).await;

        assert!(is_expected(&exchange.answer), "{status}: {:?}", exchange.answer);
        assert_eq!(exchange.attempts[0].kind, ExchangeKind::Cancel);
    }
}

#[tokio::test]
async fn a_traceparent_that_cannot_stand_in_a_header_is_left_out() {
    let server = stub("POST", "/requests", json_answer(202, json!({}))).await;

    let exchange = target(&server.uri()).submit(&request(), Some("a\nb")).await;

    assert!(matches!(exchange.answer, StepAnswer::Accepted { .. }));
}
