use http::HeaderValue;
use proptest::prelude::*;
use standardwebhooks::Webhook;

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const BODY: &[u8] = br#"{"requestId":"x"}"#;
const ID: &str = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W";
const SIGNED: i64 = 1_674_087_231;

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret::parse(text).unwrap()
}

fn only(text: &str) -> WebhookSecrets {
    WebhookSecrets { current: secret(text), previous: None }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderMap {
    [(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp), (SIGNATURE_HEADER, signature)]
        .into_iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect::<Vec<(http::HeaderName, HeaderValue)>>()
        .into_iter()
        .collect()
}

fn signed(id: &str, second: i64) -> HeaderMap {
    headers(id, &second.to_string(), &sign(&secret(SECRET), id, at(second), BODY))
}

#[test]
fn an_authentic_message_names_its_id_and_time() {
    let message = verify(&signed(ID, SIGNED), BODY, &only(SECRET), at(SIGNED)).unwrap();

    assert_eq!(message, VerifiedMessage { message_id: ID.to_owned(), signed_at: at(SIGNED) });
}

#[test]
fn the_public_library_accepts_our_signature() {
    let now = Timestamp::now().as_second();

    let verdict = Webhook::new(SECRET).unwrap().verify(BODY, &signed(ID, now));

    assert!(verdict.is_ok(), "{verdict:?}");
}

#[test]
fn their_signature_is_accepted() {
    let signature = Webhook::new(SECRET).unwrap().sign(ID, SIGNED, BODY).unwrap();

    let headers = headers(ID, &SIGNED.to_string(), &signature);

    assert!(verify(&headers, BODY, &only(SECRET), at(SIGNED)).is_ok());
    assert_eq!(signature, sign(&secret(SECRET), ID, at(SIGNED), BODY));
}

#[test]
fn the_tolerance_is_300_seconds_either_way() {
    let verdict = |offset: i64| {
        verify(&signed(ID, SIGNED), BODY, &only(SECRET), at(SIGNED + offset)).map(|_| ())
    };

    for offset in [-300, -299, 0, 299, 300] {
        assert_eq!(verdict(offset), Ok(()), "{offset}");
    }
    assert_eq!(verdict(301), Err(SignatureRejection::TooOld));
    assert_eq!(verdict(-301), Err(SignatureRejection::TooNew));
}

#[test]
fn two_secrets_are_live_while_one_is_rotated() {
    let rotating = WebhookSecrets { current: secret(OTHER), previous: Some(secret(SECRET)) };
    let later = only(OTHER);

    assert!(verify(&signed(ID, SIGNED), BODY, &rotating, at(SIGNED)).is_ok());
    let rejection = verify(&signed(ID, SIGNED), BODY, &later, at(SIGNED)).unwrap_err();
    assert_eq!(rejection, SignatureRejection::NoMatchingSignature);
}

#[test]
fn one_fitting_signature_among_several_is_enough_and_other_versions_do_not_count() {
    let good = sign(&secret(SECRET), ID, at(SIGNED), BODY);
    let verdict = |signatures: &str| {
        let headers = headers(ID, &SIGNED.to_string(), signatures);
        verify(&headers, BODY, &only(SECRET), at(SIGNED)).is_ok()
    };

    assert!(verdict(&format!("v1,AAAA v2,xyz {good}")));
    assert!(!verdict(&good.replace("v1,", "v1a,")));
    assert!(!verdict(&good.replace("v1,", "")));
    assert!(!verdict(&format!("{}{good}", "v1,AAAA ".repeat(16))), "only 16 are looked at");
    assert!(!verdict("v1,"));
    assert!(!verdict(""));
}

#[test]
fn every_changed_part_breaks_the_signature() {
    let genuine = signed(ID, SIGNED);
    let signature = genuine[SIGNATURE_HEADER].to_str().unwrap();
    let other_id = headers("msg_other", &SIGNED.to_string(), signature);
    let other_time = headers(ID, &(SIGNED + 1).to_string(), signature);
    let padded_time = headers(ID, &format!("0{SIGNED}"), signature);

    for headers in [other_id, other_time, padded_time] {
        let rejection = verify(&headers, BODY, &only(SECRET), at(SIGNED)).unwrap_err();
        assert_eq!(rejection, SignatureRejection::NoMatchingSignature);
    }
    let swapped = headers(&SIGNED.to_string(), ID, signature);
    let rejection = verify(&swapped, BODY, &only(SECRET), at(SIGNED)).unwrap_err();
    assert_eq!(rejection, SignatureRejection::InvalidTimestamp);
}

#[test]
fn a_header_that_is_missing_or_repeated_is_refused() {
    for name in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        let mut missing = signed(ID, SIGNED);
        missing.remove(name);
        let mut repeated = signed(ID, SIGNED);
        let value = repeated[name].clone();
        repeated.append(name, value);

        for headers in [missing, repeated] {
            let rejection = verify(&headers, BODY, &only(SECRET), at(SIGNED)).unwrap_err();
            assert_eq!(rejection, SignatureRejection::HeaderMissing);
        }
    }
}

#[test]
fn an_id_has_no_dot_and_at_most_255_visible_characters() {
    let verdict =
        |id: &str| verify(&signed(id, SIGNED), BODY, &only(SECRET), at(SIGNED)).map(|_| ());

    assert_eq!(verdict(&"a".repeat(255)), Ok(()));
    for id in ["", "a.b", "a b", &"a".repeat(256)] {
        assert_eq!(verdict(id), Err(SignatureRejection::InvalidMessageId), "{id:?}");
    }
}

#[test]
fn a_timestamp_is_digits_only() {
    for text in
        ["", "+1674087231", "-1", "1674087231.0", "1e9", "99999999999999999999", "1674087231 "]
    {
        let Ok(value) = HeaderValue::from_str(text) else {
            continue;
        };
        let mut headers = signed(ID, SIGNED);
        headers.insert(TIMESTAMP_HEADER, value);
        let rejection = verify(&headers, BODY, &only(SECRET), at(SIGNED)).unwrap_err();
        assert_eq!(rejection, SignatureRejection::InvalidTimestamp, "{text:?}");
    }
}

#[test]
fn a_secret_has_24_bytes_or_more_and_is_never_printed() {
    let of_bytes = |count: usize| format!("whsec_{}", STANDARD.encode(vec![7; count]));

    assert!(WebhookSecret::parse(&of_bytes(24)).is_ok());
    assert!(WebhookSecret::parse(&of_bytes(23)).is_err());
    assert!(WebhookSecret::parse(SECRET.trim_start_matches("whsec_")).is_err());
    assert!(WebhookSecret::parse("whsec_%").is_err());
    let printed = format!("{:?}", only(SECRET));
    assert!(!printed.contains("MfKQ") && printed.contains("REDACTED"), "{printed}");
}

#[test]
fn secrets_are_read_as_they_are_stored() {
    let stored = |previous: &str| format!(r#"{{"current":"{SECRET}","previous":{previous}}}"#);

    let alone: WebhookSecrets = serde_json::from_str(&stored("null")).unwrap();
    let both: WebhookSecrets = serde_json::from_str(&stored(&format!("\"{OTHER}\""))).unwrap();

    assert!(alone.previous.is_none() && both.previous.is_some());
    assert!(serde_json::from_str::<WebhookSecrets>(r#"{"current":"whsec_AAAA"}"#).is_err());
}

proptest! {
    #[test]
    fn a_flipped_bit_of_the_body_breaks_the_signature(byte in 0..BODY.len(), bit in 0..8_u8) {
        let mut body = BODY.to_vec();
        body[byte] ^= 1 << bit;
        prop_assert!(verify(&signed(ID, SIGNED), &body, &only(SECRET), at(SIGNED)).is_err());
    }

    #[test]
    fn a_flipped_bit_of_the_signature_breaks_it(byte in 0..32_usize, bit in 0..8_u8) {
        let mut mac = secret(SECRET).mac(ID, &SIGNED.to_string(), BODY);
        mac[byte] ^= 1 << bit;
        let forged = headers(ID, &SIGNED.to_string(), &format!("v1,{}", STANDARD.encode(mac)));
        prop_assert!(verify(&forged, BODY, &only(SECRET), at(SIGNED)).is_err());
    }

    #[test]
    fn a_flipped_bit_of_the_id_breaks_the_signature(byte in 0..ID.len(), bit in 0..7_u8) {
        let mut id = ID.as_bytes().to_vec();
        id[byte] ^= 1 << bit;
        let mut forged = signed(ID, SIGNED);
        if let Ok(value) = HeaderValue::from_bytes(&id) {
            forged.insert(ID_HEADER, value);
            prop_assert!(verify(&forged, BODY, &only(SECRET), at(SIGNED)).is_err());
        }
    }
}
