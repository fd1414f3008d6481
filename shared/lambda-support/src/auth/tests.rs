use ::http::StatusCode;
use axum::body::Body;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::json;
use tower::ServiceExt;

use super::*;
use crate::edge::with_edge_layers;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

fn app(key: &Ed25519KeyPair) -> Router {
    let x = BASE64URL.encode(key.public_key().as_ref());
    let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]}).to_string();
    let verifier = TokenVerifier::from_jwks("https://issuer", "oms", &jwks).unwrap();
    let routes =
        Router::new().route("/who", get(|caller: Caller| async move { caller.tenant.to_string() }));
    with_edge_layers(authenticated(routes, Arc::new(verifier)))
}

fn token(key: &Ed25519KeyPair) -> String {
    let header = json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "k"});
    let claims = json!({
        "iss": "https://issuer", "aud": "oms", "sub": "u", "tenant": "acme",
        "exp": jiff::Timestamp::now().as_second() + 60,
    });
    let input = [header, claims].map(|part| BASE64URL.encode(part.to_string())).join(".");
    let signature = BASE64URL.encode(key.sign(input.as_bytes()).as_ref());
    format!("{input}.{signature}")
}

async fn status(app: &Router, authorization: &[&str]) -> (StatusCode, bool) {
    let mut request = Request::builder().uri("/who");
    for value in authorization {
        request = request.header(AUTHORIZATION, *value);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    (response.status(), response.headers().contains_key("www-authenticate"))
}

#[tokio::test]
async fn only_one_bearer_token_that_verifies_gets_to_the_handler() {
    let key = Ed25519KeyPair::generate().unwrap();
    let (app, token) = (app(&key), token(&key));
    let bearer = format!("Bearer {token}");

    assert_eq!(status(&app, &[&bearer]).await.0, StatusCode::OK);
    assert_eq!(status(&app, &[&format!("bEaReR {token}")]).await.0, StatusCode::OK);

    let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_LENGTH + 1));
    let basic = format!("Basic {token}");
    let refused: [&[&str]; 8] = [
        &[],
        &[&token],
        &[&basic],
        &["Bearer"],
        &["Bearer "],
        &["Bearer x.y.z"],
        &[&long],
        &[&bearer, &bearer],
    ];
    for authorization in refused {
        let refusal = status(&app, authorization).await;
        assert_eq!(refusal, (StatusCode::UNAUTHORIZED, true), "{authorization:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found_without_a_token() {
    let app = app(&Ed25519KeyPair::generate().unwrap());
    let request = Request::builder().uri("/nowhere").body(Body::empty()).unwrap();

    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_handler_outside_of_the_token_check_has_no_caller() {
    let routes = Router::new().route("/who", get(|_caller: Caller| async { "reached" }));
    let request = Request::builder().uri("/who").body(Body::empty()).unwrap();

    assert_eq!(routes.oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
