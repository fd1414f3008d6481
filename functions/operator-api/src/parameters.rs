//! What every list of this API reads: its scope, and its query string.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use lambda_support::list_parameters::invalid;
use lambda_support::problem::Problem;

/// What a token must be issued for to read orders and what belongs to them.
pub(crate) const SCOPE: &str = "orders:read";

/// Decoded parameters, or what cannot be decoded.
pub(crate) type Parameters = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// What a query string says, each name with its value.
pub(crate) fn decoded(query: Parameters) -> Result<Vec<(String, String)>, Problem> {
    let Query(parameters) = query.map_err(|_undecodable| invalid("query", "not a query string"))?;
    Ok(parameters)
}
