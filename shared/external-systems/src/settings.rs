//! Settings of one target system of one tenant: data in the database, never code.

use std::time::Duration;

use jiff::SignedDuration;
use order_domain::fallout::FalloutRouting;
use order_domain::step::StepPolicy;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::retry::RetryPolicy;

/// Longest time a target system may take to answer after accepting, in milliseconds: 90 days.
pub const MAX_RESPONSE_DUE_MS: u64 = 90 * 24 * 3_600_000;

/// How one target system is reached and what it can do (stored as `jsonb` per tenant and system).
///
/// ```
/// # use external_systems::settings::TargetSystemSettings;
/// let settings = TargetSystemSettings::parse(&serde_json::json!({
///     "baseUrl": "https://inventory.example.com/api",
///     "auth": { "kind": "BEARER", "secretId": "oms/target/acme/INVENTORY" },
///     "connectTimeoutMs": 2000, "requestTimeoutMs": 10000,
///     "mode": "ASYNC",
///     "capabilities": { "honoursRequestId": true, "canBeQueried": true, "canCancel": false },
///     "retryPolicy": { "maxAttempts": 6, "baseDelayMs": 200, "capMs": 30000, "totalBudgetMs": 600000 },
///     "concurrencyLimit": 20, "responseDueMs": 600000, "pollIntervalMs": 5000
/// }));
/// assert!(settings.is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TargetSystemSettings {
    /// Prefix of every path; `https`, or `http` on this machine only.
    pub base_url: String,
    /// How calls are authenticated.
    pub auth: TargetSystemAuth,
    /// For the builder of the HTTP client that serves this system; 50 to 30,000.
    pub connect_timeout_ms: u64,
    /// From the first byte sent to the last byte read; 100 to 120,000.
    pub request_timeout_ms: u64,
    /// How the outcome arrives.
    pub mode: TargetSystemMode,
    /// What the system promises; decides what a lost answer leads to.
    pub capabilities: TargetSystemCapabilities,
    /// How provably unexecuted requests are repeated.
    pub retry_policy: RetryPolicy,
    /// Most calls at the same time; 1 to 1,000.
    pub concurrency_limit: u32,
    /// After acceptance, when the outcome is due; then the system is asked. 1,000 up to 90 days.
    pub response_due_ms: u64,
    /// Time between two queries of accepted work; 100 up to a day.
    pub poll_interval_ms: u64,
    /// The operations that it offers; any, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<Vec<String>>,
    /// Who owns cases of its steps, and by when they must be touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallout: Option<FalloutRouting>,
}

/// How calls to a target system are authenticated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    tag = "kind"
)]
pub enum TargetSystemAuth {
    /// Not at all. (Braces, because serde ignores unknown fields beside a unit variant.)
    None {},
    /// `Authorization: Bearer`, with the token of a secret.
    Bearer {
        /// Id of the secret; see [`crate::credential::BearerToken`].
        secret_id: String,
    },
}

/// How the outcome of a submit arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TargetSystemMode {
    /// In the answer.
    Sync,
    /// As a signed callback.
    Async,
    /// By asking until it is there.
    Poll,
}

/// What a target system promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TargetSystemCapabilities {
    /// The same request id twice has one effect.
    pub honours_request_id: bool,
    /// It answers queries by request id.
    pub can_be_queried: bool,
    /// It takes cancellations.
    pub can_cancel: bool,
}

/// Settings that cannot be used, with everything that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("target system settings are not valid: {}", problems.join("; "))]
pub struct InvalidSettings {
    /// One sentence per problem, each starting with the field.
    pub problems: Vec<String>,
}

/// Checks without a usable answer before a person is asked (§26 "unknown outcome investigation").
const MAX_CHECKS: u32 = 12;

/// Beyond a call's own limit, before a second absence proves that nothing is on its way any more.
pub const ABSENCE_GRACE: SignedDuration = SignedDuration::from_secs(5);

impl TargetSystemSettings {
    /// Reads stored settings and checks them.
    ///
    /// # Errors
    /// With one problem when a field is missing, unknown or of the wrong type, else with all
    /// values that are outside their bounds.
    pub fn parse(stored: &serde_json::Value) -> Result<Self, InvalidSettings> {
        let settings = Self::deserialize(stored)
            .map_err(|error| InvalidSettings { problems: vec![error.to_string()] })?;
        settings.validate()?;
        Ok(settings)
    }

    /// The part that the step's state machine decides with.
    ///
    /// In POLL mode nobody calls back, so an accepted request is asked about after the interval.
    #[must_use]
    pub fn step_policy(&self) -> StepPolicy {
        let millis = |ms: u64| SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        let response_due_ms = match self.mode {
            TargetSystemMode::Poll => self.poll_interval_ms,
            TargetSystemMode::Sync | TargetSystemMode::Async => self.response_due_ms,
        };
        StepPolicy {
            max_attempts: self.retry_policy.max_attempts,
            base_delay: millis(self.retry_policy.base_delay_ms),
            delay_cap: millis(self.retry_policy.cap_ms),
            response_due: millis(response_due_ms),
            check_delay: millis(self.retry_policy.base_delay_ms),
            max_checks: MAX_CHECKS,
            total_budget: millis(self.retry_policy.total_budget_ms),
            honours_request_id: self.capabilities.honours_request_id,
            can_be_queried: self.capabilities.can_be_queried,
            absence_apart: millis(self.request_timeout_ms).saturating_add(ABSENCE_GRACE),
        }
    }

    /// Checks all values.
    ///
    /// # Errors
    /// With all values that are outside their bounds or contradict each other.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        let mut problems = Vec::new();
        if let Err(problem) = parse_base_url(&self.base_url) {
            problems.push(format!("baseUrl {problem}"));
        }
        if matches!(&self.auth, TargetSystemAuth::Bearer { secret_id } if secret_id.trim().is_empty())
        {
            problems.push("auth.secretId must not be empty".to_owned());
        }
        if self.mode == TargetSystemMode::Poll && !self.capabilities.can_be_queried {
            problems.push("mode POLL needs capabilities.canBeQueried".to_owned());
        }
        let retry = &self.retry_policy;
        for (name, value, min, max) in [
            ("connectTimeoutMs", self.connect_timeout_ms, 50, 30_000),
            ("requestTimeoutMs", self.request_timeout_ms, 100, 120_000),
            ("retryPolicy.maxAttempts", u64::from(retry.max_attempts), 1, 100),
            ("retryPolicy.baseDelayMs", retry.base_delay_ms, 1, 3_600_000),
            ("retryPolicy.capMs", retry.cap_ms, retry.base_delay_ms, 24 * 3_600_000),
            ("retryPolicy.totalBudgetMs", retry.total_budget_ms, retry.cap_ms, 7 * 24 * 3_600_000),
            ("concurrencyLimit", u64::from(self.concurrency_limit), 1, 1_000),
            ("responseDueMs", self.response_due_ms, 1_000, MAX_RESPONSE_DUE_MS),
            ("pollIntervalMs", self.poll_interval_ms, 100, 24 * 3_600_000),
        ] {
            if !(min..=max).contains(&value) {
                problems.push(format!("{name} must be {min} to {max}"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(InvalidSettings { problems }) }
    }

    /// For the builder of the HTTP client: a client has one connect timeout for all its calls.
    #[must_use]
    pub const fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// Limit of one call, applied by the adapter itself.
    #[must_use]
    pub const fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Id of the secret that holds the bearer token, if the system wants one.
    #[must_use]
    pub fn secret_id(&self) -> Option<&str> {
        match &self.auth {
            TargetSystemAuth::None {} => None,
            TargetSystemAuth::Bearer { secret_id } => Some(secret_id),
        }
    }
}

/// A base URL of another system: `https`, or `http` on this machine, and nothing hidden in it.
pub(crate) fn parse_base_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is no URL")?;
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => return Err("must be https (http only on this machine)"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold credentials");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("must have no query and no fragment");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn stored() -> Value {
        json!({
            "baseUrl": "http://127.0.0.1:8080/INVENTORY", "auth": {"kind": "NONE"},
            "connectTimeoutMs": 500, "requestTimeoutMs": 5000, "mode": "SYNC",
            "capabilities": {"honoursRequestId": true, "canBeQueried": true, "canCancel": true},
            "retryPolicy": {"maxAttempts": 3, "baseDelayMs": 10, "capMs": 100, "totalBudgetMs": 1000},
            "concurrencyLimit": 4, "responseDueMs": 5000, "pollIntervalMs": 200
        })
    }

    fn problems_with(pointer: &str, value: Value) -> Vec<String> {
        let mut settings = stored();
        *settings.pointer_mut(pointer).expect("the field exists") = value;
        TargetSystemSettings::parse(&settings).expect_err("the settings are broken").problems
    }

    #[test]
    fn stored_settings_survive_a_round_trip() {
        let settings = TargetSystemSettings::parse(&stored()).unwrap();

        assert_eq!(serde_json::to_value(&settings).unwrap(), stored());
        assert_eq!(settings.secret_id(), None);
    }

    #[test]
    fn all_problems_are_named_at_once() {
        let mut settings = TargetSystemSettings::parse(&stored()).unwrap();
        settings.base_url = "http://inventory.example.com".to_owned();
        settings.auth = TargetSystemAuth::Bearer { secret_id: " ".to_owned() };
        settings.mode = TargetSystemMode::Poll;
        settings.capabilities.can_be_queried = false;
        settings.retry_policy.cap_ms = 5;
        settings.concurrency_limit = 0;

        let problems = settings.validate().unwrap_err().problems;

        let fields: Vec<_> = problems.iter().filter_map(|p| p.split(' ').next()).collect();
        assert_eq!(
            fields,
            ["baseUrl", "auth.secretId", "mode", "retryPolicy.capMs", "concurrencyLimit"]
        );
    }

    #[test]
    fn unknown_fields_are_refused_at_every_level() {
        for parent in ["", "/auth", "/capabilities", "/retryPolicy"] {
            let mut settings = stored();
            settings.pointer_mut(parent).unwrap()["surprise"] = json!(1);
            assert!(TargetSystemSettings::parse(&settings).is_err(), "{parent:?}");
        }
    }

    #[test]
    fn a_base_url_is_https_or_local_and_hides_nothing() {
        for url in [
            "ftp://127.0.0.1",
            "http://169.254.169.254/",
            "http://127.0.0.1.example.com",
            "https://user:pw@example.com",
            "https://example.com?x=1",
            "https://example.com#x",
            "no url",
        ] {
            assert_eq!(problems_with("/baseUrl", json!(url)).len(), 1, "{url}");
        }
        for url in ["https://example.com/a/b/", "http://localhost:1", "http://[::1]:1/x"] {
            assert!(parse_base_url(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_mode_is_one_of_three() {
        assert_eq!(problems_with("/mode", json!("BATCH")).len(), 1);
    }

    #[test]
    fn every_sample_setting_of_the_catalogue_is_valid() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/target-systems.json");
        let text = std::fs::read_to_string(file).expect("the samples are in the repository");
        let text = text.replace("{simulator}", "http://127.0.0.1:1");
        let tenants: std::collections::BTreeMap<String, Vec<Value>> =
            serde_json::from_str(&text).unwrap();

        for entry in tenants.values().flatten() {
            let verdict = TargetSystemSettings::parse(&entry["settings"]);
            assert_eq!(verdict.err(), None, "{}", entry["system"]);
        }
    }
}
