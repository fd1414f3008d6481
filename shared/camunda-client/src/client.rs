//! The client itself: one place that sends, counts, times out and classifies.
//!
//! It repeats nothing on its own: what may be repeated depends on the call and on what the caller
//! knows, see [`EngineError::repeat_rule`].

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, Url};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::calls::{CallCounter, CallKind, EngineCalls};
use crate::checks::{RequestFlaw, check_name};
use crate::error::EngineError;
use crate::error::classify::classify;
use crate::settings::EngineSettings;

/// More than 100 tasks with all their variables; a larger answer is not from our engine.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// Speaks to one engine; clones share connections and counters.
#[derive(Debug, Clone)]
pub struct EngineClient {
    http: reqwest::Client,
    settings: EngineSettings,
    calls: Arc<CallCounter>,
}

/// A request under construction: the kind of call, and what to send.
pub(crate) struct Call {
    kind: CallKind,
    builder: RequestBuilder,
    timeout: Duration,
}

impl EngineClient {
    /// A client over an HTTP client that follows no redirects and has a connect timeout.
    #[must_use]
    pub fn new(http: reqwest::Client, settings: EngineSettings) -> Self {
        Self { http, settings, calls: Arc::default() }
    }

    /// How many requests were sent so far, by kind.
    #[must_use]
    pub fn calls(&self) -> EngineCalls {
        self.calls.snapshot()
    }

    pub(crate) fn get(&self, kind: CallKind, path: &[&str]) -> Result<Call, EngineError> {
        self.call(kind, Method::GET, path)
    }

    pub(crate) fn post(&self, kind: CallKind, path: &[&str]) -> Result<Call, EngineError> {
        self.call(kind, Method::POST, path)
    }

    pub(crate) fn put(&self, kind: CallKind, path: &[&str]) -> Result<Call, EngineError> {
        self.call(kind, Method::PUT, path)
    }

    pub(crate) fn delete(&self, kind: CallKind, path: &[&str]) -> Result<Call, EngineError> {
        self.call(kind, Method::DELETE, path)
    }

    fn call(&self, kind: CallKind, method: Method, path: &[&str]) -> Result<Call, EngineError> {
        // An empty id would turn "delete this instance" into another URL.
        for segment in path {
            kind.check(check_name("a path segment", segment))?;
        }
        let builder = self.http.request(method, self.url(path));
        let builder = match &self.settings.credentials {
            None => builder,
            Some(login) => {
                builder.basic_auth(&login.username, Some(login.password.expose_secret()))
            }
        };
        Ok(Call { kind, builder, timeout: self.settings.request_timeout })
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.settings.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Sends a call whose success has no body. One that has a body did not come from the engine,
    /// and a proxy's page must not pass for a task that is completed.
    pub(crate) async fn send(&self, call: Call) -> Result<(), EngineError> {
        let kind = call.kind;
        match self.exchange(call).await? {
            (_, bytes) if bytes.is_empty() => Ok(()),
            (status, bytes) => {
                let detail = format!("{} bytes where none are due", bytes.len());
                Err(EngineError::UnreadableAnswer { call: kind, status, detail })
            }
        }
    }

    /// Sends a call and reads its answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, EngineError> {
        let kind = call.kind;
        let (status, bytes) = self.exchange(call).await?;
        serde_json::from_slice(&bytes).map_err(|error| EngineError::UnreadableAnswer {
            call: kind,
            status,
            // Only the position: serde quotes values, and they may be somebody's data.
            detail: format!("line {}, column {}", error.line(), error.column()),
        })
    }

    async fn exchange(&self, call: Call) -> Result<(u16, Vec<u8>), EngineError> {
        let Call { kind, builder, timeout } = call;
        let request =
            builder.timeout(timeout).build().map_err(|error| kind.not_buildable(&error))?;
        self.calls.count(kind);
        let sent = self.http.execute(request).await;
        let response = sent.map_err(|error| kind.transport_error(error))?;
        let status = response.status();
        let bytes = read_body(kind, response).await?;
        if status.is_success() {
            Ok((status.as_u16(), bytes))
        } else {
            Err(classify(kind, status.as_u16(), &bytes))
        }
    }

    pub(crate) fn long_poll_timeout(&self, parked: Duration) -> Duration {
        self.settings.request_timeout.max(parked + self.settings.long_poll_allowance)
    }
}

async fn read_body(kind: CallKind, mut response: Response) -> Result<Vec<u8>, EngineError> {
    let status = response.status().as_u16();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| kind.lost_answer(error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            let detail = format!("more than {MAX_ANSWER_BYTES} bytes");
            return Err(EngineError::UnreadableAnswer { call: kind, status, detail });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl Call {
    pub(crate) fn json<T: Serialize + ?Sized>(mut self, body: &T) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    pub(crate) fn query<T: Serialize + ?Sized>(mut self, query: &T) -> Self {
        self.builder = self.builder.query(query);
        self
    }

    pub(crate) fn multipart(mut self, form: reqwest::multipart::Form) -> Self {
        self.builder = self.builder.multipart(form);
        self
    }

    pub(crate) const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
}

impl CallKind {
    /// Names the operation in a flaw found before sending.
    pub(crate) fn check(self, result: Result<(), RequestFlaw>) -> Result<(), EngineError> {
        result.map_err(|source| EngineError::RefusedBeforeSending { call: self, source })
    }

    fn not_buildable(self, error: &reqwest::Error) -> EngineError {
        let source = RequestFlaw::NotBuildable { reason: error.to_string() };
        EngineError::RefusedBeforeSending { call: self, source }
    }

    /// Only a failed connect proves that nothing was sent; everything else is unknown.
    fn transport_error(self, error: reqwest::Error) -> EngineError {
        if error.is_connect() {
            EngineError::Unreachable { call: self, source: error.without_url() }
        } else {
            self.lost_answer(error)
        }
    }

    fn lost_answer(self, error: reqwest::Error) -> EngineError {
        EngineError::LostAnswer { call: self, source: error.without_url() }
    }
}
