//! `POST /catalogues`: a document becomes the current catalogue, or is only compared with it.

use catalogue_loading::{CheckedCatalogue, InvalidCatalogue, read};
use external_systems::digest::of_json;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use lambda_support::caller::Caller;
use lambda_support::idempotency_key::{self, IdempotencyKey};
use lambda_support::list_parameters::invalid;
use lambda_support::problem::{Problem, ProblemCode};
use order_domain::catalogue::{Catalogue, CatalogueRejection, SeenCatalogue};
use order_store::commands::{ApplyCatalogue, ApplyCatalogueOutcome, apply_catalogue};
use serde_json::{Value, json};

use super::answer::{ApplyAnswer, FoundProblem};
use crate::handler::{Deps, begin, context_of};
use crate::preconditions::{preview, version_of};
use crate::problem::{CATALOGUE_INVALID, invalid_catalogue};

/// More than anybody corrects in one go; a document of nonsense would have a million.
const MOST_PROBLEMS: usize = 500;

/// How a catalogue is sent, besides its document.
#[derive(Debug)]
pub(crate) struct Asked {
    is_preview: bool,
    key: Option<IdempotencyKey>,
    seen: SeenCatalogue,
}

impl Asked {
    /// Reads parameters and headers: applying needs a key and the current version, a preview neither.
    pub(crate) fn parse(
        parameters: &[(String, String)],
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let is_preview = preview(parameters)?;
        let is_said = |name: &http::HeaderName| headers.contains_key(name);
        // What a preview sends without need is still read: a typo would be found out too late.
        let is_silent = is_preview && !is_said(&IF_MATCH) && !is_said(&IF_NONE_MATCH);
        let seen = if is_silent { SeenCatalogue::NotSaid } else { seen_in(headers)? };
        let has_key = !is_preview || headers.contains_key(idempotency_key::HEADER);
        let key = has_key.then(|| IdempotencyKey::from_headers(headers)).transpose()?;
        Ok(Self { is_preview, key: key.filter(|_| !is_preview), seen })
    }
}

/// The current catalogue as the caller knows it: a version, or that there is none.
fn seen_in(headers: &HeaderMap) -> Result<SeenCatalogue, Problem> {
    if !headers.contains_key(IF_NONE_MATCH) {
        let version = version_of(headers).map_err(|problem| match problem.code() {
            "PRECONDITION_REQUIRED" => problem.with_detail(
                "send the current version in If-Match, or If-None-Match: * where there is none",
            ),
            _ => problem,
        })?;
        let version = u32::try_from(version);
        let version = version.map_err(|_| invalid("If-Match", "there is no such version"))?;
        return Ok(SeenCatalogue::Version(version));
    }
    if headers.contains_key(IF_MATCH) {
        return Err(invalid("If-None-Match", "not together with If-Match"));
    }
    let mut tags = headers.get_all(IF_NONE_MATCH).iter();
    match (tags.next().map(http::HeaderValue::as_bytes), tags.next()) {
        (Some(b"*"), None) => Ok(SeenCatalogue::Nothing),
        _ => Err(invalid("If-None-Match", "only *: there is no catalogue yet")),
    }
}

/// Applies it, or tells what that would change.
pub(crate) async fn apply(
    deps: &Deps,
    caller: &Caller,
    (asked, document): (Asked, Value),
) -> Result<ApplyAnswer, Problem> {
    if asked.is_preview {
        return foresee(deps, caller, (asked, document)).await;
    }
    let checked = CheckedCatalogue::parse(document);
    let checked = checked.map_err(|invalid| refused_as_invalid(&invalid))?;
    tracing::Span::current().record("catalogue.version", checked.version());
    match run(deps, caller, (&asked, checked.into_parts())).await? {
        ApplyCatalogueOutcome::Done(report) => {
            tracing::info!(verdict = ?report.verdict, "catalogue applied");
            Ok(ApplyAnswer::from(*report))
        }
        ApplyCatalogueOutcome::Refused(rejection) => Err(problem_of(rejection)),
        ApplyCatalogueOutcome::KeyReused => Err(Problem::new(ProblemCode::IdempotencyKeyReused)),
        ApplyCatalogueOutcome::Busy => Err(Problem::unavailable()),
        // Only a preview foresees.
        ApplyCatalogueOutcome::Foreseen(..) => Err(Problem::internal()),
    }
}

/// What would happen and what would refuse it, as far as the document can be read.
async fn foresee(
    deps: &Deps,
    caller: &Caller,
    (asked, document): (Asked, Value),
) -> Result<ApplyAnswer, Problem> {
    let mut problems: Vec<FoundProblem> = match CheckedCatalogue::parse(document.clone()) {
        Ok(_) => Vec::new(),
        Err(invalid) => places(&invalid)
            .map(|(pointer, detail)| FoundProblem { code: CATALOGUE_INVALID, pointer, detail })
            .collect(),
    };
    let Ok(catalogue) = read(&document) else {
        return Ok(ApplyAnswer::unreadable().with_problems(problems));
    };
    match run(deps, caller, (&asked, (document, catalogue))).await? {
        ApplyCatalogueOutcome::Foreseen(report, rejection) => {
            problems.extend(rejection.map(|x| FoundProblem {
                code: x.code(),
                pointer: place_of(x).to_owned(),
                detail: x.to_string(),
            }));
            Ok(ApplyAnswer::from(*report).with_problems(problems))
        }
        // A preview has no key and refuses nothing.
        ApplyCatalogueOutcome::Done(_)
        | ApplyCatalogueOutcome::Refused(_)
        | ApplyCatalogueOutcome::KeyReused
        | ApplyCatalogueOutcome::Busy => Err(Problem::internal()),
    }
}

async fn run(
    deps: &Deps,
    caller: &Caller,
    (asked, (document, catalogue)): (&Asked, (Value, Catalogue)),
) -> Result<ApplyCatalogueOutcome, Problem> {
    let seen = match asked.seen {
        SeenCatalogue::Version(version) => json!(version),
        SeenCatalogue::Nothing | SeenCatalogue::NotSaid => Value::Null,
    };
    let content = json!({ "by": caller.subject, "seen": seen, "catalogue": of_json(&document) });
    let request = ApplyCatalogue {
        document,
        catalogue,
        seen: asked.seen,
        fingerprint: of_json(&content),
        is_preview: asked.is_preview,
    };
    let ctx = context_of(caller, asked.key.as_ref());
    let tx = begin(deps, caller).await?;
    apply_catalogue(tx, &ctx, &request).await.map_err(|error| Problem::of_store(&error))
}

fn refused_as_invalid(invalid: &InvalidCatalogue) -> Problem {
    places(invalid)
        .fold(invalid_catalogue(), |problem, (pointer, detail)| problem.with_error(pointer, detail))
}

/// The places that are to blame; behind so many, how many more there are.
fn places(invalid: &InvalidCatalogue) -> impl Iterator<Item = (String, String)> + '_ {
    let problems = invalid.problems();
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    let more = (more > 0).then(|| (String::new(), format!("and {more} more")));
    let told = problems.iter().take(MOST_PROBLEMS);
    told.map(|x| (x.pointer.clone(), x.detail.clone())).chain(more)
}

/// What is to be changed so that it is not refused again.
const fn place_of(rejection: CatalogueRejection) -> &'static str {
    match rejection {
        CatalogueRejection::VersionConflict => "If-Match",
        CatalogueRejection::VersionBehind | CatalogueRejection::VersionTaken => "/version",
    }
}

pub(crate) const fn status_of(rejection: CatalogueRejection) -> StatusCode {
    match rejection {
        CatalogueRejection::VersionConflict => StatusCode::PRECONDITION_FAILED,
        CatalogueRejection::VersionBehind | CatalogueRejection::VersionTaken => {
            StatusCode::CONFLICT
        }
    }
}

/// The same sentence for every rejection; what is particular is its detail.
pub(crate) const REFUSED: &str = "The catalogue does not follow the current one.";

fn problem_of(rejection: CatalogueRejection) -> Problem {
    Problem::business(status_of(rejection), rejection.code(), REFUSED)
        .with_detail(rejection.to_string())
        .with_error(place_of(rejection), rejection.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: (&str, &str) = ("idempotency-key", "k-1");

    fn asked(is_preview: bool, headers: &[(&str, &str)]) -> Result<Asked, Problem> {
        let preview = ("preview".to_owned(), is_preview.to_string());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        Asked::parse(&[preview], &map)
    }

    #[test]
    fn applying_names_the_current_version_or_says_that_there_is_none() {
        let seen = |header: (&str, &str)| asked(false, &[KEY, header]).unwrap().seen;

        assert_eq!(seen(("if-match", "\"7\"")), SeenCatalogue::Version(7));
        assert_eq!(seen(("if-none-match", "*")), SeenCatalogue::Nothing);
    }

    #[test]
    fn applying_needs_a_key_and_a_precondition_and_a_preview_neither() {
        let code = |headers: &[_]| asked(false, headers).expect_err("refused").code();

        assert_eq!(code(&[KEY]), "PRECONDITION_REQUIRED");
        assert_eq!(code(&[("if-match", "\"7\"")]), "IDEMPOTENCY_KEY_MISSING");
        let preview = asked(true, &[]).unwrap();
        assert_eq!((preview.key.is_none(), preview.seen), (true, SeenCatalogue::NotSaid));
    }

    #[test]
    fn what_is_no_precondition_is_refused_by_name_in_a_preview_too() {
        for is_preview in [false, true] {
            for (headers, pointer) in [
                (&[KEY, ("if-match", "*")][..], "If-Match"),
                (&[KEY, ("if-match", "\"-1\"")], "If-Match"),
                (&[KEY, ("if-none-match", "\"7\"")], "If-None-Match"),
                (&[KEY, ("if-none-match", "*"), ("if-match", "\"7\"")], "If-None-Match"),
            ] {
                let problem = asked(is_preview, headers).expect_err("no precondition");
                assert_eq!(problem.errors()[0].pointer, pointer, "{headers:?}");
            }
        }
    }

    #[test]
    fn a_document_of_nonsense_is_told_in_an_answer_that_can_be_read() {
        let document = json!({ "version": 1, "products": vec![json!(1); 2_000] });
        let invalid = CheckedCatalogue::parse(document).unwrap_err();

        let problem = refused_as_invalid(&invalid);

        assert_eq!(problem.errors().len(), MOST_PROBLEMS + 1);
        assert_eq!(
            problem.errors()[MOST_PROBLEMS].detail,
            "and 1501 more",
            "and too many products"
        );
    }
}
