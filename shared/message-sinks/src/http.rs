//! The SDK's calls over the HTTP client that every function has.
//!
//! The client that comes with the SDK reads the machine's folder of certificates, file by file,
//! whenever a function starts, and brings roots and a pool of its own. Here it gets ours:
//! one set of roots, no redirects, no proxy variables ([`lambda_support::http`]).

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use lambda_support::http::{ClientError, client};

/// A client for the SDK; what one call may take is also bounded by the SDK itself.
pub(crate) fn sdk_client(attempt: Duration) -> Result<SharedHttpClient, ClientError> {
    let connector = SharedHttpConnector::new(OurClient(client(attempt)?));
    Ok(http_client_fn(move |_settings, _components| connector.clone()))
}

#[derive(Debug)]
struct OurClient(reqwest::Client);

impl HttpConnector for OurClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = translated(request)?;
            let answer = http.execute(request).await.map_err(failure)?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = answer.bytes().await.map_err(failure)?;
            let mut response = http::Response::new(SdkBody::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
        })
    }
}

/// The calls of this crate have their bodies in memory; there is nothing to stream.
fn translated(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (head, body) = request.into_parts();
    let body = body.bytes().map(<[u8]>::to_vec);
    let body = body.ok_or_else(|| ConnectorError::user("the body is a stream".into()))?;
    reqwest::Request::try_from(http::Request::from_parts(head, body))
        .map_err(|error| ConnectorError::user(error.into()))
}

/// Tells the SDK what it may repeat: a call that was cut off or took too long, not a wrong one.
fn failure(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
