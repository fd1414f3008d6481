use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sample {
    quote_id: String,
    revision: u32,
    #[serde(default)]
    lines: Vec<Line>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    quantity: u32,
}

fn problem(body: &str) -> Problem {
    parse::<Sample>(body.as_bytes()).expect_err(body)
}

fn headers(content_types: &[&str]) -> HeaderMap {
    content_types
        .iter()
        .map(|value| (CONTENT_TYPE, value.parse().unwrap()))
        .collect::<Vec<_>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

#[test]
fn a_document_that_fits_is_read() {
    let sample: Sample =
        parse(br#"{"quoteId":"Q-1","revision":2,"lines":[{"quantity":1}]}"#).unwrap();

    assert_eq!(
        sample,
        Sample { quote_id: "Q-1".into(), revision: 2, lines: vec![Line { quantity: 1 }] }
    );
}

#[test]
fn the_place_of_a_misfit_is_a_json_pointer() {
    let wrong_type = problem(r#"{"quoteId":"Q","revision":"x"}"#);
    assert_eq!(
        (wrong_type.code(), wrong_type.errors()[0].pointer.as_str()),
        ("BODY_INVALID", "/revision")
    );

    let nested =
        problem(r#"{"quoteId":"Q","revision":1,"lines":[{"quantity":1},{"quantity":-1}]}"#);
    assert_eq!(nested.errors()[0].pointer, "/lines/1/quantity");

    let unknown = problem(r#"{"quoteId":"Q","revision":1,"a/b":1}"#);
    assert_eq!((unknown.code(), unknown.errors()[0].pointer.as_str()), ("FIELD_UNKNOWN", "/a~1b"));

    let missing = problem(r#"{"quoteId":"Q"}"#);
    assert_eq!(missing.errors()[0].detail, "the field `revision` is missing");
}

#[test]
fn values_of_the_request_never_leave_in_a_problem() {
    for body in [
        r#"{"quoteId":"Q","revision":"canary-7"}"#,
        r#"{"quoteId":"Q","revision":1,"lines":"canary-7"}"#,
        r#"{"quoteId":"canary-7""#,
    ] {
        let text = serde_json::to_string(&problem(body)).unwrap();
        assert!(!text.contains("canary-7"), "{text}");
    }
}

#[test]
fn what_is_no_single_strict_document_is_refused() {
    let refused = [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1}{",
        "nul",
        "NaN",
        "1e400",
        "-1e400",
        "'a'",
        "\u{feff}{}",
        r#"{"a":1,"a":1}"#,
        r#"{"x":{"a":1,"b":2,"a":3}}"#,
        r#"{"a":"\u0000"}"#,
        r#"{"\u0000":1}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        "{\"a\":\"\u{1}\"}",
        "01",
        "+1",
        "// c\n1",
    ];
    for body in refused {
        let problem = parse::<serde_json::Value>(body.as_bytes()).expect_err(body);
        assert_eq!(problem.code(), "BODY_NOT_JSON", "{body}");
    }
}

#[test]
fn invalid_and_overlong_utf_8_is_refused() {
    for bytes in [&b"\"\xff\""[..], b"\"\xc0\x80\"", b"\"\xed\xa0\x80\"", b"\xff\xfe{\x00}\x00"] {
        let problem = parse::<serde_json::Value>(bytes).expect_err("not UTF-8");
        assert_eq!(problem.code(), "BODY_NOT_JSON");
    }
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));

    assert!(parse::<serde_json::Value>(nested(64).as_bytes()).is_ok());
    for depth in [65, 127, 128, 129, 10_000, 100_000] {
        let problem = parse::<serde_json::Value>(nested(depth).as_bytes()).expect_err("too deep");
        assert_eq!(problem.code(), "BODY_NOT_JSON", "{depth}");
    }
}

#[test]
fn large_and_small_numbers_keep_their_value() {
    let value: serde_json::Value =
        parse(b"[9007199254740993, -9007199254740993, 18446744073709551615, 0.5, -0]").unwrap();

    assert_eq!(value[0].as_u64(), Some(9_007_199_254_740_993));
    assert_eq!(value[1].as_i64(), Some(-9_007_199_254_740_993));
    assert_eq!(value[2].as_u64(), Some(u64::MAX));
}

#[test]
fn only_json_in_utf_8_is_accepted() {
    for accepted in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
    ] {
        assert!(check_content_type(&headers(&[accepted])).is_ok(), "{accepted}");
    }
    for refused in [
        &[][..],
        &["text/plain"],
        &["application/json; charset=utf-16"],
        &["application/json; boundary=x"],
        &["application/problem+json"],
        &["application/json", "application/json"],
    ] {
        let problem = check_content_type(&headers(refused)).expect_err("not accepted");
        assert_eq!(problem.code(), "CONTENT_TYPE_UNSUPPORTED", "{refused:?}");
    }
}

#[tokio::test]
async fn the_body_is_bounded_to_the_byte() {
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let request = |length: usize| {
        Request::builder()
            .header(CONTENT_TYPE, "application/json")
            .body(Body::from(text(length)))
            .unwrap()
    };

    assert!(JsonBody::<String>::from_request(request(MAX_BYTES), &()).await.is_ok());
    let problem = JsonBody::<String>::from_request(request(MAX_BYTES + 1), &()).await;
    assert_eq!(problem.expect_err("one byte too many").code(), "BODY_TOO_LARGE");
}
