//! Cases across orders: which are most urgent, and which went wrong alike.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lambda_support::caller::Caller;
use lambda_support::clock;
use lambda_support::cursor::{CursorScope, Position};
use lambda_support::list_parameters::{
    DEFAULT_LIMIT, Spelling, code, each_once, encoded, invalid, limit, only_true, text,
};
use lambda_support::problem::Problem;
use order_domain::fallout::{CaseStatus, Severity};
use order_domain::ids::FalloutCaseId;
use order_store::read_model::{
    CaseFilter, CasePosition, CaseSummary, SignatureSummary, list_cases, list_signatures,
};
use serde::Serialize;
use tracing::Instrument;

use crate::handler::{Deps, begin};
use crate::parameters::{Parameters, SCOPE, decoded};
use crate::responses::ListLinks;

const CASES: &str = "oms/fallout-cases/cursor/v1";

/// The parameters of `GET /fallout-cases`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct ListCases {
    status: Option<CaseStatus>,
    owner_group: Option<String>,
    owner_user: Option<String>,
    reason_code: Option<String>,
    failure_signature: Option<String>,
    severity: Option<Severity>,
    is_overdue: bool,
    target_system: Option<String>,
    limit: u16,
    cursor: Option<String>,
}

impl ListCases {
    /// Reads decoded parameters; unknown and repeated ones are refused.
    fn parse(parameters: &[(String, String)]) -> Result<Self, Problem> {
        each_once(parameters)?;
        let mut list = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        for (name, value) in parameters {
            let name = name.as_str();
            match name {
                "status" => list.status = Some(status(value)?),
                "ownerGroup" => list.owner_group = Some(text(name, value)?),
                "ownerUser" => list.owner_user = Some(text(name, value)?),
                "reasonCode" => list.reason_code = Some(text(name, value)?),
                "failureSignature" => list.failure_signature = Some(text(name, value)?),
                "severity" => list.severity = Some(severity(value)?),
                "overdue" => list.is_overdue = only_true(name, value)?,
                "targetSystem" => list.target_system = Some(code(name, value)?),
                "limit" => list.limit = limit(value)?,
                "cursor" => list.cursor = Some(value.clone()),
                _ => {
                    let known = "known are status, ownerGroup, ownerUser, reasonCode, \
                        failureSignature, severity, overdue, targetSystem, limit and cursor";
                    return Err(invalid("query", known));
                }
            }
        }
        Ok(list)
    }

    /// The filter in one spelling: as it stands in links, and what cursors are bound to.
    fn spelling(&self) -> String {
        Spelling::default()
            .with("status", self.status.map(CaseStatus::as_str))
            .with("ownerGroup", self.owner_group.as_deref())
            .with("ownerUser", self.owner_user.as_deref())
            .with("reasonCode", self.reason_code.as_deref())
            .with("failureSignature", self.failure_signature.as_deref())
            .with("severity", self.severity.map(Severity::as_str))
            .with("overdue", self.is_overdue.then_some("true"))
            .with("targetSystem", self.target_system.as_deref())
            .into_text()
    }

    fn filter(&self, now: Timestamp, after: Option<CasePosition>) -> CaseFilter {
        CaseFilter {
            status: self.status,
            owner_group: self.owner_group.clone(),
            owner_user: self.owner_user.clone(),
            reason_code: self.reason_code.clone(),
            failure_signature: self.failure_signature.clone(),
            severity: self.severity,
            is_overdue: self.is_overdue,
            target_system: self.target_system.clone(),
            now,
            after,
            limit: self.limit,
        }
    }
}

fn status(text: &str) -> Result<CaseStatus, Problem> {
    text.parse().map_err(|_unknown| invalid("status", "there is no such status of a case"))
}

fn severity(text: &str) -> Result<Severity, Problem> {
    text.parse().map_err(|_unknown| invalid("severity", "MINOR, MAJOR or CRITICAL"))
}

/// `GET /fallout-cases`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaseList {
    fallout_cases: Vec<ListedCase>,
    links: ListLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListedCase {
    #[serde(flatten)]
    case: CaseSummary,
    links: CaseLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ListedCaseLinks"))]
#[serde(rename_all = "camelCase")]
struct CaseLinks {
    order: String,
    fallout_case: String,
}

impl From<CaseSummary> for ListedCase {
    fn from(case: CaseSummary) -> Self {
        let order = format!("/orders/{}", case.order_id);
        let fallout_case = format!("{order}/fallout-cases/{}", case.fallout_case_id);
        Self { links: CaseLinks { order, fallout_case }, case }
    }
}

/// `GET /fallout-signatures`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignatureList {
    fallout_signatures: Vec<ListedSignature>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ListedSignature {
    #[serde(flatten)]
    signature: SignatureSummary,
    sentence: String,
    links: SignatureLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct SignatureLinks {
    fallout_cases: String,
    orders: String,
    oldest_fallout_case: String,
}

impl From<SignatureSummary> for ListedSignature {
    fn from(signature: SignatureSummary) -> Self {
        let filter = format!("?failureSignature={}", encoded(&signature.failure_signature));
        let (order, case) = (signature.oldest_order_id, signature.oldest_case_id);
        let links = SignatureLinks {
            fallout_cases: format!("/fallout-cases{filter}"),
            orders: format!("/orders{filter}"),
            oldest_fallout_case: format!("/orders/{order}/fallout-cases/{case}"),
        };
        Self { sentence: signature.sentence(), links, signature }
    }
}

pub(crate) async fn get_cases(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<CaseList>, Problem> {
    let span = tracing::info_span!("list_cases", tenant.id = caller.tenant.as_str());
    async {
        caller.require_scope(SCOPE)?;
        let request = ListCases::parse(&decoded(query)?)?;
        cases(&deps, &caller, &request).await.map(Json)
    }
    .instrument(span)
    .await
}

pub(crate) async fn get_signatures(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    query: Parameters,
) -> Result<Json<SignatureList>, Problem> {
    let span = tracing::info_span!("list_signatures", tenant.id = caller.tenant.as_str());
    async {
        caller.require_scope(SCOPE)?;
        signatures(&deps, &caller, &decoded(query)?).await.map(Json)
    }
    .instrument(span)
    .await
}

/// One page of the tenant's cases, most urgent first.
async fn cases(deps: &Deps, caller: &Caller, request: &ListCases) -> Result<CaseList, Problem> {
    let bound = request.spelling();
    let scope = CursorScope { list: CASES, tenant: &caller.tenant, filter: &bound };
    let after = deps.cursors.position(scope, request.cursor.as_deref()).await?;
    let after = after
        .map(|x| CasePosition { due_key: x.at, fallout_case_id: FalloutCaseId::from_uuid(x.id) });
    let filter = request.filter(clock::system()(), after);
    let tx = begin(deps, caller).await?;
    let page = list_cases(tx, &filter).await.map_err(|error| Problem::of_store(&error))?;
    let last = page.next.map(|x| Position { at: x.due_key, id: x.fallout_case_id.as_uuid() });
    let link = |cursor| format!("/fallout-cases?limit={}{bound}&cursor={cursor}", request.limit);
    let next = deps.cursors.next(scope, last).await?.map(link);
    let fallout_cases = page.cases.into_iter().map(ListedCase::from).collect();
    Ok(CaseList { fallout_cases, links: ListLinks { next } })
}

/// What went wrong alike, the most orders first; there are few, so there are no pages.
async fn signatures(
    deps: &Deps,
    caller: &Caller,
    parameters: &[(String, String)],
) -> Result<SignatureList, Problem> {
    each_once(parameters)?;
    let (mut system, mut at_most) = (None, DEFAULT_LIMIT);
    for (name, value) in parameters {
        match name.as_str() {
            "targetSystem" => system = Some(code(name, value)?),
            "limit" => at_most = limit(value)?,
            _ => return Err(invalid("query", "known are targetSystem and limit")),
        }
    }
    let tx = begin(deps, caller).await?;
    let found = list_signatures(tx, system.as_deref(), at_most).await;
    let found = found.map_err(|error| Problem::of_store(&error))?;
    let fallout_signatures = found.into_iter().map(ListedSignature::from).collect();
    Ok(SignatureList { fallout_signatures })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListCases, Problem> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ListCases::parse(&pairs.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_filter_has_one_spelling_whatever_the_order_of_its_parameters() {
        let one = parse(&[("severity", "MAJOR"), ("ownerGroup", "order-operations")]).unwrap();
        let other = parse(&[("ownerGroup", "order-operations"), ("severity", "MAJOR")]).unwrap();

        assert_eq!(one.spelling(), "&ownerGroup=order-operations&severity=MAJOR");
        assert_eq!(one.spelling(), other.spelling());
    }

    #[test]
    fn every_filter_is_spelled_and_asked_for() {
        let now = Timestamp::UNIX_EPOCH;
        let plain = parse(&[]).unwrap();
        for (name, value) in [
            ("status", "OPEN"),
            ("ownerGroup", "order-operations"),
            ("ownerUser", "ann"),
            ("reasonCode", "LINE_BUSY"),
            ("failureSignature", "CRM/create/LINE_BUSY"),
            ("severity", "MAJOR"),
            ("overdue", "true"),
            ("targetSystem", "CRM"),
        ] {
            let list = parse(&[(name, value)]).unwrap();
            assert_eq!(list.spelling(), format!("&{name}={value}"));
            assert_ne!(list.filter(now, None), plain.filter(now, None), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_name() {
        for (pairs, pointer) in [
            (&[("status", "open")][..], "status"),
            (&[("severity", "HIGH")], "severity"),
            (&[("overdue", "yes")], "overdue"),
            (&[("targetSystem", "a/b")], "targetSystem"),
            (&[("ownerUser", "")], "ownerUser"),
            (&[("quoteId", "Q-1")], "query"),
            (&[("severity", "MAJOR"), ("severity", "MAJOR")], "query"),
        ] {
            let problem = parse(pairs).expect_err("not understandable");
            assert_eq!(problem.errors()[0].pointer, pointer, "{pairs:?}");
        }
    }
}
