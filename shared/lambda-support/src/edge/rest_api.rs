//! API Gateway REST events in, responses out.
//!
//! `lambda_http` prefixes the path with the stage, prefers the header map without repetitions, and
//! panics on a host or body that cannot be decoded. The event is therefore put in order first, so
//! that no environment variable is needed and no request can bring the function down.

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Service};
use lambda_runtime::Error;
use tower::ServiceExt;

/// Runs `router` for the events of a REST API until the platform ends the function.
///
/// # Errors
///
/// Only what the runtime itself reports; a request never ends the loop.
pub async fn serve(router: Router) -> Result<(), Error> {
    lambda_runtime::run(rest_api_service(router)).await
}

/// The service behind [`serve`], for tests with recorded events.
pub fn rest_api_service(
    router: Router,
) -> impl Service<
    LambdaEvent<LambdaRequest>,
    Response = impl serde::Serialize + Send + std::fmt::Debug,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone {
    Adapter::from(router).map_request(|event: LambdaEvent<LambdaRequest>| LambdaEvent {
        payload: in_order(event.payload),
        context: event.context,
    })
}

fn in_order(request: LambdaRequest) -> LambdaRequest {
    let LambdaRequest::ApiGatewayV1(mut event) = request else {
        return request;
    };
    event.request_context.stage = None;
    event.request_context.domain_name = None;
    // The map with repetitions is complete; the other one would overwrite repeated headers.
    let single = std::mem::take(&mut event.headers);
    if event.multi_value_headers.is_empty() {
        event.multi_value_headers = single;
    }
    if event.is_base64_encoded {
        // Taken as text instead, a wrong body fails where bodies are checked, with a problem.
        event.is_base64_encoded = event.body.as_ref().is_none_or(|it| BASE64.decode(it).is_ok());
    }
    if !event.path.as_ref().is_some_and(|path| path.starts_with('/')) {
        event.path = Some(format!("/{}", event.path.unwrap_or_default()));
    }
    LambdaRequest::ApiGatewayV1(event)
}
