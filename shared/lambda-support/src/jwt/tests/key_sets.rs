use super::*;

fn error_of(change: impl FnOnce(&mut Vec<Value>)) -> KeySetError {
    let mut keys = Issuer::new().jwks()["keys"].as_array().unwrap().clone();
    change(&mut keys);
    let jwks = json!({"keys": keys}).to_string();
    TokenVerifier::from_jwks("https://issuer", "oms", &jwks).expect_err("a wrong key set")
}

#[test]
fn documents_without_keys_are_refused() {
    for (text, expected) in [
        ("", KeySetError::NotJwks),
        ("[]", KeySetError::NotJwks),
        ("{}", KeySetError::NotJwks),
        (r#"{"keys":[]}"#, KeySetError::Empty),
        (r#"{"keys":[{}]}"#, KeySetError::KidMissing),
    ] {
        let refused = TokenVerifier::from_jwks("i", "a", text).expect_err(text);
        assert_eq!(refused, expected, "{text}");
    }
}

#[test]
fn private_symmetric_weak_and_foreign_keys_are_refused() {
    assert_eq!(error_of(|keys| keys[0]["d"] = json!("AAAA")), KeySetError::Private("es".into()));
    assert_eq!(
        error_of(|keys| keys[2] = json!({"kty": "oct", "kid": "hs", "k": "AAAA"})),
        KeySetError::Unsupported("hs".into())
    );
    assert_eq!(
        error_of(|keys| keys[2]["n"] = json!("A".repeat(171))),
        KeySetError::Unsupported("rs".into()),
        "1024 bits"
    );
    assert_eq!(
        error_of(|keys| keys[0]["crv"] = json!("P-384")),
        KeySetError::Unsupported("es".into())
    );
}

#[test]
fn keys_declared_for_something_else_are_refused() {
    let unsupported = |kid: &str| KeySetError::Unsupported(kid.into());

    assert_eq!(error_of(|keys| keys[0]["use"] = json!("enc")), unsupported("es"));
    assert_eq!(error_of(|keys| keys[2]["alg"] = json!("RS512")), unsupported("rs"));
    assert_eq!(error_of(|keys| keys[2]["alg"] = json!("HS256")), unsupported("rs"));
}

#[test]
fn ids_must_be_unique() {
    assert_eq!(
        error_of(|keys| keys[1]["kid"] = json!("es")),
        KeySetError::KidRepeated("es".into())
    );
}
