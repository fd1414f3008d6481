//! What an order costs the engine, counted in the engine's own access log.

use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::Result;

use crate::engine::ACCESS_LOG;
use crate::stack::StackLayout;

/// Where functions call; people in Cockpit and its siblings call below `/camunda/`.
const REST_API: &str = "/engine-rest/";

/// Calls since the demo began; its own questions are reads and do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EngineCalls {
    log: PathBuf,
    offset: u64,
    /// Starts, completions, BPMN errors and messages.
    pub(super) per_order: u32,
    /// Polls for work, which all orders share.
    pub(super) fetches: u32,
}

impl EngineCalls {
    pub(super) fn from_now(layout: &StackLayout) -> Result<Self> {
        let log = layout.log(ACCESS_LOG);
        let offset = std::fs::metadata(&log)?.len();
        Ok(Self { log, offset, per_order: 0, fetches: 0 })
    }

    pub(super) fn read(&mut self) -> Result<()> {
        let mut file = std::fs::File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        self.offset += text.len() as u64;
        text.lines().for_each(|line| self.count(line));
        Ok(())
    }

    fn count(&mut self, line: &str) {
        let mut words = line.split(' ').skip(1);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        if !path.starts_with(REST_API) {
            return;
        }
        if path.ends_with("/external-task/fetchAndLock") {
            self.fetches += 1;
        } else if method == "POST" && is_of_an_order(path) {
            self.per_order += 1;
        }
    }
}

fn is_of_an_order(path: &str) -> bool {
    path.ends_with("/start")
        || path.ends_with("/message")
        || (path.contains("/external-task/") || path.contains("/task/"))
            && ["/complete", "/bpmnError", "/failure"].iter().any(|end| path.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_functions_is_counted_and_reading_and_people_in_cockpit_are_not() {
        let mut calls = EngineCalls { log: PathBuf::new(), offset: 0, per_order: 0, fetches: 0 };

        for line in [
            "t POST /engine-rest/process-definition/key/order-fulfillment/start 200 1",
            "t POST /engine-rest/external-task/fetchAndLock 200 1",
            "t POST /engine-rest/external-task/ab/complete 204 1",
            "t POST /engine-rest/message 204 1",
            "t POST /engine-rest/history/process-instance 200 1",
            "t GET /engine-rest/process-definition/count 200 1",
            "t GET /camunda/app/cockpit/default/ 200 1",
            "t POST /camunda/api/engine/engine/default/task/ab/complete 204 1",
            "t POST /camunda/api/engine/engine/default/external-task/fetchAndLock 200 1",
            "t POST /camunda/api/engine/engine/default/process-definition/key/order-fulfillment/start 200 1",
        ] {
            calls.count(line);
        }

        assert_eq!((calls.per_order, calls.fetches), (3, 1));
    }
}
