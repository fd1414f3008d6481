//! What a caller says besides the body: only a preview, and which version was decided on.

use http::HeaderMap;
use http::header::IF_MATCH;
use lambda_support::list_parameters::{each_once, invalid};
use lambda_support::problem::{Problem, ProblemCode};

/// Whether only a preview is asked for; no other parameter is known.
pub(crate) fn preview(parameters: &[(String, String)]) -> Result<bool, Problem> {
    each_once(parameters)?;
    let mut is_preview = false;
    for (name, value) in parameters {
        is_preview = match (name.as_str(), value.as_str()) {
            ("preview", "true") => true,
            ("preview", "false") => false,
            ("preview", _) => return Err(invalid("preview", "true or false")),
            _ => return Err(invalid("query", "known is preview")),
        };
    }
    Ok(is_preview)
}

/// The version in `If-Match`: one strong tag, as the thing was answered with.
pub(crate) fn version_of(headers: &HeaderMap) -> Result<i64, Problem> {
    let mut tags = headers.get_all(IF_MATCH).iter();
    let Some(tag) = tags.next() else {
        return Err(Problem::new(ProblemCode::PreconditionRequired));
    };
    let text = tag.to_str().ok().filter(|_| tags.next().is_none());
    let inner = text.and_then(|x| x.trim().strip_prefix('"')).and_then(|x| x.strip_suffix('"'));
    inner
        .and_then(|x| x.parse().ok())
        .ok_or_else(|| invalid("If-Match", "one version in quotes, as the ETag that was read"))
}
