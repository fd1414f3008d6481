//! The parameters of `GET /orders`.

use lambda_support::list_parameters::{DEFAULT_LIMIT, each_once, invalid, limit};
use lambda_support::problem::Problem;
use order_domain::order::OrderStatus;

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListOrders {
    pub(crate) status: Option<OrderStatus>,
    pub(crate) limit: u16,
    pub(crate) cursor: Option<String>,
}

impl ListOrders {
    /// Reads decoded parameters; unknown and repeated ones are refused.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, Problem> {
        each_once(parameters)?;
        let mut list = Self { status: None, limit: DEFAULT_LIMIT, cursor: None };
        for (name, value) in parameters {
            match name.as_str() {
                "status" => list.status = Some(status(value)?),
                "limit" => list.limit = limit(value)?,
                "cursor" => list.cursor = Some(value.clone()),
                // The name is the caller's own text and is not repeated.
                _ => return Err(invalid("query", "known are status, limit and cursor")),
            }
        }
        Ok(list)
    }

    /// The same list behind `cursor`, as a path below the API's base URL.
    pub(crate) fn link(&self, cursor: &str) -> String {
        let status = self.status.map(|x| format!("&status={x}")).unwrap_or_default();
        format!("/orders?limit={}{status}&cursor={cursor}", self.limit)
    }
}

fn status(text: &str) -> Result<OrderStatus, Problem> {
    text.parse().map_err(|_unknown| invalid("status", "there is no such order status"))
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
}
