use axum::body::Body;
use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Extension, body::Bytes};
use http_body_util::BodyExt;
use lambda_http::{LambdaEvent, Service};
use order_domain::ids::CorrelationId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn app() -> Router {
    with_edge_layers(
        Router::new()
            .route("/fail", get(|| async { Problem::internal() }))
            .route("/echo/{name}", post(echo))
            .route("/ids", get(ids)),
    )
}

async fn echo(Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> axum::Json<Value> {
    let repeated = headers.get_all("x-twice").iter().count();
    axum::Json(json!({"name": name, "repeated": repeated, "body": body.to_vec()}))
}

async fn ids(
    Extension(correlation_id): Extension<CorrelationId>,
    Extension(trace_parent): Extension<Option<TraceParent>>,
) -> String {
    format!("{correlation_id} {}", trace_parent.map(|it| it.to_string()).unwrap_or_default())
}

async fn send(request: ::http::request::Builder) -> (::http::response::Parts, Vec<u8>) {
    let (parts, body) =
        app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    (parts, body.collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test]
async fn a_problem_names_the_request_and_its_correlation_id() {
    let id = "0198c5a0-0000-7000-8000-000000000001";
    let request = Request::builder().uri("/fail?secret=1").header("x-correlation-id", id);
    let (parts, body) = send(request).await;
    let problem: Value = serde_json::from_slice(&body).unwrap();

    assert_eq!(problem["correlationId"], id);
    assert_eq!(problem["instance"], "/fail");
    assert_eq!(problem["code"], "INTERNAL_ERROR");
    assert_eq!(parts.headers["x-correlation-id"], id);
    assert_eq!(parts.headers["content-type"], crate::problem::CONTENT_TYPE_PROBLEM);
    assert_eq!(parts.status, 500);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let (parts, body) = send(Request::builder().uri("/nowhere")).await;
    assert_eq!(parts.status, 404);
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "NOT_FOUND");

    let (parts, body) = send(Request::builder().method("TRACE").uri("/ids")).await;
    assert_eq!(parts.status, 405);
    assert_eq!(parts.headers["allow"], "GET,HEAD");
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn handlers_find_the_correlation_id_and_the_trace_context() {
    let (parts, body) = send(Request::builder().uri("/ids").header("traceparent", TRACE)).await;
    let text = String::from_utf8(body).unwrap();

    let id = parts.headers["x-correlation-id"].to_str().unwrap();
    assert_eq!(text, format!("{id} {TRACE}"));
    let (_, body) = send(Request::builder().uri("/ids").header("traceparent", "junk")).await;
    assert!(String::from_utf8(body).unwrap().ends_with(' '));
}

#[tokio::test]
async fn every_answer_has_the_security_headers() {
    for path in ["/ids", "/fail", "/nowhere"] {
        let (parts, _) = send(Request::builder().uri(path)).await;
        assert_eq!(parts.headers["x-content-type-options"], "nosniff");
        assert_eq!(parts.headers["cache-control"], "no-store");
        assert!(parts.headers.contains_key("content-security-policy"));
        assert!(parts.headers.contains_key("strict-transport-security"));
    }
}

async fn invoke(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = json!({
        "resource": "/echo/{name}",
        "path": "/echo/x",
        "httpMethod": "POST",
        "headers": {"host": "api.example", "x-twice": "b"},
        "multiValueHeaders": {"host": ["api.example"], "x-twice": ["a", "b"]},
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"name": "x"},
        "stageVariables": null,
        "requestContext": {
            "stage": "prod", "httpMethod": "POST", "requestId": "r", "path": "/prod/echo/x",
            "identity": {"sourceIp": "192.0.2.1"}, "apiId": "a", "accountId": "1",
        },
        "body": "hi",
        "isBase64Encoded": false,
    });
    change(&mut event);
    let request = serde_json::from_value(event).expect("an event of a REST API");
    let context = lambda_runtime::Context::default();
    let answer = rest_api_service(app()).call(LambdaEvent::new(request, context)).await.unwrap();
    serde_json::to_value(answer).unwrap()
}

fn echoed(answer: &Value) -> Value {
    assert_eq!(answer["statusCode"], 200, "{answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_stage_is_not_part_of_the_path_and_repeated_headers_stay_visible() {
    let echoed = echoed(&invoke(|_| {}).await);

    assert_eq!(echoed, json!({"name": "x", "repeated": 2, "body": b"hi"}));
}

#[tokio::test]
async fn a_base64_body_arrives_as_its_bytes() {
    let answer = invoke(|event| {
        event["body"] = json!("/wCA");
        event["isBase64Encoded"] = json!(true);
    });

    assert_eq!(echoed(&answer.await)["body"], json!([255, 0, 128]));
}

#[tokio::test]
async fn events_that_are_out_of_order_never_bring_the_function_down() {
    let wrong_flag = invoke(|event| {
        event["body"] = json!("no base64!");
        event["isBase64Encoded"] = json!(true);
    });
    assert_eq!(echoed(&wrong_flag.await)["body"], json!(b"no base64!"));

    let forged_host = invoke(|event| {
        event["headers"] = json!({"host": "]:[", "x-forwarded-proto": "1 2"});
        event["multiValueHeaders"] = json!({"host": ["]:["], "x-forwarded-proto": ["1 2"]});
    });
    assert_eq!(echoed(&forged_host.await)["name"], "x");

    for path in [json!(null), json!(""), json!("@host/x"), json!(":1"), json!("//x"), json!("/%zz")]
    {
        let answer = invoke(|event| event["path"] = path.clone()).await;
        assert_eq!(answer["statusCode"], 404, "{path}");
    }
}

#[tokio::test]
async fn an_event_with_single_headers_only_is_served() {
    let answer = invoke(|event| event["multiValueHeaders"] = json!(null)).await;

    assert_eq!(echoed(&answer)["repeated"], 1);
}
