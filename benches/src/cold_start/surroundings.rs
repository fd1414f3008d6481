//! What surrounds a function on Lambda: the runtime API, and the secrets extension beside it.
//!
//! Both answer on one address; what arrives is told to the starter with the time it arrived.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::http::{Reply, Request, serve};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const INIT_ERROR: &str = "/2018-06-01/runtime/init/error";
const REGISTER: &str = "/2020-01-01/extension/register";
const EXTENSION_NEXT: &str = "/2020-01-01/extension/event/next";
const SECRET: &str = "/secretsmanager/get?secretId=";

/// What a starting function asked its surroundings for.
#[derive(Debug)]
pub(super) enum Asked {
    Secret { at: Instant },
    Next { at: Instant },
    InitError { message: String },
}

/// The stand-in, serving until this process ends.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) address: SocketAddr,
    pub(super) asked: Receiver<Asked>,
}

impl Surroundings {
    pub(super) fn start(secrets_file: &Path) -> Result<Self> {
        let secrets = read_secrets(secrets_file)
            .with_context(|| format!("cannot use {}", secrets_file.display()))?;
        let (sender, asked) = channel();
        let address = serve(move |request| answer(request, &secrets, &sender))?;
        Ok(Self { address, asked })
    }
}

fn answer(request: &Request, secrets: &HashMap<String, String>, told: &Sender<Asked>) -> Reply {
    let tell = |asked| {
        // Nobody listens between two starts, and then nobody wants to know.
        let _unheard = told.send(asked);
    };
    if request.target == NEXT {
        tell(Asked::Next { at: request.at });
        return Reply::Hold;
    }
    if let Some(id) = request.target.strip_prefix(SECRET) {
        tell(Asked::Secret { at: request.at });
        return match secrets.get(&decoded(id)) {
            Some(body) => ok("content-type: application/json\r\n", body.clone()),
            None => not_found(),
        };
    }
    match request.target.as_str() {
        INIT_ERROR => {
            let message = String::from_utf8_lossy(&request.body).into_owned();
            tell(Asked::InitError { message });
            ok("", String::new())
        }
        REGISTER => ok("Lambda-Extension-Identifier: bench\r\n", "{}".to_owned()),
        EXTENSION_NEXT => Reply::Hold,
        _ => not_found(),
    }
}

fn ok(headers: &'static str, body: String) -> Reply {
    Reply::Answer { status: "200 OK", headers, body }
}

fn not_found() -> Reply {
    Reply::Answer { status: "404 Not Found", headers: "", body: String::new() }
}

/// The whole answer per secret id, ready to be sent.
fn read_secrets(file: &Path) -> Result<HashMap<String, String>> {
    let secrets: HashMap<String, Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    let answers = secrets.into_iter().map(|(id, value)| {
        let answer = json!({"Name": id, "SecretString": value.to_string()});
        (id, answer.to_string())
    });
    Ok(answers.collect())
}

/// Undoes percent-encoding; ids are ASCII.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let byte = part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        plain.extend(byte.map(char::from));
        plain.push_str(part.get(2..).unwrap_or_default());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(target: &str) -> (Reply, Option<Asked>) {
        let secrets = HashMap::from([("oms/a".to_owned(), "{}".to_owned())]);
        let request = Request { target: target.to_owned(), at: Instant::now(), body: Vec::new() };
        let (told, asked) = channel();
        (answer(&request, &secrets, &told), asked.try_recv().ok())
    }

    #[test]
    fn the_request_for_an_event_is_told_and_never_answered() {
        assert!(matches!(ask(NEXT), (Reply::Hold, Some(Asked::Next { .. }))));
    }

    #[test]
    fn a_secret_is_found_by_its_encoded_id() {
        let is_ok = |reply| matches!(reply, Reply::Answer { status: "200 OK", .. });

        assert!(is_ok(ask("/secretsmanager/get?secretId=oms%2Fa").0));
        assert!(!is_ok(ask("/secretsmanager/get?secretId=oms%2Fb").0));
    }
}
