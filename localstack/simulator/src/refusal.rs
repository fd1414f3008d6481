//! Answers to requests that the simulator cannot serve.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use crate::journal::JournalLost;
use crate::system::UnknownSystem;

/// A status and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    detail: String,
}

impl Refusal {
    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, detail: detail.into() }
    }

    pub(crate) fn method_not_allowed(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, detail: detail.into() }
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, detail: detail.into() }
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, detail: detail.into() }
    }
}

impl From<UnknownSystem> for Refusal {
    fn from(error: UnknownSystem) -> Self {
        Self::not_found(error.to_string())
    }
}

impl From<JournalLost> for Refusal {
    fn from(error: JournalLost) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, detail: error.to_string() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"detail": self.detail}))).into_response()
    }
}
