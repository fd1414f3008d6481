//! One communication: asked about first where it may have been sent, else sent.
//!
//! ```text
//! new ───────────────────────────────▶ submit ──▶ taken · refused · not sent · unknown
//! may have been sent ──▶ query ─absent──▶ submit, same id
//!                          ├─ found ──▶ taken · refused
//!                          └─ cannot tell ──▶ unknown: nothing is sent
//! ```

mod meaning;

use external_systems::credential::BearerToken;
use external_systems::settings::{TargetSystemMode, TargetSystemSettings};
use external_systems::{HttpTargetSystem, SubmitRequest, TargetSystem};
use jiff::Timestamp;
use lambda_support::request_attempts::of_exchange;
use lambda_support::secrets::{SecretsClient, SecretsError};
use lambda_support::{error_chain, jitter};
use order_domain::step::answer::StepAnswer;
use order_store::commands::{NotificationAttempt, RequestAttempt};
use reqwest::Url;
use secrecy::ExposeSecret;
use serde_json::json;
use topic_worker::OrderPointers;

pub(crate) use self::meaning::{Delivered, Next};
use self::meaning::{may_be_sent_again, meaning, not_called};

/// The operation, in the words of the notification system.
const OPERATION: &str = "send-order-update";
const SYSTEM: &str = "NOTIFICATION";

/// The way to the notification systems of all tenants.
#[derive(Debug)]
pub struct Channel {
    http: reqwest::Client,
    secrets: SecretsClient,
    callback_base_url: Url,
}

impl Channel {
    /// Puts together what exists; each tenant's settings come with the communication.
    #[must_use]
    pub const fn new(
        http: reqwest::Client,
        secrets: SecretsClient,
        callback_base_url: Url,
    ) -> Self {
        Self { http, secrets, callback_base_url }
    }

    /// Delivers a claimed communication, or says why that is not possible now.
    pub(crate) async fn deliver(
        &self,
        order: &OrderPointers,
        attempt: &NotificationAttempt,
        clock: impl Fn() -> Timestamp,
    ) -> Delivered {
        let (settings, target) = match self.target(attempt).await {
            Ok(found) => found,
            Err(next) => return not_called(attempt, next, clock()),
        };
        let asked_at = clock();
        let (answer, attempts) =
            self.exchange((order, attempt), &settings, &target, asked_at).await;
        let delivered = meaning(answer, attempt, &settings, (clock(), jitter::of_step()));
        Delivered { attempts, ..delivered }
    }

    /// What the system says in the end, and every call that it took.
    async fn exchange(
        &self,
        (order, attempt): (&OrderPointers, &NotificationAttempt),
        settings: &TargetSystemSettings,
        target: &HttpTargetSystem,
        asked_at: Timestamp,
    ) -> (StepAnswer, Vec<RequestAttempt>) {
        let mut attempts = Vec::new();
        // Only a system that keeps the promise about request ids may be sent the id unasked.
        let can = settings.capabilities;
        if attempt.must_query && (can.can_be_queried || !can.honours_request_id) {
            let asked = target.query(attempt.request_id, None).await;
            attempts.extend(of_exchange(&asked));
            match asked.answer {
                StepAnswer::Absent if may_be_sent_again(attempt, settings, asked_at) => {}
                known => return (known, attempts),
            }
        }
        let request = self.request(order, attempt, settings.mode);
        let sent = target.submit(&request, None).await;
        attempts.extend(of_exchange(&sent));
        (sent.answer, attempts)
    }

    fn request(
        &self,
        order: &OrderPointers,
        attempt: &NotificationAttempt,
        mode: TargetSystemMode,
    ) -> SubmitRequest {
        let mut callback = self.callback_base_url.clone();
        if let Ok(mut path) = callback.path_segments_mut() {
            path.pop_if_empty().extend(["callbacks", order.tenant.as_str(), SYSTEM]);
        }
        SubmitRequest {
            request_id: attempt.request_id,
            operation: OPERATION.to_owned(),
            tenant_id: order.tenant.clone(),
            order_id: order.order_id,
            order_line_id: None,
            step_key: OPERATION.to_owned(),
            payload: json!({ "orderNumber": attempt.order_number, "kind": attempt.kind,
                "customerId": attempt.customer_id }),
            callback_url: (mode == TargetSystemMode::Async).then(|| callback.to_string()),
        }
    }

    /// The tenant's system with its token, or what has to happen before it can be called.
    async fn target(
        &self,
        attempt: &NotificationAttempt,
    ) -> Result<(TargetSystemSettings, HttpTargetSystem), Next> {
        let mend = |reason: String| Next::Mend { reason };
        let stored = attempt.target_settings.as_ref();
        let stored = stored.ok_or_else(|| mend(format!("the tenant has no {SYSTEM} system")))?;
        let settings =
            TargetSystemSettings::parse(stored).map_err(|error| mend(error.to_string()))?;
        let token = match settings.secret_id() {
            None => None,
            Some(id) => Some(self.token(id).await?),
        };
        let target = HttpTargetSystem::new(self.http.clone(), settings.clone(), token)
            .map_err(|error| mend(error.to_string()))?;
        Ok((settings, target))
    }

    async fn token(&self, secret_id: &str) -> Result<BearerToken, Next> {
        let secret = self.secrets.text(secret_id).await.map_err(|error| {
            tracing::error!(error = error_chain(&error), "credentials are not available");
            let reason = error.to_string();
            match error {
                SecretsError::NotFound { .. } | SecretsError::Malformed { .. } => {
                    Next::Mend { reason }
                }
                SecretsError::Unavailable { .. } => Next::Retry { reason, not_before: None },
            }
        })?;
        BearerToken::parse(secret.expose_secret())
            .map_err(|error| Next::Mend { reason: error.to_string() })
    }
}
