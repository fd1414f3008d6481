//! What the router answers is what the description says: every answer of every test is compared.

use std::sync::{Arc, LazyLock};

use api_description::{Answer, Conformance, routes_of};

use super::fixture::{Answered, Fixture};
use crate::description::{api, described};
use crate::routes::router;

static CONFORMANCE: LazyLock<Conformance> = LazyLock::new(|| Conformance::new(api().document()));

pub(super) fn assert_as_described(answered: &Answered) {
    let (status, headers, body) = (answered.status, &answered.headers, &answered.body);
    let (method, path) = ("POST", "/orders/from-quote");
    let answer = Answer { method, path, status, headers, body };
    CONFORMANCE.check(answer).expect("as docs/openapi says");
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let f = Fixture::new().await;

    assert_eq!(routes_of(&router(Arc::clone(&f.deps))).await, described());
    f.finish().await;
}
