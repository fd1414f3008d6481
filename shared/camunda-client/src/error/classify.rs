//! From an answer that is no success to an [`EngineError`].
//!
//! Reading the body never fails: it may be empty (401), plain text (malformed JSON) or HTML from
//! a proxy. Such a body classifies by status alone, so a proxy's 404 never looks like a task that
//! is gone.

use serde::Deserialize;

use super::{EngineError, GoneSubject, ModelProblem};
use crate::calls::CallKind;

/// How much of an answer is kept: enough for the engine's sentence, not for a page of HTML.
const DETAIL_LIMIT: usize = 400;

/// Arguments whose absence or value the engine refuses with 500, although it is our mistake.
/// "execution is null" and "task is null" read alike and mean something else.
const ARGUMENTS: [&str; 9] = [
    "workerId",
    "topicName",
    "errorCode",
    "externalTaskId",
    "retries",
    "retryDuration",
    "maxResults",
    "lockTime",
    "retryTimeout",
];

/// Texts of races on one instance that the engine rolled back without code 1.
const RACES: [&str; 3] =
    ["Cannot resolve parent", "execution is null", "does not have a subscription"];

/// The engine's error body; anything else reads as its default.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(rename = "type")]
    type_name: String,
    message: Option<String>,
    code: Option<i64>,
    details: Option<serde_json::Map<String, serde_json::Value>>,
}

/// An answer, read as far as it can be.
struct Answer {
    call: CallKind,
    status: u16,
    body: ErrorBody,
    detail: String,
}

/// Classifies an answer whose status is no success.
pub(crate) fn classify(call: CallKind, status: u16, bytes: &[u8]) -> EngineError {
    let parsed = serde_json::from_slice::<ErrorBody>(bytes);
    let body = parsed.unwrap_or_default();
    let text = body.message.clone().unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned());
    let detail = text.chars().filter(|c| !c.is_control()).take(DETAIL_LIMIT).collect();
    let answer = Answer { call, status, body, detail };
    match status {
        300..=399 | 405 | 415 => answer.wrong_address(),
        400 => answer.bad_request(),
        401 | 403 => EngineError::AccessDenied { call, status },
        404 => answer.not_found(),
        429 | 503 => answer.overloaded(),
        413 | 422 => answer.refused(),
        500 => answer.server_error(),
        _ => answer.unexpected(),
    }
}

impl Answer {
    /// Only the engine's own message counts; text of a proxy must not decide anything.
    fn says(&self, part: &str) -> bool {
        self.body.message.as_deref().is_some_and(|message| message.contains(part))
    }

    fn bad_request(self) -> EngineError {
        let Self { call, .. } = self;
        if self.says("is locked by worker") || self.says("Cannot extend a lock that expired") {
            EngineError::LockLost { call, detail: self.detail }
        } else if self.says("ENGINE-03043") || self.says("is suspended") {
            EngineError::InstanceSuspended { call, detail: self.detail }
        } else if self.says("No process definition or execution matches the parameters") {
            EngineError::NoMatch { call, detail: self.detail }
        } else if self.says("ENGINE-13031") || self.says("to a single execution") {
            EngineError::AmbiguousMatch { call, detail: self.detail }
        } else if self.body.type_name == "ParseException" || self.says("ENGINE-12018") {
            let problems = self.body.details.as_ref().map(model_problems).unwrap_or_default();
            EngineError::ModelRefused { call, detail: self.detail, problems }
        } else {
            self.refused()
        }
    }

    fn not_found(self) -> EngineError {
        if self.says("External task with id") {
            self.gone(GoneSubject::ExternalTask)
        } else if self.says("No matching process definition with key") {
            EngineError::DefinitionMissing { call: self.call, detail: self.detail }
        } else if self.says("Process instance with id") || self.says("No process instance found") {
            self.gone(GoneSubject::ProcessInstance)
        } else if self.says("No job found") {
            self.gone(GoneSubject::Job)
        } else {
            self.wrong_address()
        }
    }

    fn server_error(self) -> EngineError {
        let Self { call, .. } = self;
        match self.body.code {
            Some(1) => EngineError::LostRace { call, detail: self.detail },
            Some(10_000) => EngineError::Deadlock { call, detail: self.detail },
            Some(10_001) => EngineError::DeletedMeanwhile { call, detail: self.detail },
            Some(10_002) => EngineError::ValueTooLong { call, detail: self.detail },
            _ => self.server_error_by_text(),
        }
    }

    fn server_error_by_text(self) -> EngineError {
        let Self { call, .. } = self;
        if self.says("ENGINE-09003") {
            // A file that is no XML at all; every other complaint of the parser comes with 400.
            self.model_refused()
        } else if self.says("ENGINE-13033") {
            EngineError::UncaughtBpmnError { call, detail: self.detail }
        } else if self.says("ENGINE-02004") || self.says("Unknown property used in expression") {
            EngineError::ContinuationFailed { call, detail: self.detail }
        } else if self.says("Cannot find task with id") {
            self.gone(GoneSubject::UserTask)
        } else if self.says("No job found") {
            self.gone(GoneSubject::Job)
        } else if self.says("Could not open JDBC Connection") {
            EngineError::DatabaseUnavailable { call, detail: self.detail }
        } else if self.says("too many requests at the same time")
            || self.says("shutdown of application server")
        {
            self.overloaded()
        } else if RACES.iter().any(|text| self.says(text)) {
            EngineError::LostRace { call, detail: self.detail }
        } else if self.complains_about_an_argument() {
            self.refused()
        } else if self.says("An exception occurred in the persistence layer") {
            EngineError::PersistenceFailed { call, detail: self.detail }
        } else {
            self.unexpected()
        }
    }

    fn complains_about_an_argument(&self) -> bool {
        ARGUMENTS.iter().any(|name| {
            self.says(&format!("{name} is null")) || self.says(&format!("{name} is not greater"))
        }) || self.says("Error Message is empty")
            || self.says("Error Code is empty")
    }

    fn model_refused(self) -> EngineError {
        let problems = self.body.details.as_ref().map(model_problems).unwrap_or_default();
        EngineError::ModelRefused { call: self.call, detail: self.detail, problems }
    }

    fn gone(self, subject: GoneSubject) -> EngineError {
        EngineError::Gone { call: self.call, subject, detail: self.detail }
    }

    fn refused(self) -> EngineError {
        EngineError::BadRequest { call: self.call, status: self.status, detail: self.detail }
    }

    fn overloaded(self) -> EngineError {
        EngineError::Overloaded { call: self.call, status: self.status, detail: self.detail }
    }

    fn wrong_address(self) -> EngineError {
        EngineError::WrongAddress { call: self.call, status: self.status, detail: self.detail }
    }

    fn unexpected(self) -> EngineError {
        EngineError::UnexpectedAnswer { call: self.call, status: self.status, detail: self.detail }
    }
}

/// Reads `details.<file>.errors[]`; the key of the element ids differs between engines (one
/// starts with a Cyrillic letter), so only `mainElementId` is read.
fn model_problems(details: &serde_json::Map<String, serde_json::Value>) -> Vec<ModelProblem> {
    let problem = |resource: &str, error: &serde_json::Value| ModelProblem {
        resource: resource.to_owned(),
        message: error["message"].as_str().unwrap_or_default().to_owned(),
        line: error["line"].as_u64().and_then(|line| u32::try_from(line).ok()),
        element_id: error["mainElementId"].as_str().map(ToOwned::to_owned),
    };
    details
        .iter()
        .filter_map(|(resource, report)| Some((resource, report["errors"].as_array()?)))
        .flat_map(|(resource, errors)| errors.iter().map(move |error| problem(resource, error)))
        .collect()
}
