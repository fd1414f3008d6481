//! Whose credentials, which region, which endpoint: what Lambda puts into the environment.
//!
//! An SDK looks into profile files, containers and the machine's metadata as well; a start pays for
//! that, so nothing is looked for.

use lambda_support::config::{ConfigError, Settings};
use reqwest::Url;
use secrecy::SecretString;

/// What the platform puts into the environment.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) region: String,
    pub(crate) key_id: SecretString,
    pub(crate) secret_key: SecretString,
    pub(crate) session_token: Option<SecretString>,
    /// Replaces the service's own endpoint.
    pub(crate) endpoint: Option<Url>,
}

impl Environment {
    pub(crate) fn read(settings: &Settings) -> Result<Self, ConfigError> {
        let region = settings.parsed("AWS_REGION", region);
        let key_id = credential(settings, "AWS_ACCESS_KEY_ID");
        let secret_key = credential(settings, "AWS_SECRET_ACCESS_KEY");
        let session_token = settings.optional_credential("AWS_SESSION_TOKEN");
        let endpoint = settings.optional_url("AWS_ENDPOINT_URL");
        settings.finish(|| {
            Some(Self {
                region: region?,
                key_id: key_id?,
                secret_key: secret_key?,
                session_token,
                endpoint: endpoint?,
            })
        })
    }
}

/// A region is part of a host name.
fn region(text: &str) -> Result<String, String> {
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(is_label) {
        Ok(text.to_owned())
    } else {
        Err("must be the name of a region".to_owned())
    }
}

fn credential(settings: &Settings, name: &str) -> Option<SecretString> {
    let credential = settings.optional_credential(name);
    if credential.is_none() {
        settings.note(name, "is missing");
    }
    credential
}
