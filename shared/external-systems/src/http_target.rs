//! The one implementation of [`TargetSystem`]: HTTP, driven by settings.

use std::time::Instant;

use http::HeaderValue;
use jiff::Timestamp;
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use reqwest::{Client, RequestBuilder, Url};

use crate::classify::{self, Verdict};
use crate::credential::BearerToken;
use crate::fetch::{self, Reply};
use crate::settings::{InvalidSettings, TargetSystemSettings, parse_base_url};
use crate::target::{Exchange, ExchangeAttempt, ExchangeKind, SubmitRequest, TargetSystem};
use crate::wire::RequestStatus;

/// A target system behind HTTP.
///
/// Cheap to clone and to make; the client (connections, TLS, connect timeout, *no redirects*)
/// belongs to the process and is shared. The concurrency limit is the caller's to keep.
#[derive(Debug, Clone)]
pub struct HttpTargetSystem {
    client: Client,
    settings: TargetSystemSettings,
    base_url: Url,
    token: Option<BearerToken>,
}

impl HttpTargetSystem {
    /// Puts a client, settings and the token together.
    ///
    /// A missing token is no error here: calls then answer `Refused` ("credentials missing"),
    /// which holds the step for engineering, as §26 wants it.
    ///
    /// # Errors
    /// When the settings are not valid.
    pub fn new(
        client: Client,
        settings: TargetSystemSettings,
        token: Option<BearerToken>,
    ) -> Result<Self, InvalidSettings> {
        settings.validate()?;
        let base_url = parse_base_url(&settings.base_url)
            .map_err(|problem| InvalidSettings { problems: vec![format!("baseUrl {problem}")] })?;
        Ok(Self { client, settings, base_url, token })
    }

    /// The settings, for policies that are the caller's: retries, due times, concurrency.
    #[must_use]
    pub const fn settings(&self) -> &TargetSystemSettings {
        &self.settings
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base_url.clone();
        // `parse_base_url` lets only http and https pass, and those always have a path.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn lacks_credential(&self) -> bool {
        self.settings.secret_id().is_some() && self.token.is_none()
    }

    /// Adds what every call carries.
    fn prepare(&self, request: RequestBuilder, traceparent: Option<&str>) -> RequestBuilder {
        let mut request = request.timeout(self.settings.request_timeout());
        if let (Some(_), Some(token)) = (self.settings.secret_id(), &self.token) {
            request = request.bearer_auth(token.expose());
        }
        // A trace context that cannot stand in a header is not worth failing a call.
        match traceparent.map(HeaderValue::from_str) {
            Some(Ok(value)) => request.header("traceparent", value),
            Some(Err(_)) | None => request,
        }
    }

    async fn call(
        &self,
        kind: ExchangeKind,
        request: RequestBuilder,
        traceparent: Option<&str>,
        attempts: &mut Vec<ExchangeAttempt>,
    ) -> Reply {
        let started_at = Timestamp::now();
        let clock = Instant::now();
        let request = self.prepare(request, traceparent);
        let reply = fetch::call(&self.client, request, classify::reads_body).await;
        let attempt = ExchangeAttempt {
            kind,
            started_at,
            duration_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
            http_status: reply.status(),
            failure_class: classify::failure_class(&reply, kind == ExchangeKind::Query),
        };
        tracing::debug!(
            kind = kind.as_str(),
            duration_ms = attempt.duration_ms,
            http_status = attempt.http_status,
            "target system answered"
        );
        attempts.push(attempt);
        reply
    }

    async fn ask(
        &self,
        request_id: RequestId,
        traceparent: Option<&str>,
        attempts: &mut Vec<ExchangeAttempt>,
    ) -> Reply {
        let url = self.url(&["requests", &request_id.to_string()]);
        self.call(ExchangeKind::Query, self.client.get(url), traceparent, attempts).await
    }

    /// After a 409: what the system says about the request it already knows.
    async fn adopt(
        &self,
        request_id: RequestId,
        traceparent: Option<&str>,
        attempts: &mut Vec<ExchangeAttempt>,
    ) -> StepAnswer {
        if !self.settings.capabilities.can_be_queried {
            return known_but(false, "it cannot be queried");
        }
        let reply = self.ask(request_id, traceparent, attempts).await;
        match classify::read_status(&reply) {
            Ok(Some((status, report))) => report.into_answer(status),
            Ok(None) => known_but(true, "the query says it is not"),
            Err(detail) => known_but(false, &detail),
        }
    }

    /// After a 409 to a cancellation: the request's status says what became of the cancellation.
    async fn adopt_cancellation(
        &self,
        request_id: RequestId,
        traceparent: Option<&str>,
        attempts: &mut Vec<ExchangeAttempt>,
    ) -> StepAnswer {
        if !self.settings.capabilities.can_be_queried {
            return known_but(false, "it cannot be queried");
        }
        let reply = self.ask(request_id, traceparent, attempts).await;
        match classify::read_status(&reply) {
            Ok(Some((RequestStatus::Cancelled, report))) => {
                report.into_answer(RequestStatus::Completed)
            }
            Ok(Some((RequestStatus::Accepted | RequestStatus::InProgress, report))) => {
                report.into_answer(RequestStatus::Accepted)
            }
            Ok(Some((_, report))) => StepAnswer::Rejected {
                code: "NOT_CANCELLABLE".to_owned(),
                external_reference: report.external_reference,
            },
            Ok(None) => known_but(true, "the query says it is not"),
            Err(detail) => known_but(false, &detail),
        }
    }
}

impl TargetSystem for HttpTargetSystem {
    async fn submit(&self, request: &SubmitRequest, traceparent: Option<&str>) -> Exchange {
        if self.lacks_credential() {
            return without_call(credentials_missing());
        }
        let mut attempts = Vec::new();
        let post = self
            .client
            .post(self.url(&["requests"]))
            .header("idempotency-key", format!("\"{}\"", request.request_id))
            .json(request);
        let reply = self.call(ExchangeKind::Submit, post, traceparent, &mut attempts).await;
        let answer = match classify::classify(&reply) {
            Verdict::Settled(answer) => answer,
            Verdict::AlreadyKnown => {
                self.adopt(request.request_id, traceparent, &mut attempts).await
            }
        };
        Exchange { answer, attempts }
    }

    async fn query(&self, request_id: RequestId, traceparent: Option<&str>) -> Exchange {
        let obstacle = match (self.settings.capabilities.can_be_queried, self.lacks_credential()) {
            (false, _) => Some("the system cannot be queried"),
            (true, true) => Some("credentials missing"),
            (true, false) => None,
        };
        if let Some(obstacle) = obstacle {
            return without_call(StepAnswer::CannotTell { detail: obstacle.to_owned() });
        }
        let mut attempts = Vec::new();
        let reply = self.ask(request_id, traceparent, &mut attempts).await;
        Exchange { answer: classify::classify_query(&reply), attempts }
    }

    async fn cancel(&self, request_id: RequestId, traceparent: Option<&str>) -> Exchange {
        if !self.settings.capabilities.can_cancel {
            let detail = "the system cannot cancel".to_owned();
            return without_call(StepAnswer::Refused { detail });
        }
        if self.lacks_credential() {
            return without_call(credentials_missing());
        }
        let mut attempts = Vec::new();
        let url = self.url(&["requests", &request_id.to_string(), "cancel"]);
        let post = self.client.post(url);
        let reply = self.call(ExchangeKind::Cancel, post, traceparent, &mut attempts).await;
        let answer = match classify::classify(&reply) {
            Verdict::Settled(answer) => answer,
            Verdict::AlreadyKnown => {
                self.adopt_cancellation(request_id, traceparent, &mut attempts).await
            }
        };
        Exchange { answer, attempts }
    }
}

const fn without_call(answer: StepAnswer) -> Exchange {
    Exchange { answer, attempts: Vec::new() }
}

fn credentials_missing() -> StepAnswer {
    StepAnswer::Refused { detail: "credentials missing".to_owned() }
}

fn known_but(is_contract_breach: bool, obstacle: &str) -> StepAnswer {
    let detail = format!("the request is already known (409), but {obstacle}");
    StepAnswer::Unknown { detail, is_contract_breach }
}

#[cfg(test)]
mod outcomes;
#[cfg(test)]
pub(crate) mod tests;
