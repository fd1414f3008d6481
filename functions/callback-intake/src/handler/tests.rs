use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use external_systems::callback::{MAX_CALLBACK_BYTES, sign};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use lambda_support::config::Settings;
use lambda_support::secrets::{SecretsEndpoint, TTL};
use serde_json::{Value, json};
use tower::ServiceExt;
use wiremock::matchers::query_param;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::routes::router;

mod event;
mod refusals;

const CURRENT: &str = "whsec_Y3VycmVudC1zZWNyZXQtMDEyMzQ1Njc4OQ==";
const PREVIOUS: &str = "whsec_cHJldmlvdXMtc2VjcmV0LTAxMjM0NTY3ODk=";
const OTHER: &str = "whsec_b3RoZXItc2VjcmV0LTAxMjM0NTY3ODktMDEy";
const BODY: &[u8] = b"{\"requestId\":\"r\",\r\n \"status\": \"OK\"}\n";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The function with a secrets endpoint that knows the webhook secrets of acme's INVENTORY.
struct Intake {
    secrets: MockServer,
    deps: Arc<Deps>,
}

impl Intake {
    async fn new() -> Self {
        Self::with_queue(CallbackQueue::in_memory(false)).await
    }

    async fn with_queue(queue: CallbackQueue) -> Self {
        let secrets = MockServer::start().await;
        let settings = Settings::from_pairs([
            ("OMS_SECRETS_ENDPOINT", secrets.uri()),
            ("OMS_CALLBACK_QUEUE_URL", "http://localhost/queue".to_owned()),
        ]);
        let config = Config::from_settings(&settings).unwrap();
        let intake = Self { secrets, deps: Arc::new(Deps::new(&config, queue).unwrap()) };
        intake.serve(&json!({"current": CURRENT, "previous": PREVIOUS}).to_string()).await;
        intake
    }

    /// A refused secret is looked up again at once, however often.
    fn without_pauses(mut self) -> Self {
        let url = self.secrets.uri();
        let settings = Settings::from_pairs([("OMS_SECRETS_ENDPOINT", url)]);
        let endpoint = SecretsEndpoint::from_settings(&settings).unwrap();
        let client = SecretsClient::new(endpoint).unwrap().with_times(TTL, Duration::ZERO);
        let secrets = SenderSecrets::new(client, "oms/webhook".to_owned(), nobody().unwrap());
        self.deps = Arc::new(Deps { secrets, queue: CallbackQueue::in_memory(false) });
        self
    }

    /// What the endpoint answers from now on; 400 for every other id, as Secrets Manager does.
    async fn serve(&self, secret: &str) {
        self.secrets.reset().await;
        let found = ResponseTemplate::new(200).set_body_json(json!({"SecretString": secret}));
        Mock::given(query_param("secretId", "oms/webhook/acme/INVENTORY"))
            .respond_with(found)
            .mount(&self.secrets)
            .await;
        let absent = json!({"__type": "ResourceNotFoundException"});
        Mock::given(wiremock::matchers::any())
            .respond_with(ResponseTemplate::new(400).set_body_json(absent))
            .with_priority(9)
            .mount(&self.secrets)
            .await;
    }

    async fn post(&self, path: &str, callback: Callback) -> Response {
        router(Arc::clone(&self.deps)).oneshot(callback.request(path)).await.unwrap()
    }

    fn queued(&self) -> Vec<CallbackEnvelope> {
        self.deps.queue().kept()
    }
}

/// A callback of a sender, signed with a secret.
#[derive(Clone)]
struct Callback {
    id: String,
    signed_at: i64,
    signature: String,
    body: Vec<u8>,
}

impl Callback {
    fn signed(secret: &str) -> Self {
        Self::signed_at(secret, Timestamp::now().as_second(), BODY)
    }

    fn signed_at(secret: &str, second: i64, body: &[u8]) -> Self {
        let secret = WebhookSecret::parse(secret).unwrap();
        let signature = sign(&secret, "msg_1", Timestamp::from_second(second).unwrap(), body);
        Self { id: "msg_1".to_owned(), signed_at: second, signature, body: body.to_vec() }
    }

    fn request(self, path: &str) -> Request<Body> {
        Request::post(path)
            .header("webhook-id", self.id)
            .header("webhook-timestamp", self.signed_at.to_string())
            .header("webhook-signature", self.signature)
            .header("content-type", "application/json; charset=utf-8")
            .header("traceparent", TRACE)
            .body(Body::from(self.body))
            .unwrap()
    }
}

async fn problem(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

const PATH: &str = "/callbacks/acme/INVENTORY";

#[tokio::test]
async fn an_authentic_callback_is_queued_byte_for_byte_and_answered_with_202() {
    let intake = Intake::new().await;
    let response = intake.post(PATH, Callback::signed(CURRENT)).await;

    assert_eq!(response.status(), StatusCode::ACCEPTED);
    let queued = intake.queued();
    assert_eq!(queued.len(), 1);
    let envelope = &queued[0];
    assert_eq!(envelope.body().unwrap(), BODY);
    assert_eq!((envelope.tenant_id.as_str(), envelope.system.as_str()), ("acme", "INVENTORY"));
    assert_eq!(envelope.message_id, "msg_1");
    assert_eq!(envelope.content_type, "application/json; charset=utf-8");
    assert_eq!(envelope.traceparent.as_deref(), Some(TRACE));
}

#[tokio::test]
async fn bytes_that_are_no_text_and_an_empty_body_are_not_judged_here() {
    let intake = Intake::new().await;
    let now = Timestamp::now().as_second();
    for body in [&b"\xff\x00\xfe"[..], b"", b"<xml/>"] {
        let response = intake.post(PATH, Callback::signed_at(CURRENT, now, body)).await;

        assert_eq!(response.status(), StatusCode::ACCEPTED);
        assert_eq!(intake.queued().last().unwrap().body().unwrap(), body);
    }
}

#[tokio::test]
async fn both_live_secrets_are_accepted_while_one_is_rotated() {
    let intake = Intake::new().await;
    for secret in [CURRENT, PREVIOUS] {
        let response = intake.post(PATH, Callback::signed(secret)).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
    }
}

#[tokio::test]
async fn a_callback_signed_by_the_public_library_is_accepted() {
    let intake = Intake::new().await;
    let now = Timestamp::now().as_second();
    let signature = standardwebhooks::Webhook::new(CURRENT).unwrap().sign("msg_1", now, BODY);
    let callback = Callback { signature: signature.unwrap(), ..Callback::signed(CURRENT) };

    assert_eq!(
        intake.post(PATH, Callback { signed_at: now, ..callback }).await.status(),
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn the_same_callback_twice_is_queued_twice_under_one_message_id() {
    let intake = Intake::new().await;
    let callback = Callback::signed(CURRENT);
    for _ in 0..2 {
        let response = intake.post(PATH, callback.clone()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
    }
    let ids: Vec<_> = intake.queued().into_iter().map(|envelope| envelope.message_id).collect();
    assert_eq!(ids, ["msg_1", "msg_1"]);
}

#[tokio::test]
async fn a_body_may_have_128_kib_and_not_a_byte_more() {
    let intake = Intake::new().await;
    let now = Timestamp::now().as_second();
    let largest = Callback::signed_at(CURRENT, now, &vec![b'x'; MAX_CALLBACK_BYTES]);
    assert_eq!(intake.post(PATH, largest).await.status(), StatusCode::ACCEPTED);
    assert!(serde_json::to_string(&intake.queued()[0]).unwrap().len() < 256 * 1024, "fits SQS");

    let larger = Callback::signed_at(OTHER, now, &vec![b'x'; MAX_CALLBACK_BYTES + 1]);
    let (status, body) = problem(intake.post(PATH, larger).await).await;
    assert_eq!((status, &body["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("BODY_TOO_LARGE")));
    assert_eq!(intake.queued().len(), 1);
}

#[tokio::test]
async fn a_queue_that_is_down_is_said_so_and_when_to_come_back() {
    let intake = Intake::with_queue(CallbackQueue::in_memory(true)).await;
    let response = intake.post(PATH, Callback::signed(CURRENT)).await;

    assert_eq!(response.headers()["retry-after"], "5");
    let (status, body) = problem(response).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["code"], "SOURCE_UNAVAILABLE");
}

#[tokio::test]
async fn without_secrets_nobody_is_accepted_or_refused() {
    let intake = Intake::new().await;
    intake.secrets.reset().await;
    let down = ResponseTemplate::new(500);
    Mock::given(wiremock::matchers::any()).respond_with(down).mount(&intake.secrets).await;
    let (status, _) = problem(intake.post(PATH, Callback::signed(CURRENT)).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);

    intake.serve(r#"{"current":"too short"}"#).await;
    let (status, _) = problem(intake.post(PATH, Callback::signed(CURRENT)).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(intake.queued().is_empty());
}

#[tokio::test]
async fn a_secret_that_was_replaced_at_once_is_found_after_a_refusal() {
    let intake = Intake::new().await.without_pauses();
    assert_eq!(intake.post(PATH, Callback::signed(CURRENT)).await.status(), StatusCode::ACCEPTED);

    intake.serve(&json!({"current": OTHER}).to_string()).await;
    assert_eq!(intake.post(PATH, Callback::signed(OTHER)).await.status(), StatusCode::ACCEPTED);
    let old = intake.post(PATH, Callback::signed(CURRENT)).await;
    assert_eq!(old.status(), StatusCode::UNAUTHORIZED);
}
