//! What a decision is sent with, so that it hits what was read, and once.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderValue};
use uuid::Uuid;

use crate::cli::Key;
use crate::exit::Exit;
use crate::failure::Failure;

/// The version and the key that one decision is sent with.
#[derive(Debug)]
pub(crate) struct Guard {
    version: Option<u64>,
    key: Option<String>,
    /// What a repeat has to say where no version does.
    again: String,
}

impl Guard {
    /// Nothing is done: no key is needed, and no version unless somebody asks about one.
    pub(crate) fn of_preview(version: Option<u64>) -> Self {
        Self { version, key: None, again: String::new() }
    }

    /// The key that was given, or a new one.
    pub(crate) fn new(version: Option<u64>, key: &Key) -> Self {
        let key = key.idempotency_key.clone();
        let key = Some(key.unwrap_or_else(|| Uuid::now_v7().to_string()));
        Self { version, key, again: String::new() }
    }

    /// Where there may be no version: the options that a repeat says instead.
    pub(crate) fn or_again_with(mut self, options: impl Into<String>) -> Self {
        self.again = options.into();
        self
    }

    /// The options with which a command is the same command; `None` where nothing is done.
    pub(crate) fn repeat(&self) -> Option<String> {
        let key = self.key.as_ref()?;
        let again = match self.version {
            Some(version) => format!("--if-match {version}"),
            None => self.again.clone(),
        };
        Some(format!("--idempotency-key {key} {again}").trim_end().to_owned())
    }

    /// Whether a version is named.
    pub(crate) const fn has_version(&self) -> bool {
        self.version.is_some()
    }

    pub(crate) fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        let version = self.version.map(|version| version.to_string());
        for (name, value) in [("if-match", &version), ("idempotency-key", &self.key)] {
            let Some(value) = value else { continue };
            let quoted = HeaderValue::from_str(&format!("\"{value}\""));
            headers.insert(name, quoted.map_err(|error| Failure::usage(error.to_string()))?);
        }
        Ok(headers)
    }

    /// What to do next: about somebody's change, or about an answer that was lost.
    pub(crate) fn advise(&self, failure: Failure, shown_by: &str) -> Failure {
        match (failure.exit(), self.repeat()) {
            (Exit::Stale, _) => failure.advise(format!(
                "read it again ({shown_by}) and decide again; the next command acts on what is \
                 there then"
            )),
            (Exit::Technical, Some(repeat)) => failure.advise(format!(
                "whether it was done is not known; repeat it, and it is done once: {repeat}"
            )),
            _ => failure,
        }
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.iter().map(|key| format!("idempotency key {key}"));
        let version = self.version.iter().map(|version| format!("version {version}"));
        f.write_str(&key.chain(version).collect::<Vec<_>>().join(", "))
    }
}
