use super::*;

fn refusal(issuer: &Issuer, token: &str) -> TokenError {
    issuer.verifier().verify_at(token, now()).expect_err(token)
}

fn without(claim: &'static str) -> impl FnOnce(&mut Value) {
    move |claims| {
        claims.as_object_mut().unwrap().remove(claim);
    }
}

#[test]
fn tokens_without_a_signature_are_refused() {
    let issuer = Issuer::new();
    let payload = BASE64URL.encode(claims().to_string());
    for algorithm in ["none", "None", "NONE", "nOnE"] {
        let header =
            BASE64URL.encode(json!({"typ": "JWT", "alg": algorithm, "kid": "es"}).to_string());
        assert_eq!(refusal(&issuer, &format!("{header}.{payload}.")), TokenError::Malformed);
    }
    let header = BASE64URL.encode(header("es").to_string());
    assert_eq!(refusal(&issuer, &format!("{header}.{payload}.")), TokenError::WrongSignature);
}

#[test]
fn a_public_key_is_no_hmac_secret() {
    let issuer = Issuer::new();
    let secrets = [
        issuer.rs.public_key().as_ref().to_vec(),
        issuer.modulus().into_bytes(),
        issuer.jwks().to_string().into_bytes(),
        Vec::new(),
    ];
    for secret in secrets {
        for key in ["rs", "es", "ed"] {
            let header = json!({"typ": "JWT", "alg": "HS256", "kid": key}).to_string();
            let token = hmac_signed(&secret, &header, &claims().to_string());
            assert_eq!(refusal(&issuer, &token), TokenError::WrongAlgorithm);
        }
    }
}

#[test]
fn the_algorithm_of_the_key_wins_over_that_of_the_token() {
    let issuer = Issuer::new();
    for (key, algorithm) in [
        ("rs", "RS384"),
        ("rs", "RS512"),
        ("rs", "PS256"),
        ("es", "ES384"),
        ("es", "EdDSA"),
        ("ed", "ES256"),
    ] {
        let header = json!({"typ": "JWT", "alg": algorithm, "kid": key}).to_string();
        let token = issuer.signed(key, &header, &claims().to_string());
        assert_eq!(refusal(&issuer, &token), TokenError::WrongAlgorithm, "{key} {algorithm}");
    }
    let crossed = issuer.signed("ed", &header("es").to_string(), &claims().to_string());
    assert_eq!(refusal(&issuer, &crossed), TokenError::WrongSignature);
}

#[test]
fn keys_that_are_not_pinned_are_not_used() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let foreign = stranger.with_claims(|_| {});
    assert_eq!(refusal(&issuer, &foreign), TokenError::WrongSignature);

    for kid in [json!("unknown"), json!(""), json!("../es"), json!("ES"), Value::Null] {
        let token = issuer.with_header(|header| header["kid"] = kid.clone());
        assert_eq!(refusal(&issuer, &token), TokenError::UnknownKey, "{kid}");
    }
    let swapped = issuer.with_header(|header| header["kid"] = json!("rs"));
    assert_eq!(refusal(&issuer, &swapped), TokenError::WrongAlgorithm);
}

#[test]
fn keys_and_addresses_in_the_header_are_not_trusted() {
    let (issuer, stranger) = (Issuer::new(), Issuer::new());
    let jwk = stranger.jwks()["keys"][0].clone();
    let baits = [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks")),
        ("x5u", json!("https://attacker.example/cert")),
        ("x5c", json!(["MIIB"])),
    ];
    for (name, bait) in baits {
        let token = stranger.with_header(|header| header[name] = bait);
        assert_eq!(refusal(&issuer, &token), TokenError::WrongSignature, "{name}");
        let renamed = stranger.with_header(|header| header["kid"] = json!("attacker"));
        assert_eq!(refusal(&issuer, &renamed), TokenError::UnknownKey);
    }
}

#[test]
fn tokens_of_another_type_are_refused() {
    let issuer = Issuer::new();
    for kind in [json!("JWE"), json!("id+jwt"), json!("logout+jwt"), json!(""), Value::Null] {
        let token = issuer.with_header(|header| header["typ"] = kind.clone());
        assert_eq!(refusal(&issuer, &token), TokenError::WrongType, "{kind}");
    }
}

#[test]
fn extensions_that_must_be_understood_are_refused() {
    let issuer = Issuer::new();
    for (name, value) in [("crit", json!(["exp"])), ("crit", json!([])), ("zip", json!("DEF"))] {
        let token = issuer.with_header(|header| header[name] = value);
        assert_eq!(refusal(&issuer, &token), TokenError::CriticalExtension, "{name}");
    }
}

#[test]
fn another_issuer_or_audience_is_refused() {
    let issuer = Issuer::new();
    for iss in ["https://issuer/", "https://ISSUER", "https://attacker", ""] {
        let token = issuer.with_claims(|claims| claims["iss"] = json!(iss));
        assert_eq!(refusal(&issuer, &token), TokenError::WrongIssuer, "{iss}");
    }
    for aud in [json!("OMS"), json!("oms-internal"), json!([]), json!(["other"]), json!("")] {
        let token = issuer.with_claims(|claims| claims["aud"] = aud.clone());
        assert_eq!(refusal(&issuer, &token), TokenError::WrongAudience, "{aud}");
    }
}

#[test]
fn expired_and_premature_tokens_are_refused_one_second_beyond_the_leeway() {
    let issuer = Issuer::new();
    let expired = issuer.with_claims(|claims| claims["exp"] = json!(NOW - LEEWAY_S));
    assert_eq!(refusal(&issuer, &expired), TokenError::Expired);
    let premature = issuer.with_claims(|claims| claims["nbf"] = json!(NOW + LEEWAY_S + 1));
    assert_eq!(refusal(&issuer, &premature), TokenError::NotYetValid);
    let ancient = issuer.with_claims(|claims| claims["exp"] = json!(i64::MIN));
    assert_eq!(refusal(&issuer, &ancient), TokenError::Expired);
}

#[test]
fn missing_claims_are_refused() {
    let issuer = Issuer::new();
    for claim in ["iss", "aud", "exp", "sub", "tenant"] {
        let token = issuer.with_claims(without(claim));
        assert_eq!(refusal(&issuer, &token), TokenError::Claims, "{claim}");
    }
}

#[test]
fn claims_of_the_wrong_type_or_shape_are_refused() {
    let issuer = Issuer::new();
    let wrong = [
        ("exp", json!("1900000000")),
        ("exp", json!(1e40)),
        ("exp", Value::Null),
        ("nbf", json!("now")),
        ("aud", json!({"oms": true})),
        ("iss", json!(["https://issuer"])),
        ("tenant", json!("ACME")),
        ("tenant", json!("acme:other")),
        ("tenant", json!(["acme"])),
        ("tenant", json!("")),
        ("sub", json!("")),
        ("sub", json!("a\nb")),
        ("sub", json!("x".repeat(201))),
        ("scope", json!(["orders:read"])),
        ("roles", json!("order-supervisor")),
    ];
    for (claim, value) in wrong {
        let token = issuer.with_claims(|claims| claims[claim] = value.clone());
        assert_eq!(refusal(&issuer, &token), TokenError::Claims, "{claim} {value}");
    }
}

#[test]
fn repeated_claims_and_headers_are_refused() {
    let issuer = Issuer::new();
    let claims = claims().to_string();
    let repeated = claims.replacen('{', r#"{"tenant":"other","#, 1);
    let token = issuer.signed("es", &header("es").to_string(), &repeated);
    assert_eq!(refusal(&issuer, &token), TokenError::Claims);

    let header = header("es").to_string().replacen('{', r#"{"alg":"HS256","#, 1);
    assert_eq!(refusal(&issuer, &issuer.signed("es", &header, &claims)), TokenError::Malformed);
}

#[test]
fn a_change_of_any_part_breaks_the_signature() {
    let issuer = Issuer::new();
    let token = issuer.with_claims(|_| {});
    let parts: Vec<&str> = token.split('.').collect();
    let other = issuer.with_claims(|claims| claims["tenant"] = json!("other"));
    let other: Vec<&str> = other.split('.').collect();

    let swapped = format!("{}.{}.{}", parts[0], other[1], parts[2]);
    assert_eq!(refusal(&issuer, &swapped), TokenError::WrongSignature);
    let cut = format!("{}.{}.{}", parts[0], parts[1], &parts[2][..80]);
    assert_eq!(refusal(&issuer, &cut), TokenError::WrongSignature);
}

#[test]
fn what_is_not_three_parts_of_base64url_is_malformed() {
    let issuer = Issuer::new();
    let token = issuer.with_claims(|_| {});
    let refused = [
        String::new(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{token}."),
        format!("{token}.e30"),
        format!(" {token}"),
        format!("{}.x.y", BASE64URL.encode("not json")),
        format!("{}.x.y", BASE64URL.encode("[]")),
        "e30.e30.".to_owned(),
    ];
    for token in refused {
        assert_eq!(refusal(&issuer, &token), TokenError::Malformed, "{token}");
    }
}
