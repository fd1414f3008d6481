//! The HTTP client of every function: timeouts, no redirects, one TLS configuration.
//!
//! A call without a total timeout can outlive the invocation, and a redirect can lead to an
//! address that nobody allowed, so neither is possible with the client made here.

use std::time::Duration;

use reqwest::redirect::Policy;

use crate::tls::{TlsError, rustls_config};

/// A connection that takes longer than this is counted as refused.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Idle connections end before the usual 60 s of load balancers, so that none dies in our hands.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const KEEPALIVE: Duration = Duration::from_secs(15);

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TLS configuration could not be made.
    #[error("the TLS configuration of the HTTP client failed")]
    Tls(#[source] TlsError),
    /// The client refused its own settings.
    #[error("the HTTP client could not be built")]
    Build(#[source] reqwest::Error),
}

/// A client whose calls end after `total_timeout`, from connecting to the last byte of the body.
///
/// It follows no redirects, ignores proxy variables, and trusts the public roots only.
///
/// # Errors
///
/// [`ClientError`] when TLS cannot be set up; this depends on the build, not on the environment.
pub fn client(total_timeout: Duration) -> Result<reqwest::Client, ClientError> {
    let tls = rustls_config(None).map_err(ClientError::Tls)?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(total_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .tcp_keepalive(KEEPALIVE)
        .tcp_nodelay(true)
        .build()
        .map_err(ClientError::Build)
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
        Mock::given(path("/")).respond_with(moved).expect(1).mount(&server).await;

        let answer =
            client(Duration::from_secs(5)).unwrap().get(server.uri()).send().await.unwrap();

        assert_eq!(answer.status(), 302);
    }

    #[tokio::test]
    async fn an_answer_slower_than_the_total_timeout_is_an_error() {
        let server = MockServer::start().await;
        let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(5));
        Mock::given(path("/")).respond_with(slow).mount(&server).await;

        let client = client(Duration::from_millis(100)).unwrap();
        let error = client.get(server.uri()).send().await.expect_err("slower than the timeout");

        assert!(error.is_timeout());
    }
}
