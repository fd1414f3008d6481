use super::*;

#[test]
fn a_token_of_each_pinned_key_gives_the_caller_that_it_names() {
    let issuer = Issuer::new();
    for key in ["es", "ed", "rs"] {
        let token = issuer.signed(key, &header(key).to_string(), &claims().to_string());
        let caller = issuer.verifier().verify_at(&token, now()).expect(key);

        assert_eq!((caller.tenant.as_str(), caller.subject.as_str()), ("acme", "operator-7"));
        assert!(caller.require_scope("orders:read").is_ok());
        assert!(caller.require_scope("orders:cancel").is_err());
        assert_eq!(caller.roles, [Role::OrderViewer].into(), "an unknown role gives no rights");
    }
}

#[test]
fn the_edges_of_time_are_leeway_apart() {
    let issuer = Issuer::new();
    let verifier = issuer.verifier();
    let at = |token: &str, second: i64| {
        verifier.verify_at(token, Timestamp::from_second(second).unwrap()).map(|_caller| ())
    };
    let token = issuer.with_claims(|_| {});
    let (begin, end) = (NOW - 600 - LEEWAY_S, NOW + 600 + LEEWAY_S);

    assert_eq!(at(&token, begin), Ok(()));
    assert_eq!(at(&token, begin - 1), Err(TokenError::NotYetValid));
    assert_eq!(at(&token, end - 1), Ok(()));
    assert_eq!(at(&token, end), Err(TokenError::Expired));
}

#[test]
fn harmless_variants_are_accepted() {
    let issuer = Issuer::new();
    let tokens = [
        issuer.with_header(|header| header["typ"] = json!("at+jwt")),
        issuer.with_header(|header| header["typ"] = json!("application/AT+JWT")),
        issuer.with_claims(|claims| claims["aud"] = json!(["other", "oms"])),
        issuer.with_claims(|claims| claims["nbf"] = Value::Null),
        issuer.with_claims(|claims| claims["unknown"] = json!({"deep": [1]})),
    ];
    for token in tokens {
        assert!(issuer.verifier().verify_at(&token, now()).is_ok(), "{token}");
    }
}

#[test]
fn a_token_without_scope_and_roles_has_no_rights() {
    let issuer = Issuer::new();
    let token = issuer.with_claims(|claims| {
        let claims = claims.as_object_mut().unwrap();
        claims.remove("scope");
        claims.remove("roles");
    });
    let caller = issuer.verifier().verify_at(&token, now()).unwrap();

    assert!(caller.scopes.is_empty() && caller.roles.is_empty());
}
