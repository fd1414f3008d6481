//! The public API as this program uses it: bounded, repeated where that is harmless, no redirects.
//!
//! Reads are harmless to repeat; an action is repeated with the same `Idempotency-Key` only, so
//! that a lost answer never becomes a second action.

mod connection;
mod problem;
mod received;

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, Request, RequestBuilder};
use serde_json::Value;

pub(crate) use problem::Problem;
pub(crate) use received::Answer;
use received::{Received, is_worth_repeating, no_answer};

use crate::failure::Failure;
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

impl Api {
    /// Reads a document.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Answer, Failure> {
        let request = self.client.get(self.url(path)).query(query);
        self.send(request.header(ACCEPT, "application/json")).await?.document()
    }

    /// Reads a text for people.
    pub(crate) async fn get_text(&self, path: &str) -> Result<String, Failure> {
        let request = self.client.get(self.url(path)).header(ACCEPT, "text/plain");
        Ok(self.send(request).await?.text)
    }

    /// Asks for a change; `headers` hold the key that makes repeats harmless.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: HeaderMap,
        body: &Value,
    ) -> Result<Answer, Failure> {
        let request = self.client.post(self.url(path)).headers(headers).json(body);
        self.send(request.header(ACCEPT, "application/json")).await?.document()
    }

    /// When the command gives up, if it was told to.
    pub(crate) const fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Sends until there is an answer that will not change by asking again.
    async fn send(&self, request: RequestBuilder) -> Result<Received, Failure> {
        let request = request.header(AUTHORIZATION, self.authorization.clone());
        let request = request.build().map_err(|error| Failure::usage(error.to_string()))?;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let copy = request.try_clone();
            let copy = copy.ok_or_else(|| Failure::usage("the request cannot be repeated"))?;
            let (cause, asked_for) = match self.send_once(copy).await {
                Ok(received) if received.status.is_success() => return Ok(received),
                Ok(received) => (received.refusal(), received.retry_after()),
                Err(error) => (no_answer(attempt, &error), None),
            };
            let pausing = asked_for.unwrap_or(pause).min(LONGEST_PAUSE);
            if attempt == ATTEMPTS || !is_worth_repeating(&cause) || !self.has_time(pausing) {
                return Err(cause.into());
            }
            self.terminal.message(&format!("{cause}; the same request again"));
            self.clock.pause(pausing).await;
            pause *= 2;
            attempt += 1;
        }
    }

    /// An answer counts once all of it is here.
    async fn send_once(&self, mut request: Request) -> reqwest::Result<Received> {
        let left = self.deadline.map(|at| at.duration_since(self.clock.now()));
        let left = left.map_or(REQUEST_TIMEOUT, |left| left.try_into().unwrap_or_default());
        *request.timeout_mut() = Some(left.clamp(Duration::from_secs(1), REQUEST_TIMEOUT));
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Received { status, headers, text: response.text().await? })
    }

    /// Whether the pause ends before the command gives up.
    fn has_time(&self, pause: Duration) -> bool {
        let end = self.clock.now().checked_add(pause).unwrap_or(Timestamp::MAX);
        self.deadline.is_none_or(|deadline| end < deadline)
    }
}
