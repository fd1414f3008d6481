//! What every `main` does first: logs, panics and TLS.

use std::panic;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{ConfigError, Settings};
use crate::log::FlatJson;
use crate::tls;

/// The function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// `OMS_LOG_LEVEL` is not a level or filter.
    #[error("the log settings are wrong")]
    Config(#[source] ConfigError),
}

/// Starts logging as `function` and installs the TLS provider; a second call changes nothing.
///
/// `OMS_LOG_LEVEL` takes a level or a filter (`info,order_store=debug`); the default is `info`.
///
/// # Errors
///
/// [`InitError::Config`] when `OMS_LOG_LEVEL` cannot be read.
pub fn init(function: &'static str) -> Result<(), InitError> {
    tls::install_provider();
    let filter = filter(&Settings::from_env()).map_err(InitError::Config)?;
    let subscriber =
        tracing_subscriber::registry().with(filter).with(layer(function, std::io::stdout));
    if subscriber.try_init().is_ok() {
        log_panics();
    }
    Ok(())
}

fn filter(settings: &Settings) -> Result<EnvFilter, ConfigError> {
    let level = settings.text_or("OMS_LOG_LEVEL", "info");
    let filter = EnvFilter::try_new(&level).ok();
    if filter.is_none() {
        settings.note("OMS_LOG_LEVEL", "must be error, warn, info, debug, trace or a filter");
    }
    settings.finish(|| filter)
}

/// The layer that writes flat JSON lines.
pub(crate) fn layer<S, W>(function: &'static str, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(FlatJson { function })
        .with_writer(writer)
}

/// A panic becomes one log line; formatted payloads are left out, because they can quote data.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let invariant = panic.payload().downcast_ref::<&str>().copied().unwrap_or("(formatted)");
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.location = location, panic.invariant = invariant, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_level_is_reported_as_a_setting() {
        let settings = Settings::from_pairs([("OMS_LOG_LEVEL", "order_store=loud")]);
        let error = filter(&settings).expect_err("loud is no level");

        assert!(error.problems()[0].starts_with("OMS_LOG_LEVEL"));
        assert!(filter(&Settings::default()).is_ok());
    }
}
