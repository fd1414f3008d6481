//! Bearer tokens on the routes of an API: no route behind [`authenticated`] runs without a caller.

use std::sync::Arc;

use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use ::http::request::Parts;
use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use tracing::Span;

use crate::caller::Caller;
use crate::jwt::TokenVerifier;
use crate::problem::{Problem, ProblemCode};

/// Longer tokens are refused before anything is decoded.
const MAX_TOKEN_LENGTH: usize = 8 * 1024;

/// Puts a token check before every route of `routes`; handlers take [`Caller`] as an argument.
///
/// Apply [`crate::edge::with_edge_layers`] outside of it, so that refusals name the request.
pub fn authenticated(routes: Router, verifier: Arc<TokenVerifier>) -> Router {
    routes.route_layer(from_fn_with_state(verifier, authenticate))
}

async fn authenticate(
    State(verifier): State<Arc<TokenVerifier>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let token = bearer_token(request.headers())?;
    let caller = verifier.verify(token).map_err(|error| {
        tracing::warn!(error.kind = %error, "bearer token refused");
        Problem::new(ProblemCode::TokenInvalid)
    })?;
    Span::current().record("tenant.id", caller.tenant.as_str());
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(ProblemCode::TokenMissing)?;
    let credentials = value.to_str().ok().and_then(|value| value.split_once(' '));
    match (credentials, values.next()) {
        (Some((scheme, token)), None)
            if scheme.eq_ignore_ascii_case("bearer") && token.len() <= MAX_TOKEN_LENGTH =>
        {
            Ok(token)
        }
        _ => Err(ProblemCode::TokenInvalid.into()),
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// Refuses a request that came past [`authenticated`] by a mistake in the routes.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ProblemCode::TokenMissing.into())
    }
}

#[cfg(test)]
mod tests;
