//! The documents about catalogues; links are paths below the API's base URL.

use axum::Json;
use axum::response::{IntoResponse, Response};
use order_domain::catalogue::CatalogueDifference;
use order_store::commands::{CatalogueReport, CatalogueVerdict};
use order_store::read_model::{CatalogueSummary, CatalogueView};
use serde::Serialize;

use crate::responses::{ListLinks, tagged};

/// `GET /catalogues`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CatalogueList {
    pub(crate) catalogues: Vec<ListedCatalogue>,
    pub(crate) links: ListLinks,
}

/// One version of the list.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ListedCatalogue {
    #[serde(flatten)]
    summary: CatalogueSummary,
    links: CatalogueLinks,
}

/// `GET /catalogues/current` and `GET /catalogues/{version}`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CatalogueDocument {
    #[serde(flatten)]
    view: CatalogueView,
    links: CatalogueLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CatalogueLinks {
    catalogue: String,
}

/// The answer to `POST /catalogues`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyAnswer {
    /// What became of the document.
    verdict: CatalogueVerdict,
    /// What would refuse it; only a preview has any.
    problems: Vec<FoundProblem>,
    /// Its version; absent where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// SHA-256 of its content.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// How many products it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    product_count: Option<u32>,
    /// The version that was the current one before: what `If-Match` takes after a preview.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_version: Option<u32>,
    /// What it changes against that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<CatalogueDifference>,
    /// What that means, in sentences.
    sentences: Vec<String>,
    links: ApplyLinks,
}

/// One reason for which a document would be refused.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FoundProblem {
    /// With which code.
    pub(crate) code: &'static str,
    /// JSON pointer into the document, or the name of a header.
    pub(crate) pointer: String,
    /// What is wrong there.
    pub(crate) detail: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ApplyLinks {
    current: &'static str,
}

impl CatalogueLinks {
    fn of(summary: &CatalogueSummary) -> Self {
        Self { catalogue: format!("/catalogues/{}", summary.version) }
    }
}

impl From<CatalogueSummary> for ListedCatalogue {
    fn from(summary: CatalogueSummary) -> Self {
        Self { links: CatalogueLinks::of(&summary), summary }
    }
}

impl From<CatalogueView> for CatalogueDocument {
    fn from(view: CatalogueView) -> Self {
        Self { links: CatalogueLinks::of(&view.summary), view }
    }
}

impl IntoResponse for CatalogueDocument {
    /// The tag is the version, for `If-Match` of the next one; what a version says never changes.
    fn into_response(self) -> Response {
        let version = self.view.summary.version;
        tagged(i64::from(version), Json(self))
    }
}

impl From<CatalogueReport> for ApplyAnswer {
    fn from(report: CatalogueReport) -> Self {
        Self {
            verdict: report.verdict,
            version: Some(report.version),
            digest: Some(report.digest),
            product_count: Some(report.product_count),
            previous_version: report.previous_version,
            difference: Some(report.difference),
            sentences: report.sentences,
            ..Self::unreadable()
        }
    }
}

impl ApplyAnswer {
    /// A preview of something that says nothing.
    pub(crate) const fn unreadable() -> Self {
        Self {
            verdict: CatalogueVerdict::Preview,
            problems: Vec::new(),
            version: None,
            digest: None,
            product_count: None,
            previous_version: None,
            difference: None,
            sentences: Vec::new(),
            links: ApplyLinks { current: "/catalogues/current" },
        }
    }

    /// With what would refuse it.
    pub(crate) fn with_problems(self, problems: Vec<FoundProblem>) -> Self {
        Self { problems, ..self }
    }
}
