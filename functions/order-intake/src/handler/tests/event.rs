//! A recorded event of the REST API, through everything that Lambda would call.

use std::sync::Arc;

use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent, Service};
use lambda_support::edge::rest_api_service;

use super::fixture::Fixture;
use crate::routes::router;

const EVENT: &str = include_str!("../../../fixtures/api-gateway-from-quote.json");

#[tokio::test]
async fn a_real_event_with_a_stage_becomes_an_order() {
    let f = Fixture::new().await;
    let text = EVENT.replace("{token}", &f.issuer.token(|_, _| {}));
    let event: LambdaRequest = serde_json::from_str(&text).expect("an event of a REST API");
    let mut service = rest_api_service(router(Arc::clone(&f.deps)));

    let answer = service.call(LambdaEvent::new(event, Context::default())).await.unwrap();

    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["statusCode"], 201, "{answer}");
    assert!(answer["multiValueHeaders"]["location"].is_array());
    assert_eq!(f.written().await, [1, 5, 1, 2]);
    drop(service);
    f.finish().await;
}
