//! The function, its database, a CPQ that can be told what to answer, and callers with tokens.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_support::clock;
use lambda_support::config::Settings;
use order_store::Store;
use serde_json::{Value, json};
use test_support::TestDatabase;
use test_support::issuer::Issuer;
use tower::ServiceExt;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::config::Config;
use crate::deps::Deps;
use crate::routes::router;

pub(super) const QUOTE: &str =
    include_str!("../../../../../catalog/quotes/managed-connectivity-bundle.json");
pub(super) const QUOTE_PATH: &str = "/quotes/Q-1001/revisions/3";
pub(super) const REFERENCE: &str = r#"{"quoteId":"Q-1001","revision":3}"#;

/// Whom the function believes, and what a sales system's token says.
pub(super) struct SalesLogin(Issuer);

impl SalesLogin {
    /// A token with changed header and claims, and a right signature.
    pub(super) fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        self.0.token(|header, claims| {
            claims["sub"] = json!("sales");
            claims["scope"] = json!("orders:write orders:read");
            claims["roles"] = json!(["order-operator"]);
            change(header, claims);
        })
    }
}

/// One request; good unless changed.
pub(super) struct Post {
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Post {
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(super) fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

/// An answer, read completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answered {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub(super) struct Fixture {
    pub(super) db: TestDatabase,
    pub(super) store: Store,
    pub(super) cpq: MockServer,
    pub(super) issuer: SalesLogin,
    pub(super) deps: Arc<Deps>,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let db = TestDatabase::create().await;
        let store = db.store("oms_order_intake").await;
        let cpq = MockServer::start().await;
        let issuer = Issuer::new();
        let own = [
            ("OMS_DATABASE_SECRET_ID", "oms/database/order-intake".to_owned()),
            ("OMS_CPQ_URL", cpq.uri()),
        ];
        let settings = Settings::from_pairs(own.into_iter().chain(issuer.settings()));
        let config = Config::from_settings(&settings).unwrap();
        let deps = Deps::with_store(&config, store.clone(), clock::system()).unwrap();
        let issuer = SalesLogin(issuer);
        let fixture = Self { db, store, cpq, issuer, deps: Arc::new(deps) };
        fixture.cpq_answers(ResponseTemplate::new(200).set_body_json(quote())).await;
        fixture
    }

    /// What the CPQ says about the quote from now on.
    pub(super) async fn cpq_answers(&self, answer: ResponseTemplate) {
        self.cpq.reset().await;
        Mock::given(path(QUOTE_PATH)).respond_with(answer).mount(&self.cpq).await;
    }

    pub(super) async fn cpq_has(&self, quote: &Value) {
        self.cpq_answers(ResponseTemplate::new(200).set_body_json(quote)).await;
    }

    pub(super) fn request(&self, key: &str) -> Post {
        let token = self.issuer.token(|_, _| {});
        let post = Post { headers: HeaderMap::new(), body: REFERENCE.into() };
        post.header("authorization", &format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
    }

    pub(super) async fn send(&self, post: Post) -> Answered {
        let mut request = Request::post("/orders/from-quote").body(Body::from(post.body)).unwrap();
        *request.headers_mut() = post.headers;
        let response = router(Arc::clone(&self.deps)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).expect("every answer is JSON");
        let answered = Answered { status: parts.status, headers: parts.headers, body };
        super::described::assert_as_described(&answered);
        answered
    }

    /// Rows of orders, lines, events and deliveries.
    pub(super) async fn written(&self) -> [i64; 4] {
        let mut counts = [0; 4];
        let tables = ["product_order", "order_line", "domain_event", "outbox_message"];
        for (count, table) in counts.iter_mut().zip(tables) {
            *count = self.count(table).await;
        }
        counts
    }

    pub(super) async fn count(&self, table: &str) -> i64 {
        self.db.number(&format!("select count(*) from {table}")).await
    }

    /// Keys and audit entries: business refusals are kept, everything else leaves nothing.
    pub(super) async fn kept(&self) -> (i64, i64) {
        (self.count("idempotency_record").await, self.count("audit_entry").await)
    }

    pub(super) async fn finish(self) {
        drop((self.store, self.deps));
        self.db.finish().await;
    }
}

pub(super) fn quote() -> Value {
    serde_json::from_str(QUOTE).unwrap()
}

/// The sample quote with one value replaced.
pub(super) fn quote_with(pointer: &str, value: Value) -> Value {
    let mut quote = quote();
    *quote.pointer_mut(pointer).expect("the sample has the field") = value;
    quote
}
