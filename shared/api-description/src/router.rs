//! Which routes a router really has.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use http::header::ALLOW;
use http::{Method, Request, StatusCode};
use tower::ServiceExt;

/// Every method and path of a router, as a document would name them.
///
/// axum has no list of routes but prints their paths; for the methods the router is asked, with a
/// method that nothing serves. `HEAD` comes with every `GET` and is not listed.
///
/// # Panics
/// The router does not answer 405 with `Allow` to a method that it does not serve.
pub async fn routes_of(router: &Router) -> BTreeSet<(String, String)> {
    let mut routes = BTreeSet::new();
    for path in paths_of(&format!("{router:?}")) {
        let request = Request::builder().method(Method::TRACE).uri(example_of(&path));
        let request = request.body(Body::empty()).expect("a path makes a request");
        let answered: Result<_, Infallible> = router.clone().oneshot(request).await;
        let Ok(answer) = answered;
        if answer.status() == StatusCode::NOT_FOUND {
            continue; // printed, but a fallback and no route
        }
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        let allowed = answer.headers().get(ALLOW).and_then(|value| value.to_str().ok());
        let allowed = allowed.unwrap_or_else(|| panic!("{path}: 405 without Allow")).split(',');
        let methods = allowed.map(|method| method.trim().to_lowercase());
        routes.extend(methods.filter(|x| x != "head").map(|method| (method, path.clone())));
    }
    routes
}

/// The quoted texts that are paths.
fn paths_of(printed: &str) -> BTreeSet<String> {
    let quoted = printed.split('"').skip(1).step_by(2);
    quoted.filter(|text| text.starts_with('/') && !text.contains('*')).map(str::to_owned).collect()
}

fn example_of(path: &str) -> String {
    path.replace(['{', '}'], "")
}

#[cfg(test)]
mod tests {
    use axum::routing::{get, post};

    use super::*;

    #[tokio::test]
    async fn every_method_of_every_path_is_found_however_the_router_is_put_together() {
        let other = Router::new().route("/b", post(|| async {}).get(|| async {}));
        let router = Router::new().route("/a/{id}", get(|| async {})).merge(other);

        let routes = routes_of(&router).await;

        let expected = [("get", "/a/{id}"), ("get", "/b"), ("post", "/b")];
        assert_eq!(routes, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }
}
