//! A refusal of the API (RFC 9457), as far as there is one.

use serde_json::{Value, json};

use crate::exit::Exit;
use crate::fields::{first_text, list, shown, text};

/// The longest text of something that is no problem document.
const LONGEST: usize = 200;

/// What the API says when it does not do what was asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problem {
    status: u16,
    code: Option<String>,
    /// What happened, the places to blame, and what support asks for.
    sentences: Vec<String>,
}

impl Problem {
    /// Reads a body; what is no problem document is shown as it came, up to a limit.
    pub(crate) fn read(status: u16, body: &str) -> Self {
        let cut: String = body.trim().chars().take(LONGEST).collect();
        let document = serde_json::from_str(body).ok().filter(Value::is_object);
        let document = document.unwrap_or_else(|| json!({"detail": cut}));
        // The gateway before the API has its own form.
        let detail = first_text(&document, &["/detail", "/message"]);
        let sentence: Vec<String> = text(&document, "/title").into_iter().chain(detail).collect();
        let place = |x: &Value| format!("{}: {}", shown(x, "/pointer"), shown(x, "/detail"));
        let support = text(&document, "/correlationId").map(|id| format!("correlation id {id}"));
        let sentences = std::iter::once(sentence.join(" "))
            .chain(list(&document, "/errors").iter().map(place))
            .chain(support);
        let sentences = sentences.filter(|sentence| !sentence.is_empty()).collect();
        Self { status, code: text(&document, "/code"), sentences }
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    /// The stable code.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// `VERSION_CONFLICT (412)`.
    pub(crate) fn headline(&self) -> String {
        format!("{} ({})", self.code.as_deref().unwrap_or("no code"), self.status)
    }

    /// What happened, the places to blame, and what support asks for.
    pub(crate) fn sentences(&self) -> &[String] {
        &self.sentences
    }

    /// Whether the same request may be answered otherwise a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504) || self.has_code("REQUEST_IN_PROGRESS")
    }

    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            _ if self.is_passing() => Exit::Technical,
            _ if self.has_code("VERSION_CONFLICT") => Exit::Stale,
            401 | 403 => Exit::NotAllowed,
            404 => Exit::NotFound,
            412 | 428 => Exit::Stale,
            409 | 422 => Exit::Refused,
            400..500 => Exit::Usage,
            _ => Exit::Technical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(status: u16, code: &str) -> Exit {
        Problem::read(status, &format!(r#"{{"code":"{code}"}}"#)).exit()
    }

    #[test]
    fn every_answer_has_its_exit_code() {
        for (status, code, expected) in [
            (400, "PARAMETER_INVALID", Exit::Usage),
            (405, "METHOD_NOT_ALLOWED", Exit::Usage),
            (401, "TOKEN_INVALID", Exit::NotAllowed),
            (403, "ROLE_NOT_ALLOWED", Exit::NotAllowed),
            (404, "NOT_FOUND", Exit::NotFound),
            (409, "LINE_NOT_WAIVABLE", Exit::Refused),
            (409, "REQUEST_IN_PROGRESS", Exit::Technical),
            (409, "VERSION_CONFLICT", Exit::Stale),
            (412, "VERSION_CONFLICT", Exit::Stale),
            (428, "PRECONDITION_REQUIRED", Exit::Stale),
            (422, "REASON_REQUIRED", Exit::Refused),
            (429, "", Exit::Technical),
            (500, "INTERNAL_ERROR", Exit::Technical),
            (503, "SOURCE_UNAVAILABLE", Exit::Technical),
        ] {
            assert_eq!(exit(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn what_is_no_problem_document_is_shown_as_it_came() {
        let page = Problem::read(502, &"<html>".repeat(100));
        assert_eq!(page.headline(), "no code (502)");
        assert_eq!(page.sentences()[0].chars().count(), LONGEST);

        for odd in [r#"{"errors":null,"code":7}"#, r#"["x"]"#, "\"x\""] {
            assert_eq!(Problem::read(400, odd).exit(), Exit::Usage, "{odd}");
        }
        let gateway = Problem::read(403, r#"{"message":"Forbidden"}"#);
        assert_eq!(gateway.sentences(), ["Forbidden"]);
    }
}
