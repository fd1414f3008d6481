//! One callback: authenticated over its raw bytes, put on the queue, answered with 202.
//!
//! Trigger: `POST /callbacks/{tenantId}/{system}` of the REST API, at least once, because senders
//! repeat what we did not acknowledge. Repeating is safe: nothing is stored or decided here, and
//! the inbox behind the queue keeps one row per message id.
//!
//! Invariant: 202 is answered only after the queue has the bytes.

use external_systems::callback::{
    CallbackEnvelope, SignatureRejection, VerifiedMessage, WebhookSecret, verify,
};
use fault_points::{CrashPoint, reach};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use lambda_support::correlation::TraceParent;
use lambda_support::error_chain;
use lambda_support::http::ClientError;
use lambda_support::problem::{Problem, ProblemCode};
use lambda_support::secrets::SecretsClient;
use message_sinks::CallbackQueue;
use tracing::Span;

use crate::config::Config;
use crate::sender::{Sender, SenderSecrets};

/// When a sender should repeat a callback that we could not take.
const RETRY_AFTER_SECONDS: u32 = 5;
/// Longer content types are cut: they are evidence, not input.
const MAX_CONTENT_TYPE_CHARS: usize = 255;

/// What the function holds between requests.
#[derive(Debug)]
pub struct Deps {
    secrets: SenderSecrets,
    queue: CallbackQueue,
}

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum DepsError {
    /// The client of the secrets endpoint could not be made.
    #[error("the client of the secrets endpoint could not be made")]
    Secrets(#[source] ClientError),
    /// The secret of unknown senders could not be made.
    #[error("the secret of unknown senders could not be made")]
    Nobody,
}

impl Deps {
    /// Puts together what the function needs; asks for no secret yet.
    ///
    /// # Errors
    ///
    /// [`DepsError`]; it depends on the build, not on the environment.
    pub fn new(config: &Config, queue: CallbackQueue) -> Result<Self, DepsError> {
        let client = SecretsClient::new(config.secrets.clone()).map_err(DepsError::Secrets)?;
        let nobody = nobody().ok_or(DepsError::Nobody)?;
        let secrets = SenderSecrets::new(client, config.webhook_secret_prefix.clone(), nobody);
        Ok(Self { secrets, queue })
    }

    /// The queue, for tests that look at what was sent.
    #[must_use]
    pub fn queue(&self) -> &CallbackQueue {
        &self.queue
    }
}

/// A secret that is new in every process, so that not even we could sign with it.
fn nobody() -> Option<WebhookSecret> {
    use base64::Engine;
    let random = [uuid::Uuid::now_v7(), uuid::Uuid::now_v7()].map(uuid::Uuid::into_bytes).concat();
    let encoded = base64::engine::general_purpose::STANDARD.encode(random);
    WebhookSecret::parse(&format!("whsec_{encoded}")).ok()
}

/// A callback as it came, before anything is believed.
#[derive(Debug)]
pub(crate) struct Incoming<'a> {
    /// `None` when the path can be nobody's.
    pub(crate) sender: Option<Sender>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// Authenticates a callback and puts it on the queue.
///
/// Fails with SIGNATURE_INVALID, the same for every reason, or SOURCE_UNAVAILABLE.
pub(crate) async fn accept(
    deps: &Deps,
    incoming: &Incoming<'_>,
    now: Timestamp,
) -> Result<(), Problem> {
    let verified = authenticate(deps, incoming, now).await?;
    let Some(sender) = &incoming.sender else {
        return Err(ProblemCode::SignatureInvalid.into());
    };
    let span = Span::current();
    span.record("tenant.id", sender.tenant.as_str());
    span.record("target_system", sender.system.as_str());
    span.record("message.id", verified.message_id.as_str());
    let envelope = envelope(sender, incoming, verified, now);
    reach(CrashPoint::CallbackIntakeAfterVerifying).await.map_err(|_struck| unavailable())?;
    deps.queue.send(envelope).await.map_err(|error| {
        tracing::error!(error = error_chain(&error), "callback could not be queued");
        unavailable()
    })?;
    reach(CrashPoint::CallbackIntakeAfterSending).await.map_err(|_struck| unavailable())?;
    tracing::info!("callback queued");
    Ok(())
}

async fn authenticate(
    deps: &Deps,
    incoming: &Incoming<'_>,
    now: Timestamp,
) -> Result<VerifiedMessage, Problem> {
    let sender = incoming.sender.as_ref();
    let secrets = deps.secrets.live(sender).await.map_err(|error| {
        tracing::error!(error = error_chain(&error), "webhook secret unavailable");
        unavailable()
    })?;
    let mut verdict = verify(incoming.headers, incoming.body, &secrets, now);
    if verdict == Err(SignatureRejection::NoMatchingSignature)
        && let Some(rotated) = deps.secrets.rotated(sender).await
    {
        verdict = verify(incoming.headers, incoming.body, &rotated, now);
    }
    verdict.map_err(|reason| {
        let tenant = sender.map(|sender| sender.tenant.as_str());
        let system = sender.map(|sender| sender.system.as_str());
        tracing::warn!(tenant.id = tenant, target_system = system, %reason, "callback refused");
        ProblemCode::SignatureInvalid.into()
    })
}

fn envelope(
    sender: &Sender,
    incoming: &Incoming<'_>,
    verified: VerifiedMessage,
    received_at: Timestamp,
) -> CallbackEnvelope {
    let content_type = incoming.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let traceparent = TraceParent::from_headers(incoming.headers);
    CallbackEnvelope {
        tenant_id: sender.tenant.clone(),
        system: sender.system.clone(),
        message_id: verified.message_id,
        received_at,
        content_type: content_type
            .unwrap_or_default()
            .chars()
            .take(MAX_CONTENT_TYPE_CHARS)
            .collect(),
        body_base64: CallbackEnvelope::encode_body(incoming.body),
        traceparent: traceparent.map(|trace_parent| trace_parent.to_string()),
    }
}

fn unavailable() -> Problem {
    Problem::new(ProblemCode::SourceUnavailable).with_retry_after_seconds(RETRY_AFTER_SECONDS)
}

#[cfg(test)]
mod tests;
