//! Settings of a function, read once from the environment; all problems are reported at once.
//!
//! A deployment with three wrong settings should fail once and name all three.
//! Getters return `None` after noting the problem, and [`Settings::finish`] builds the config only
//! when nothing was noted, so a `Config` can never be half valid.
//!
//! ```
//! use lambda_support::config::{ConfigError, Settings};
//!
//! struct Config {
//!     queue_url: reqwest::Url,
//!     batch: u64,
//! }
//!
//! fn from_settings(settings: &Settings) -> Result<Config, ConfigError> {
//!     let queue_url = settings.url("OMS_STEP_QUEUE_URL");
//!     let batch = settings.u64_in("OMS_BATCH", 10, 1..=100);
//!     settings.finish(|| Some(Config { queue_url: queue_url?, batch: batch? }))
//! }
//!
//! let settings = Settings::from_pairs([("OMS_BATCH", "900")]);
//! let error = from_settings(&settings).err().expect("two settings are wrong");
//! assert_eq!(error.problems().len(), 2);
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

/// The settings of a function and the problems found in them so far.
///
/// Invariant: values are never printed, because the platform puts credentials among the variables.
#[derive(Default)]
pub struct Settings {
    values: BTreeMap<String, String>,
    problems: RefCell<Vec<String>>,
}

/// Every problem found in the settings, in the order in which they were read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} setting(s) are missing or wrong: {}", problems.len(), problems.join("; "))]
pub struct ConfigError {
    problems: Vec<String>,
}

impl ConfigError {
    /// One sentence per wrong setting; it names the variable, never its value.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

impl Settings {
    /// Takes the variables of the process; the only place that reads them.
    #[must_use]
    pub fn from_env() -> Self {
        let text = |value: std::ffi::OsString| value.into_string().ok();
        let pairs = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, text(value)?)));
        Self { values: pairs.collect(), problems: RefCell::default() }
    }

    /// Takes the settings from pairs, for tests.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let values = pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { values, problems: RefCell::default() }
    }

    /// A text that must be there.
    pub fn text(&self, name: &str) -> Option<String> {
        let value = self.value(name);
        if value.is_none() {
            self.note(name, "is missing");
        }
        value.map(str::to_owned)
    }

    /// A text that falls back to `default`.
    pub fn text_or(&self, name: &str, default: &str) -> String {
        self.value(name).unwrap_or(default).to_owned()
    }

    /// A text that may be absent; blank counts as absent.
    pub fn optional_text(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    /// A credential of the platform (not of ours: those come from the secrets endpoint).
    pub fn optional_credential(&self, name: &str) -> Option<SecretString> {
        self.value(name).map(SecretString::from)
    }

    /// An http or https URL without credentials, query or fragment.
    pub fn url(&self, name: &str) -> Option<Url> {
        let value = self.text(name)?;
        self.parsed_url(name, &value)
    }

    /// Like [`Settings::url`], with a default.
    pub fn url_or(&self, name: &str, default: &str) -> Option<Url> {
        self.parsed_url(name, self.value(name).unwrap_or(default))
    }

    /// Like [`Settings::url`], but it may be absent: `Some(None)`.
    pub fn optional_url(&self, name: &str) -> Option<Option<Url>> {
        match self.value(name) {
            None => Some(None),
            Some(value) => self.parsed_url(name, value).map(Some),
        }
    }

    /// A whole number within `range`, or `default` when absent.
    pub fn u64_in(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Option<u64> {
        let number = self.value(name).map_or(Some(default), |value| value.parse().ok());
        let within = number.filter(|number| range.contains(number));
        if within.is_none() {
            let (low, high) = range.into_inner();
            self.note(name, &format!("must be a whole number from {low} to {high}"));
        }
        within
    }

    /// A duration in milliseconds within `range`, or `default` when absent.
    pub fn millis(&self, name: &str, default: u64, range: RangeInclusive<u64>) -> Option<Duration> {
        self.u64_in(name, default, range).map(Duration::from_millis)
    }

    /// A value of any type that parses from text.
    pub fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let value = self.text(name)?;
        parse(&value).map_err(|problem| self.note(name, &problem)).ok()
    }

    /// Notes a problem that a function finds itself, for example two settings that contradict.
    pub fn note(&self, name: &str, problem: &str) {
        self.problems.borrow_mut().push(format!("{name} {problem}"));
    }

    /// Builds the config, or reports every problem that was noted.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when a getter noted a problem or `build` gives nothing.
    pub fn finish<T>(&self, build: impl FnOnce() -> Option<T>) -> Result<T, ConfigError> {
        let problems = self.problems.borrow().clone();
        let built = if problems.is_empty() { build() } else { None };
        built.ok_or(ConfigError { problems })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn parsed_url(&self, name: &str, value: &str) -> Option<Url> {
        let url = Url::parse(value).ok().filter(is_plain);
        if url.is_none() {
            self.note(name, "must be an http or https URL without credentials, query or fragment");
        }
        url
    }
}

fn is_plain(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("count", &self.values.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
