//! Somebody at a terminal, with an API that answers what the test says.

use jiff::Timestamp;
use orderctl::exit::Exit;
use orderctl::terminal::Terminal;
use orderctl::world::{Clock, World};
use serde_json::Value;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const TOKEN: &str = "token-of-the-test";
pub(crate) const NOW: &str = "2026-03-02T12:00:00Z";
pub(crate) const ORDER: &str = "0195a000-0000-7000-8000-000000000001";
pub(crate) const CASE: &str = "0195a000-0000-7000-8000-0000000000c1";
pub(crate) const LINE: &str = "0195a000-0000-7000-8000-0000000000a1";

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) exit: Exit,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) struct Desk {
    pub(crate) server: MockServer,
    pub(crate) clock: Clock,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        Self { server: MockServer::start().await, clock: Clock::manual(now) }
    }

    /// Answers a GET with a document.
    pub(crate) async fn shows(&self, at: &str, document: Value) {
        self.answers("GET", at, ResponseTemplate::new(200).set_body_json(document)).await;
    }

    /// Answers every request to a path.
    pub(crate) async fn answers(&self, verb: &str, at: &str, response: ResponseTemplate) {
        Mock::given(method(verb)).and(path(at)).respond_with(response).mount(&self.server).await;
    }

    /// Answers the next request to a path; what was said first is answered first.
    pub(crate) async fn answers_once(&self, verb: &str, at: &str, response: ResponseTemplate) {
        let mock = Mock::given(method(verb)).and(path(at)).respond_with(response);
        mock.up_to_n_times(1).mount(&self.server).await;
    }

    /// The same at a terminal where somebody answers every question so.
    pub(crate) async fn types_and_answers(&self, reply: &str, words: &str) -> Ended {
        let terminal = Terminal::in_memory().answered(reply);
        types_at(terminal, &self.server.uri(), &self.clock, words).await
    }

    /// Types the words; `+` stands for a space inside of one.
    pub(crate) async fn types(&self, words: &str) -> Ended {
        types(&self.server.uri(), &self.clock, words).await
    }

    pub(crate) async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap_or_default()
    }

    /// `GET /orders?status=FALLOUT`, in the order of arrival.
    pub(crate) async fn asked(&self) -> Vec<String> {
        let line = |request: &Request| {
            let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("{} {}{query}", request.method, request.url.path())
        };
        self.requests().await.iter().map(line).collect()
    }
}

pub(crate) async fn types(api: &str, clock: &Clock, words: &str) -> Ended {
    types_at(Terminal::in_memory(), api, clock, words).await
}

async fn types_at(terminal: Terminal, api: &str, clock: &Clock, words: &str) -> Ended {
    let world = World { terminal, clock: clock.clone() };
    let words = words.split_whitespace().map(|word| word.replace('+', " "));
    let start = ["orderctl", "--api", api, "--token", TOKEN].map(str::to_owned);
    let exit = orderctl::run(start.into_iter().chain(words), &world).await;
    let written = world.terminal.written();
    Ended { exit, stdout: written.stdout, stderr: written.stderr }
}

pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

pub(crate) fn problem(status: u16, document: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(document.to_string(), "application/problem+json")
}
