//! The router on a loopback port, with whom it trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use jiff::Timestamp;
use lambda_support::config::Settings;
use operator_api::{Config, Deps, routes};
use serde_json::{Value, json};
use test_support::TestDatabase;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) struct ServedApi {
    address: SocketAddr,
    keys: Ed25519KeyPair,
    server: JoinHandle<()>,
    _secrets: MockServer,
}

impl ServedApi {
    pub(crate) async fn start(db: &TestDatabase) -> Self {
        let secrets = MockServer::start().await;
        let cursor = json!({"current": STANDARD.encode([7; 32])}).to_string();
        let found = ResponseTemplate::new(200).set_body_json(json!({"SecretString": cursor}));
        Mock::given(any()).respond_with(found).mount(&secrets).await;
        let keys = Ed25519KeyPair::generate().unwrap();
        let x = BASE64URL.encode(keys.public_key().as_ref());
        let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]});
        let settings = Settings::from_pairs([
            ("OMS_SECRETS_ENDPOINT", secrets.uri()),
            ("OMS_DATABASE_SECRET_ID", "oms/database/operator-api".to_owned()),
            ("OMS_CURSOR_SECRET_ID", "oms/cursor".to_owned()),
            ("OMS_JWT_ISSUER", "https://issuer".to_owned()),
            ("OMS_JWT_AUDIENCE", "oms".to_owned()),
            ("OMS_JWT_JWKS", jwks.to_string()),
        ]);
        let config = Config::from_settings(&settings).unwrap();
        let store = db.store("oms_operator_api").await;
        let router = routes::router(Arc::new(Deps::with_store(&config, store).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("served until the test ends");
        });
        Self { address, keys, server, _secrets: secrets }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A token as the identity provider makes it.
    pub(crate) fn token(&self, subject: &str, (scopes, role): (&str, &str)) -> String {
        let header = json!({"typ": "JWT", "alg": "EdDSA", "kid": "k"});
        let claims = json!({"iss": "https://issuer", "aud": "oms", "sub": subject,
            "exp": Timestamp::now().as_second() + 600, "tenant": "acme", "scope": scopes,
            "roles": [role]});
        let encode = |part: &Value| BASE64URL.encode(part.to_string());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        format!("{input}.{}", BASE64URL.encode(self.keys.sign(input.as_bytes()).as_ref()))
    }

    pub(crate) async fn stop(self) {
        self.server.abort();
        assert!(self.server.await.expect_err("aborted").is_cancelled(), "it served to the end");
    }
}
