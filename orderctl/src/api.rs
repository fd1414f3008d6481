//! The public API as this program uses it: bounded, repeated where that is harmless, no redirects.
//!
//! Reads are harmless to repeat; an action is repeated with the same `Idempotency-Key` only, so
//! that a lost answer never becomes a second action.

mod connection;
mod problem;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, ETAG, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Request, RequestBuilder, Response};
use serde_json::Value;

pub(crate) use problem::Problem;

use crate::failure::{Cause, Failure};
use crate::terminal::Terminal;
use crate::world::Clock;

/// How often one request is sent at most.
const ATTEMPTS: u32 = 4;
/// Before the first repeat; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that an answer may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The gateway gives up after 29 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// A caller of the API.
#[derive(Debug)]
pub(crate) struct Api {
    base: String,
    authorization: HeaderValue,
    client: Client,
    clock: Clock,
    terminal: Terminal,
    /// When the command gives up, if it was told to.
    deadline: Option<Timestamp>,
}

/// A document with its version.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The document.
    pub(crate) body: Value,
    /// What `If-Match` takes.
    pub(crate) version: Option<u64>,
}

impl Api {
    /// Reads a document.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let request = self.client.get(self.url(path)).query(query);
        answer(self.send(request.header(ACCEPT, "application/json")).await?).await
    }

    /// Reads a text for people.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, Failure> {
        let request = self.client.get(self.url(path)).header(ACCEPT, "text/plain");
        self.send(request).await?.text().await.map_err(unreadable)
    }

    /// Asks for a change; `headers` hold the key that makes repeats harmless.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: &Value,
    ) -> Result<Answer, Failure> {
        let request = self.client.post(self.url(path)).headers(headers).json(body);
        answer(self.send(request.header(ACCEPT, "application/json")).await?).await
    }

    /// When the command gives up, if it was told to.
    pub(crate) const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends until there is an answer that will not change by asking again.
    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = request.header("authorization", self.authorization.clone());
        let request = request.build().map_err(|error| Failure::usage(error.to_string()))?;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (failure, asked_for) = match self.send_once(&request).await {
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => refusal(response).await,
                Err(error) => (no_answer(attempt, &error), None),
            };
            let pausing = asked_for.unwrap_or(pause).min(LONGEST_PAUSE);
            if attempt == ATTEMPTS || !is_worth_repeating(&failure) || !self.has_time(pausing) {
                return Err(failure.into());
            }
            self.terminal.message(&format!("{failure}; the same request again"));
            self.clock.pause(pausing).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn send_once(&self, request: &Request) -> reqwest::Result<Response> {
        // Bodies are in memory, so that every request can be cloned.
        let mut copy = request
            .try_clone()
            .unwrap_or_else(|| Request::new(request.method().clone(), request.url().clone()));
        let left = self.deadline.map(|at| at.duration_since(self.clock.now()));
        let left = left.map_or(REQUEST_TIMEOUT, |left| left.try_into().unwrap_or_default());
        *copy.timeout_mut() = Some(left.clamp(Duration::from_secs(1), REQUEST_TIMEOUT));
        self.client.execute(copy).await
    }

    /// Whether the pause ends before the command gives up.
    fn has_time(&self, pause: Duration) -> bool {
        let end = self.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        self.deadline.is_none_or(|deadline| end < deadline)
    }
}

fn is_worth_repeating(cause: &Cause) -> bool {
    match cause {
        Cause::NoAnswer { .. } => true,
        Cause::Problem(problem) => problem.is_passing(),
        Cause::Usage(_) | Cause::Unreadable(_) | Cause::UnknownOrder(_) | Cause::UnknownCode(_) => {
            false
        }
    }
}

fn no_answer(attempt: u32, error: &reqwest::Error) -> Cause {
    let reason = if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    };
    Cause::NoAnswer { attempt, reason: reason.to_owned() }
}

async fn refusal(response: Response) -> (Cause, Option<Duration>) {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let pause = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let body = response.text().await.unwrap_or_default();
    (Cause::Problem(Box::new(Problem::read(status, &body))), pause)
}

async fn answer(response: Response) -> Result<Answer, Failure> {
    let etag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    let tag = etag.and_then(|tag| tag.trim_start_matches("W/").trim_matches('"').parse().ok());
    let body: Value = response.json().await.map_err(unreadable)?;
    let version = tag.or_else(|| body.get("version").and_then(Value::as_u64));
    Ok(Answer { body, version })
}

fn unreadable(error: reqwest::Error) -> Failure {
    Cause::Unreadable(error.without_url().to_string()).into()
}
