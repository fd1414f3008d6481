//! The one HTTP client of this crate, with limits.

use std::time::Duration;

use anyhow::Result;
use reqwest::Client;

/// A client that gives up: servers of the stack are on this machine, or they are not there.
///
/// # Errors
/// The TLS provider cannot be set up.
pub fn client() -> Result<Client> {
    install_tls_provider();
    let client = Client::builder()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(30))
        .no_proxy()
        .build()?;
    Ok(client)
}

/// Whether a GET of that address answers 2xx.
pub async fn is_ok(client: &Client, url: &str) -> bool {
    client.get(url).send().await.is_ok_and(|answer| answer.status().is_success())
}

/// reqwest is built without a provider of its own, so that the workspace links only one.
fn install_tls_provider() {
    // Fails only when one is installed already, which is as good.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
