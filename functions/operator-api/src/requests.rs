//! The parameters of `GET /orders`.

use jiff::{SignedDuration, Timestamp};
use lambda_support::list_parameters::{
    DEFAULT_LIMIT, Spelling, code, duration, each_once, invalid, limit, only_true, text,
};
use lambda_support::problem::Problem;
use order_domain::order::OrderStatus;
use order_store::read_model::{OrderFilter, OrderPosition};

const KNOWN: &str = "known are status, stuckLongerThan, attemptsAtLeast, reasonCode, \
    failureSignature, targetSystem, overdue, ownerGroup, ownerUser, externalReference, quoteId, \
    text, limit and cursor";

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ListOrders {
    pub(crate) status: Option<OrderStatus>,
    stuck_longer_than: Option<SignedDuration>,
    attempts_at_least: Option<u16>,
    reason_code: Option<String>,
    failure_signature: Option<String>,
    target_system: Option<String>,
    is_overdue: bool,
    owner_group: Option<String>,
    owner_user: Option<String>,
    external_reference: Option<String>,
    quote_id: Option<String>,
    text: Option<String>,
    pub(crate) limit: u16,
    pub(crate) cursor: Option<String>,
}

impl ListOrders {
    /// Reads decoded parameters; unknown and repeated ones are refused.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, Problem> {
        each_once(parameters)?;
        let mut list = Self { limit: DEFAULT_LIMIT, ..Self::default() };
        for (name, value) in parameters {
            let name = name.as_str();
            match name {
                "status" => list.status = Some(status(value)?),
                "stuckLongerThan" => list.stuck_longer_than = Some(duration(name, value)?),
                "attemptsAtLeast" => list.attempts_at_least = Some(attempts(value)?),
                "reasonCode" => list.reason_code = Some(text(name, value)?),
                "failureSignature" => list.failure_signature = Some(text(name, value)?),
                "targetSystem" => list.target_system = Some(code(name, value)?),
                "overdue" => list.is_overdue = only_true(name, value)?,
                "ownerGroup" => list.owner_group = Some(text(name, value)?),
                "ownerUser" => list.owner_user = Some(text(name, value)?),
                "externalReference" => list.external_reference = Some(text(name, value)?),
                "quoteId" => list.quote_id = Some(text(name, value)?),
                "text" => list.text = Some(text(name, value)?),
                "limit" => list.limit = limit(value)?,
                "cursor" => list.cursor = Some(value.clone()),
                // The name is the caller's own text and is not repeated.
                _ => return Err(invalid("query", KNOWN)),
            }
        }
        Ok(list)
    }

    /// The filter in one spelling: as it stands in links, and what cursors are bound to.
    pub(crate) fn spelling(&self) -> String {
        let stuck = self.stuck_longer_than.map(|x| x.to_string());
        let attempts = self.attempts_at_least.map(|x| x.to_string());
        Spelling::default()
            .with("status", self.status.map(OrderStatus::as_str))
            .with("stuckLongerThan", stuck.as_deref())
            .with("attemptsAtLeast", attempts.as_deref())
            .with("reasonCode", self.reason_code.as_deref())
            .with("failureSignature", self.failure_signature.as_deref())
            .with("targetSystem", self.target_system.as_deref())
            .with("overdue", self.is_overdue.then_some("true"))
            .with("ownerGroup", self.owner_group.as_deref())
            .with("ownerUser", self.owner_user.as_deref())
            .with("externalReference", self.external_reference.as_deref())
            .with("quoteId", self.quote_id.as_deref())
            .with("text", self.text.as_deref())
            .into_text()
    }

    /// The same list behind `cursor`, as a path below the API's base URL.
    pub(crate) fn link(&self, cursor: &str) -> String {
        format!("/orders?limit={}{}&cursor={cursor}", self.limit, self.spelling())
    }

    /// What the store is asked for at this time.
    pub(crate) fn filter(&self, now: Timestamp, after: Option<OrderPosition>) -> OrderFilter {
        let stuck_since = self.stuck_longer_than.and_then(|x| now.checked_sub(x).ok());
        OrderFilter {
            status: self.status,
            quote_id: self.quote_id.clone(),
            text: self.text.clone(),
            owner_group: self.owner_group.clone(),
            owner_user: self.owner_user.clone(),
            reason_code: self.reason_code.clone(),
            failure_signature: self.failure_signature.clone(),
            is_overdue: self.is_overdue,
            attempts_at_least: self.attempts_at_least,
            target_system: self.target_system.clone(),
            stuck_since,
            external_reference: self.external_reference.clone(),
            now,
            after,
            limit: self.limit,
        }
    }
}

fn status(text: &str) -> Result<OrderStatus, Problem> {
    text.parse().map_err(|_unknown| invalid("status", "there is no such order status"))
}

/// The first attempt is no retry.
fn attempts(text: &str) -> Result<u16, Problem> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let attempts = text.parse().ok().filter(|x| is_plain && (2..=100).contains(x));
    attempts.ok_or_else(|| invalid("attemptsAtLeast", "a whole number from 2 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ListOrders, Problem> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        ListOrders::parse(&pairs.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_page_has_fifty_orders_unless_said_otherwise() {
        assert_eq!(parse(&[]).unwrap().limit, DEFAULT_LIMIT);
        assert_eq!(parse(&[("limit", "1")]).unwrap().limit, 1);
        assert_eq!(parse(&[("limit", "100")]).unwrap().limit, 100);
    }

    #[test]
    fn what_cannot_be_understood_is_refused_by_name() {
        for (pairs, pointer) in [
            (&[("limit", "0")][..], "limit"),
            (&[("limit", "101")], "limit"),
            (&[("limit", "+5")], "limit"),
            (&[("limit", "")], "limit"),
            (&[("limit", "99999999999999999999")], "limit"),
            (&[("status", "created")], "status"),
            (&[("status", "")], "status"),
            (&[("stuckLongerThan", "4")], "stuckLongerThan"),
            (&[("attemptsAtLeast", "1")], "attemptsAtLeast"),
            (&[("attemptsAtLeast", "+2")], "attemptsAtLeast"),
            (&[("targetSystem", "billing")], "targetSystem"),
            (&[("overdue", "false")], "overdue"),
            (&[("ownerUser", "")], "ownerUser"),
            (&[("text", "a\u{0}")], "text"),
            (&[("state", "CREATED")], "query"),
            (&[("limit", "5"), ("limit", "5")], "query"),
        ] {
            let problem = parse(pairs).expect_err("not understandable");
            assert_eq!(problem.code(), "PARAMETER_INVALID", "{pairs:?}");
            assert_eq!(problem.errors()[0].pointer, pointer, "{pairs:?}");
        }
    }

    #[test]
    fn the_next_page_keeps_size_and_filter() {
        let list = parse(&[("status", "FALLOUT"), ("limit", "7")]).unwrap();

        assert_eq!(list.link("abc"), "/orders?limit=7&status=FALLOUT&cursor=abc");
    }

    #[test]
    fn every_filter_is_spelled_and_asked_for() {
        let now = Timestamp::UNIX_EPOCH;
        let plain = parse(&[]).unwrap();
        for (name, value) in [
            ("status", "FALLOUT"),
            ("stuckLongerThan", "PT4H"),
            ("attemptsAtLeast", "2"),
            ("reasonCode", "LINE_BUSY"),
            ("failureSignature", "CRM/create/LINE_BUSY"),
            ("targetSystem", "CRM"),
            ("overdue", "true"),
            ("ownerGroup", "order-operations"),
            ("ownerUser", "ann"),
            ("externalReference", "EXT-1"),
            ("quoteId", "Q-1"),
            ("text", "O-1"),
        ] {
            let list = parse(&[(name, value)]).unwrap();
            assert_eq!(list.spelling(), format!("&{name}={value}"));
            assert_ne!(list.filter(now, None), plain.filter(now, None), "{name}");
        }
    }

    #[test]
    fn a_filter_has_one_spelling_that_leads_back_to_it() {
        let list = parse(&[
            ("text", "O 1&x"),
            ("stuckLongerThan", "PT240M"),
            ("overdue", "true"),
            ("status", "FALLOUT"),
        ])
        .unwrap();

        let spelled = "&status=FALLOUT&stuckLongerThan=PT4H&overdue=true&text=O%201%26x";
        assert_eq!(list.spelling(), spelled);
        let same = parse(&[
            ("status", "FALLOUT"),
            ("stuckLongerThan", "PT4H"),
            ("overdue", "true"),
            ("text", "O 1&x"),
        ]);
        assert_eq!(same.unwrap(), list);
    }
}
