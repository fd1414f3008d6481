use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};

use super::*;

fn arguments() -> TokenArguments {
    TokenArguments {
        tenant: "acme".into(),
        scope: vec!["orders:write".into(), "orders:read".into()],
        role: vec!["order-operator".into()],
        subject: "ann".into(),
        ttl: 60,
    }
}

#[test]
fn scopes_are_one_text_and_roles_are_a_list() {
    let claims = Claims::new(&arguments(), 1_000);

    assert_eq!(claims.scope, "orders:write orders:read");
    assert_eq!(claims.roles, ["order-operator"]);
    assert_eq!((claims.iat, claims.nbf, claims.exp), (1_000, 1_000, 1_060));
}

#[test]
fn a_token_is_verified_by_the_published_key() {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let set: JwkSet = serde_json::from_value(jwks_of(&key)).unwrap();
    let claims = Claims::new(&arguments(), jiff::Timestamp::now().as_second());

    let token = sign(&key, &claims).unwrap();

    let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let decoding = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    let decoded = jsonwebtoken::decode::<Value>(&token, &decoding, &validation).unwrap();
    assert_eq!(decoded.claims["tenant"], "acme");
}
