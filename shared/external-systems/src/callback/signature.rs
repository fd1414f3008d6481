//! Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`.
//!
//! Stricter than the specification where it leaves room: message ids hold no `.` (else parts of
//! id and timestamp could be moved against each other), secrets have at least 24 bytes, and each
//! header stands exactly once. The rejection says why for our logs; callers are told nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Deserialize;
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Header of the message id.
pub const ID_HEADER: &str = "webhook-id";
/// Header of the seconds since 1970 at which the message was signed.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Header of the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";
/// Largest difference between the message's clock and ours, either way.
pub const TOLERANCE_SECONDS: i64 = 300;
/// Longest message id.
pub const MAX_MESSAGE_ID_CHARS: usize = 255;
/// Shortest secret.
const MIN_SECRET_BYTES: usize = 24;
/// More signatures than any rotation needs; bounds the work for a stranger's message.
const MAX_SIGNATURES: usize = 16;
const SECRET_PREFIX: &str = "whsec_";

/// One signing secret; its `Debug` shows nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct WebhookSecret(SecretSlice<u8>);

/// The text is not `whsec_` and the base64 of at least 24 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ followed by base64 of at least 24 bytes")]
pub struct InvalidWebhookSecret;

/// The secrets of one tenant and system: `{"current": "whsec_…", "previous": null}`.
///
/// Two are live while a secret is rotated.
#[derive(Debug, Clone, Deserialize)]
pub struct WebhookSecrets {
    /// Signs new messages.
    pub current: WebhookSecret,
    /// Still accepted.
    #[serde(default)]
    pub previous: Option<WebhookSecret>,
}

/// A message whose bytes are authentic and recent. Whether it is new is the inbox's question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedMessage {
    /// The sender's id of the message, stable over its repetitions.
    pub message_id: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

/// Why a message is not authentic; for logs, never for the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRejection {
    /// One of the three headers is missing, repeated or no text.
    #[error("a webhook header is missing or repeated")]
    HeaderMissing,
    /// Empty, too long, or with a character outside visible ASCII without the dot.
    #[error("the message id is not valid")]
    InvalidMessageId,
    /// Not a whole number of seconds.
    #[error("the timestamp is not valid")]
    InvalidTimestamp,
    /// Older than the tolerance: late, or replayed.
    #[error("the timestamp is too old")]
    TooOld,
    /// Further ahead than the tolerance.
    #[error("the timestamp is in the future")]
    TooNew,
    /// No signature of version 1 fits a live secret.
    #[error("no signature fits")]
    NoMatchingSignature,
}

impl WebhookSecret {
    /// Reads `whsec_<base64>`.
    ///
    /// # Errors
    /// When the prefix is missing, the rest is no base64, or the secret is too short.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookSecret> {
        let encoded = text.strip_prefix(SECRET_PREFIX).ok_or(InvalidWebhookSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidWebhookSecret)?;
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(InvalidWebhookSecret);
        }
        Ok(Self(bytes.into()))
    }

    fn mac(&self, message_id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret())
            .expect("HMAC takes keys of any length");
        for part in [message_id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl TryFrom<String> for WebhookSecret {
    type Error = InvalidWebhookSecret;

    fn try_from(text: String) -> Result<Self, InvalidWebhookSecret> {
        Self::parse(&text)
    }
}

/// The `webhook-signature` of a message: `v1,<base64>`.
#[must_use]
pub fn sign(secret: &WebhookSecret, message_id: &str, signed_at: Timestamp, body: &[u8]) -> String {
    let mac = secret.mac(message_id, &signed_at.as_second().to_string(), body);
    format!("v1,{}", STANDARD.encode(mac))
}

/// Proves that `body` was signed with a live secret, recently.
///
/// # Errors
/// With the first reason found; the sender must not learn it.
pub fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &WebhookSecrets,
    now: Timestamp,
) -> Result<VerifiedMessage, SignatureRejection> {
    let message_id = single(headers, ID_HEADER)?;
    let timestamp = single(headers, TIMESTAMP_HEADER)?;
    let signatures = single(headers, SIGNATURE_HEADER)?;
    if !is_message_id(message_id) {
        return Err(SignatureRejection::InvalidMessageId);
    }
    let signed_at = parse_timestamp(timestamp)?;
    match now.as_second() - signed_at.as_second() {
        age if age > TOLERANCE_SECONDS => return Err(SignatureRejection::TooOld),
        age if age < -TOLERANCE_SECONDS => return Err(SignatureRejection::TooNew),
        _ => {}
    }
    let is_authentic = [Some(&secrets.current), secrets.previous.as_ref()]
        .into_iter()
        .flatten()
        .map(|secret| secret.mac(message_id, timestamp, body))
        .map(|expected| matches_any(signatures, &expected))
        // Every secret is tried, so that the time does not tell which one fits.
        .fold(Choice::from(0), |found, fits| found | fits);
    if bool::from(is_authentic) {
        Ok(VerifiedMessage { message_id: message_id.to_owned(), signed_at })
    } else {
        Err(SignatureRejection::NoMatchingSignature)
    }
}

fn matches_any(signatures: &str, expected: &[u8; 32]) -> Choice {
    signatures
        .split(' ')
        .take(MAX_SIGNATURES)
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .fold(Choice::from(0), |found, mac| found | mac.as_slice().ct_eq(expected))
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SignatureRejection> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().map_err(|_| SignatureRejection::HeaderMissing),
        (None, _) | (Some(_), Some(_)) => Err(SignatureRejection::HeaderMissing),
    }
}

fn is_message_id(text: &str) -> bool {
    (1..=MAX_MESSAGE_ID_CHARS).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'.')
}

fn parse_timestamp(text: &str) -> Result<Timestamp, SignatureRejection> {
    // Digits only: the standard parser would also take a sign, and the text itself is signed.
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse::<i64>().ok().filter(|_| is_number);
    seconds
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or(SignatureRejection::InvalidTimestamp)
}

#[cfg(test)]
mod tests;
