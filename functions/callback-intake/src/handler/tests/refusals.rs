//! Everything that is not authentic looks the same from outside.

use super::*;

async fn refusal(response: Response) -> Value {
    let headers = response.headers().clone();
    let (status, mut body) = problem(response).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(!headers.contains_key("retry-after") && !headers.contains_key("www-authenticate"));
    let fields = body.as_object_mut().unwrap();
    assert!(fields.remove("correlationId").is_some());
    assert!(fields.remove("instance").is_some());
    body
}

#[tokio::test]
async fn unknown_senders_and_wrong_signatures_get_the_same_answer() {
    let intake = Intake::new().await;
    let expected = json!({
        "type": "urn:oms:problem:SIGNATURE_INVALID",
        "title": "The request is not authenticated.",
        "status": 401,
        "code": "SIGNATURE_INVALID",
    });
    let wrong = intake.post(PATH, Callback::signed(OTHER)).await;
    assert_eq!(refusal(wrong).await, expected);

    for path in [
        "/callbacks/globex/INVENTORY",
        "/callbacks/acme/BILLING",
        "/callbacks/acme/inventory",
        "/callbacks/ACME/INVENTORY",
        "/callbacks/acme/..%2F..%2Fdatabase",
        "/callbacks/%ff/INVENTORY",
        "/callbacks/acme/%00",
    ] {
        let response = intake.post(path, Callback::signed(CURRENT)).await;
        assert_eq!(refusal(response).await, expected, "{path}");
    }
    assert!(intake.queued().is_empty());
}

#[tokio::test]
async fn a_change_of_any_signed_part_is_refused() {
    let intake = Intake::new().await;
    let signed = Callback::signed(CURRENT);
    let changed = [
        Callback { id: "msg_2".to_owned(), ..signed.clone() },
        Callback { signed_at: signed.signed_at + 1, ..signed.clone() },
        Callback { body: [BODY, b" "].concat(), ..signed.clone() },
        Callback { body: BODY.to_ascii_uppercase(), ..signed.clone() },
        Callback { signature: signed.signature.replacen("v1,", "v2,", 1), ..signed.clone() },
        Callback { signature: String::new(), ..signed },
    ];
    for callback in changed {
        refusal(intake.post(PATH, callback).await).await;
    }
}

#[tokio::test]
async fn callbacks_outside_the_tolerance_are_refused() {
    let intake = Intake::new().await;
    let now = Timestamp::now();
    for (offset, is_ok) in [(-301, false), (-300, true), (0, true), (300, true), (301, false)] {
        let callback = Callback::signed_at(CURRENT, now.as_second() + offset, BODY);
        let request = callback.request(PATH);
        let sender = Sender::parse("acme", "INVENTORY");
        let incoming = Incoming { sender, headers: request.headers(), body: BODY };

        let outcome = accept(&intake.deps, &incoming, now).await;
        assert_eq!(outcome.is_ok(), is_ok, "{offset} s");
    }
}

#[tokio::test]
async fn missing_and_repeated_signature_headers_are_refused() {
    let intake = Intake::new().await;
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut missing = Callback::signed(CURRENT).request(PATH);
        missing.headers_mut().remove(name);
        let mut repeated = Callback::signed(CURRENT).request(PATH);
        let value = repeated.headers()[name].clone();
        repeated.headers_mut().append(name, value);
        for request in [missing, repeated] {
            let app = router(Arc::clone(&intake.deps));
            refusal(app.oneshot(request).await.unwrap()).await;
        }
    }
}

#[tokio::test]
async fn strangers_cannot_make_us_ask_for_secrets_again_and_again() {
    let intake = Intake::new().await;
    for _ in 0..20 {
        refusal(intake.post(PATH, Callback::signed(OTHER)).await).await;
        refusal(intake.post("/callbacks/globex/INVENTORY", Callback::signed(OTHER)).await).await;
        refusal(intake.post("/callbacks/acme/x", Callback::signed(OTHER)).await).await;
    }
    let asked = intake.secrets.received_requests().await.unwrap().len();
    assert_eq!(asked, 2, "once for the secret, once for the one that does not exist");
}

#[tokio::test]
async fn only_post_is_allowed_and_other_paths_do_not_exist() {
    let intake = Intake::new().await;
    for (method, path, expected) in [("GET", PATH, 405), ("POST", "/callbacks/acme", 404)] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = router(Arc::clone(&intake.deps)).oneshot(request).await.unwrap();
        assert_eq!(response.status(), expected, "{method} {path}");
    }
}
