//! The router on a loopback port, with whom it trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use lambda_support::config::Settings;
use operator_api::{Config, Deps, routes};
use serde_json::json;
use test_support::TestDatabase;
use test_support::issuer::{Issuer, cursor_secret, serve_secret};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wiremock::MockServer;

pub(crate) struct ServedApi {
    address: SocketAddr,
    issuer: Issuer,
    server: JoinHandle<()>,
    _secrets: MockServer,
}

impl ServedApi {
    pub(crate) async fn start(db: &TestDatabase) -> Self {
        let secrets = MockServer::start().await;
        serve_secret(&secrets, &cursor_secret()).await;
        let issuer = Issuer::new();
        let own = [
            ("OMS_SECRETS_ENDPOINT", secrets.uri()),
            ("OMS_DATABASE_SECRET_ID", "oms/database/operator-api".to_owned()),
            ("OMS_CURSOR_SECRET_ID", "oms/cursor".to_owned()),
        ];
        let settings = Settings::from_pairs(own.into_iter().chain(issuer.settings()));
        let config = Config::from_settings(&settings).unwrap();
        let store = db.store("oms_operator_api").await;
        let router = routes::router(Arc::new(Deps::with_store(&config, store).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("served until the test ends");
        });
        Self { address, issuer, server, _secrets: secrets }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token as the identity provider makes it.
    pub(crate) fn token(&self, subject: &str, (scopes, role): (&str, &str)) -> String {
        self.issuer.token(|_, claims| {
            claims["sub"] = json!(subject);
            claims["scope"] = json!(scopes);
            claims["roles"] = json!([role]);
        })
    }

    pub(crate) async fn stop(self) {
        self.server.abort();
        assert!(self.server.await.expect_err("aborted").is_cancelled(), "it served to the end");
    }
}
