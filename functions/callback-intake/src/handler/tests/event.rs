//! A recorded event of the REST API, through everything that Lambda would call.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service};
use lambda_support::edge::rest_api_service;

use super::*;

const EVENT: &str = include_str!("../../../fixtures/api-gateway-callback.json");

fn event(body: &[u8]) -> LambdaRequest {
    let now = Timestamp::now();
    let secret = WebhookSecret::parse(CURRENT).unwrap();
    let text = EVENT
        .replace("{signature}", &sign(&secret, "msg_0001", now, body))
        .replace("{timestamp}", &now.as_second().to_string())
        .replace("{body}", &BASE64.encode(body));
    serde_json::from_str(&text).expect("an event of a REST API")
}

#[tokio::test]
async fn a_real_event_with_a_binary_body_and_a_stage_is_accepted() {
    let intake = Intake::new().await;
    let body = b"\xff{\"requestId\":1}\r\n";
    let mut service = rest_api_service(router(Arc::clone(&intake.deps)));
    let answer = service.call(LambdaEvent::new(event(body), Context::default())).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();

    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert!(answer["multiValueHeaders"]["x-correlation-id"].is_array());
    let queued = intake.queued();
    assert_eq!(queued[0].body().unwrap(), body);
    assert_eq!(queued[0].message_id, "msg_0001");
    assert!(queued[0].traceparent.is_some());
}
