//! An identity provider and a secrets endpoint, for functions that people and programs call.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64URL};
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const NAME: &str = "https://issuer";
const AUDIENCE: &str = "oms";
/// Longer than any test.
const LIFE_SECONDS: i64 = 600;

/// Signs tokens with a key of its own.
#[derive(Debug)]
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    /// With a new key.
    ///
    /// # Panics
    /// No key can be made.
    #[expect(clippy::new_without_default, reason = "a new key is no default")]
    #[must_use]
    pub fn new() -> Self {
        Self(Ed25519KeyPair::generate().expect("a key can be made"))
    }

    /// The settings of a function that believes it.
    #[must_use]
    pub fn settings(&self) -> [(&'static str, String); 3] {
        let x = BASE64URL.encode(self.0.public_key().as_ref());
        let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]});
        [
            ("OMS_JWT_ISSUER", NAME.to_owned()),
            ("OMS_JWT_AUDIENCE", AUDIENCE.to_owned()),
            ("OMS_JWT_JWKS", jwks.to_string()),
        ]
    }

    /// A token of somebody of the tenant `acme`, with changed header and claims, rightly signed.
    pub fn token(&self, change: impl FnOnce(&mut Value, &mut Value)) -> String {
        let mut header = json!({"typ": "JWT", "alg": "EdDSA", "kid": "k"});
        let mut claims = json!({"iss": NAME, "aud": AUDIENCE, "sub": "somebody",
            "exp": Timestamp::now().as_second() + LIFE_SECONDS, "tenant": "acme"});
        change(&mut header, &mut claims);
        let encode = |part: &Value| BASE64URL.encode(part.to_string());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let signature = BASE64URL.encode(self.0.sign(input.as_bytes()).as_ref());
        format!("{input}.{signature}")
    }
}

/// The secret that cursors are signed with.
#[must_use]
pub fn cursor_secret() -> Value {
    json!({"current": STANDARD.encode([7; 32])})
}

/// The secrets endpoint answers this, whatever is asked for, and nothing else.
pub async fn serve_secret(endpoint: &MockServer, secret: &Value) {
    endpoint.reset().await;
    let found = json!({"SecretString": secret.to_string()});
    let answer = ResponseTemplate::new(200).set_body_json(found);
    Mock::given(any()).respond_with(answer).mount(endpoint).await;
}
