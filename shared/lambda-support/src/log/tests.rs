use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::*;

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

pub(crate) fn lines(act: impl FnOnce()) -> Vec<Value> {
    let sink = Sink::default();
    let subscriber =
        tracing_subscriber::registry().with(crate::init::layer("billing-activate", sink.clone()));
    tracing::subscriber::with_default(subscriber, act);
    let bytes = sink.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn fields_of_spans_and_event_are_flat_and_the_innermost_wins() {
    let logged = lines(|| {
        let outer = tracing::info_span!(
            "task",
            tenant.id = "acme",
            order.id = tracing::field::Empty,
            activity.id = "outer"
        );
        let _outer = outer.enter();
        outer.record("order.id", "o-1");
        let inner = tracing::info_span!("step", activity.id = "inner", order.version = 3);
        let _inner = inner.enter();
        tracing::info!(attempt_count = 2, is_late = true, "task completed");
    });

    assert_eq!(logged.len(), 1);
    let line = logged[0].as_object().unwrap();
    assert_eq!(line["message"], "task completed");
    assert_eq!(line["function"], "billing-activate");
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["tenant.id"], "acme");
    assert_eq!(line["order.id"], "o-1");
    assert_eq!(line["order.version"], 3);
    assert_eq!(line["activity.id"], "inner");
    assert_eq!(line["attempt_count"], 2);
    assert_eq!(line["is_late"], true);
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_message_with_line_breaks_and_quotes_stays_one_line() {
    let logged = lines(|| tracing::warn!(detail = "a\"b\nc", "first\nsecond"));

    assert_eq!(logged.len(), 1);
    assert_eq!(logged[0]["message"], "first\nsecond");
    assert_eq!(logged[0]["detail"], "a\"b\nc");
}

#[test]
fn reserved_fields_cannot_be_overwritten() {
    let logged = lines(|| tracing::info!(level = "forged", function = "forged", "m"));

    assert_eq!(
        (&logged[0]["level"], &logged[0]["function"]),
        (&json!("INFO"), &json!("billing-activate"))
    );
}

#[test]
fn an_error_is_logged_with_its_whole_chain() {
    #[derive(Debug, thiserror::Error)]
    #[error("the step could not be stored")]
    struct Outer(#[source] io::Error);

    let logged = lines(|| {
        let error = Outer(io::Error::other("connection reset"));
        tracing::error!(error = &error as &dyn std::error::Error, "step failed");
    });

    assert_eq!(logged[0]["error"], "the step could not be stored: connection reset");
}
