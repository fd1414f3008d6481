//! The function, its database, its cursor secret, and callers with tokens.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_support::config::Settings;
use order_domain::ids::OrderId;
use order_domain::tenant::TenantId;
use order_store::Store;
use serde_json::{Value, json};
use test_support::issuer::{Issuer, cursor_secret, serve_secret};
use test_support::{TestDatabase, order_draft, place_order, tenant};
use tower::ServiceExt;
use wiremock::MockServer;

use crate::config::Config;
use crate::handler::Deps;
use crate::routes::router;

/// An answer, read completely.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answered {
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub(super) fn next(&self) -> Option<String> {
        self.body["links"]["next"].as_str().map(str::to_owned)
    }

    pub(super) fn order_ids(&self) -> Vec<String> {
        let orders = self.body["orders"].as_array().expect("a list").iter();
        orders.map(|order| order["orderId"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

pub(super) struct Fixture {
    db: Option<TestDatabase>,
    pub(super) store: Store,
    pub(super) secrets: MockServer,
    issuer: Issuer,
    deps: Arc<Deps>,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let db = TestDatabase::create().await;
        let mut fixture = Self::on(&db).await;
        fixture.db = Some(db);
        fixture
    }

    /// On somebody else's database.
    pub(super) async fn on(db: &TestDatabase) -> Self {
        let store = db.store("oms_operator_api").await;
        let secrets = MockServer::start().await;
        let issuer = Issuer::new();
        let own = [
            ("OMS_SECRETS_ENDPOINT", secrets.uri()),
            ("OMS_DATABASE_SECRET_ID", "oms/database/operator-api".to_owned()),
            ("OMS_CURSOR_SECRET_ID", "oms/cursor".to_owned()),
        ];
        let settings = Settings::from_pairs(own.into_iter().chain(issuer.settings()));
        let config = Config::from_settings(&settings).unwrap();
        let deps = Arc::new(Deps::with_store(&config, store.clone()).unwrap());
        let fixture = Self { db: None, store, secrets, issuer, deps };
        fixture.cursor_secret(&cursor_secret()).await;
        fixture
    }

    /// What the secrets endpoint answers from now on.
    pub(super) async fn cursor_secret(&self, secret: &Value) {
        serve_secret(&self.secrets, secret).await;
    }

    /// A token with changed claims and a right signature.
    pub(super) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        self.issuer.token(|_, claims| {
            claims["sub"] = json!("operator");
            claims["scope"] = json!("orders:read");
            change(claims);
        })
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.get_as(path, Some(&self.token(|_| {}))).await
    }

    /// Asks for another tenant.
    pub(super) async fn get_for(&self, tenant: &str, path: &str) -> Answered {
        self.get_as(path, Some(&self.token(|claims| claims["tenant"] = json!(tenant)))).await
    }

    pub(super) async fn get_as(&self, path: &str, token: Option<&str>) -> Answered {
        self.send(Request::get(path).body(Body::empty()).unwrap(), token).await
    }

    /// Sends a command with its key.
    pub(super) async fn post_as(
        &self,
        path: &str,
        token: &str,
        (key, body): (&str, Value),
    ) -> Answered {
        let request = Request::post(path)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("\"{key}\""))
            .body(Body::from(body.to_string()));
        self.send(request.unwrap(), Some(token)).await
    }

    /// The answer to whoever prefers text.
    pub(super) async fn text_of(&self, path: &str, token: &str) -> String {
        let request = Request::get(path)
            .header("accept", "text/plain, application/json;q=0.5")
            .header("authorization", format!("Bearer {token}"))
            .body(Body::empty())
            .unwrap();
        let response = router(Arc::clone(&self.deps)).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Acts on a case: with a key, on a version (none if empty).
    pub(super) async fn act_as(
        &self,
        path: &str,
        token: &str,
        (key, version, body): (&str, &str, Value),
    ) -> Answered {
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("\"{key}\""));
        if !version.is_empty() {
            request = request.header("if-match", version);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap(), Some(token)).await
    }

    /// Sends a body with these headers.
    pub(super) async fn post_with(
        &self,
        path: &str,
        token: &str,
        (headers, body): (&[(&str, &str)], Value),
    ) -> Answered {
        let mut request = Request::post(path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap(), Some(token)).await
    }

    async fn send(&self, mut request: Request<Body>, token: Option<&str>) -> Answered {
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = router(Arc::clone(&self.deps)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).expect("every answer is JSON");
        let answered = Answered { status: parts.status, headers: parts.headers, body };
        super::described::assert_as_described(method.as_str(), &path, &answered);
        answered
    }

    pub(super) const fn deps(&self) -> &Arc<Deps> {
        &self.deps
    }

    /// Places orders of the tenant, oldest first.
    pub(super) async fn orders(&self, tenant: &TenantId, count: usize) -> Vec<OrderId> {
        let intake = self.db().store("oms_order_intake").await;
        let mut orders = Vec::new();
        for _ in 0..count {
            orders.push(place_order(&intake, tenant, &order_draft(&["ROUTER_RENTAL"])).await);
        }
        orders
    }

    pub(super) async fn order(&self) -> OrderId {
        self.orders(&tenant(), 1).await[0]
    }

    pub(super) fn db(&self) -> &TestDatabase {
        self.db.as_ref().expect("a fixture with a database of its own")
    }

    pub(super) async fn finish(mut self) {
        let db = self.db.take();
        self.end().await;
        if let Some(db) = db {
            db.finish().await;
        }
    }

    /// Lets go of a database that is somebody else's.
    pub(super) async fn end(self) {
        drop((self.store, self.deps));
    }
}

/// Newest first, as the API lists them.
pub(super) fn newest_first(orders: &[OrderId]) -> Vec<String> {
    orders.iter().rev().map(ToString::to_string).collect()
}
