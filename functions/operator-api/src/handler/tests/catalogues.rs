//! Catalogues: seen by everybody who works on orders, applied by who runs the platform, never unseen.

use http::StatusCode;
use serde_json::{Value, json};

use super::fixture::{Answered, Fixture};

const WITHOUT_CATALOGUE: (&str, &str) = ("if-none-match", "*");

fn token(f: &Fixture, role: &str, scopes: &str) -> String {
    f.token(|claims| {
        claims["scope"] = json!(scopes);
        claims["roles"] = json!([role]);
    })
}

fn operator(f: &Fixture) -> String {
    token(f, "platform-operator", "catalogues:read catalogues:write")
}

fn product(code: &str, hours: u32) -> Value {
    let step = json!({"key": "ship", "type": "LOGISTICS", "targetSystem": "LOGISTICS",
        "operation": "ship", "deadline": {"hours": hours}});
    json!({"code": code, "name": code, "rules": [{"action": "ADD", "steps": [step]}]})
}

fn catalogue(version: u32, products: &[Value]) -> Value {
    json!({"version": version, "calendars": {}, "products": products})
}

async fn apply(f: &Fixture, key: &str, seen: (&str, &str), document: Value) -> Answered {
    let headers = [("idempotency-key", key), seen];
    f.post_with("/catalogues", &operator(f), (&headers, document)).await
}

async fn preview(f: &Fixture, document: Value) -> Answered {
    f.post_with("/catalogues?preview=true", &operator(f), (&[], document)).await
}

/// Catalogue 1, of the product A.
async fn with_first() -> Fixture {
    let f = Fixture::new().await;
    let first = apply(&f, "k-1", WITHOUT_CATALOGUE, catalogue(1, &[product("A", 8)])).await;
    assert_eq!((first.status, &first.body["verdict"]), (StatusCode::OK, &json!("APPLIED")));
    f
}

async fn current(f: &Fixture) -> Answered {
    f.get_as("/catalogues/current", Some(&operator(f))).await
}

#[tokio::test]
async fn a_catalogue_is_read_changed_and_applied_on_the_version_that_was_read() {
    let f = with_first().await;
    let read = current(&f).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let changed = catalogue(2, &[product("A", 4), product("B", 1)]);

    let applied = apply(&f, "k-2", ("if-match", &tag), changed.clone()).await;

    assert_eq!((applied.status, &applied.body["previousVersion"]), (StatusCode::OK, &json!(1)));
    assert_eq!(applied.body["difference"]["productsAdded"], json!(["B"]));
    let place = &applied.body["difference"]["productsChanged"][0]["changes"][0];
    assert_eq!(place["pointer"], "/products/0/rules/0/steps/0/deadline/hours");
    assert_eq!((&place["before"], &place["after"]), (&json!(8), &json!(4)));
    let now = current(&f).await;
    assert_eq!(
        (&now.body["document"], &now.headers["etag"]),
        (&changed, &"\"2\"".parse().unwrap())
    );
    let first = f.get_as("/catalogues/1", Some(&operator(&f))).await;
    assert_eq!(first.body["document"], read.body["document"]);
    assert_eq!((&first.body["isCurrent"], &now.body["isCurrent"]), (&json!(false), &json!(true)));
    f.finish().await;
}

#[tokio::test]
async fn a_stale_catalogue_is_412_a_missing_precondition_428_and_a_repeat_answers_the_same() {
    let f = with_first().await;
    let second = catalogue(2, &[product("B", 1)]);

    let unsaid = [("idempotency-key", "k-2")];
    let unsaid = f.post_with("/catalogues", &operator(&f), (&unsaid, second.clone())).await;
    let stale = apply(&f, "k-3", WITHOUT_CATALOGUE, second.clone()).await;
    let applied = apply(&f, "k-4", ("if-match", "\"1\""), second.clone()).await;
    let repeated = apply(&f, "k-4", ("if-match", "\"1\""), second.clone()).await;
    let reused = apply(&f, "k-4", ("if-match", "\"2\""), catalogue(3, &[product("B", 1)])).await;
    let late = apply(&f, "k-5", ("if-match", "\"1\""), catalogue(3, &[product("C", 1)])).await;

    assert_eq!((unsaid.status.as_u16(), unsaid.code()), (428, "PRECONDITION_REQUIRED"));
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "VERSION_CONFLICT"));
    assert_eq!((applied.status, &applied.body), (StatusCode::OK, &repeated.body));
    assert_eq!((reused.status.as_u16(), reused.code()), (422, "IDEMPOTENCY_KEY_REUSED"));
    assert_eq!((late.status.as_u16(), late.code()), (412, "VERSION_CONFLICT"));
    assert_eq!(current(&f).await.body["version"], 2);
    f.finish().await;
}

#[tokio::test]
async fn a_version_keeps_its_content_rises_and_is_applied_once() {
    let f = with_first().await;
    let second = apply(&f, "k-2", ("if-match", "\"1\""), catalogue(2, &[product("B", 1)])).await;
    assert_eq!(second.body["verdict"], "APPLIED");
    let seen = ("if-match", "\"2\"");

    let same = apply(&f, "k-3", seen, catalogue(2, &[product("B", 1)])).await;
    let taken = apply(&f, "k-4", seen, catalogue(2, &[product("C", 1)])).await;
    let behind = apply(&f, "k-5", seen, catalogue(1, &[product("A", 8)])).await;

    assert_eq!((same.status, &same.body["verdict"]), (StatusCode::OK, &json!("ALREADY_APPLIED")));
    assert_eq!((taken.status.as_u16(), taken.code()), (409, "CATALOGUE_VERSION_TAKEN"));
    assert_eq!((behind.status.as_u16(), behind.code()), (409, "CATALOGUE_VERSION_BEHIND"));
    let audited = "select string_agg(outcome || coalesce(' ' || code, ''), ', ' order by sequence)
        from audit_entry where command = 'apply_catalogue' and actor_name = 'operator'
          and roles = '{platform-operator}'";
    let expected = "APPLIED, APPLIED, ALREADY_APPLIED, REFUSED CATALOGUE_VERSION_TAKEN, \
        REFUSED CATALOGUE_VERSION_BEHIND";
    assert_eq!(f.db().text(audited).await.as_deref(), Some(expected));
    f.finish().await;
}

#[tokio::test]
async fn a_document_that_is_no_catalogue_is_refused_with_every_place_and_nothing_is_kept() {
    let f = with_first().await;
    let mut schema = catalogue(2, &[product("A", 8), json!({"code": 7})]);
    schema["speed"] = json!("fast");
    let mut rules = catalogue(2, &[product("A", 8), product("A", 8)]);
    rules["products"][0]["rules"][0]["steps"][0]["dependsOn"] = json!([{"step": "pack"}]);
    let seen = ("if-match", "\"1\"");

    let schema = apply(&f, "k-2", seen, schema).await;
    let rules = apply(&f, "k-2", seen, rules).await;
    let corrected = apply(&f, "k-2", seen, catalogue(2, &[product("B", 8)])).await;

    let places = |answered: &Answered| {
        assert_eq!((answered.status.as_u16(), answered.code()), (422, "CATALOGUE_INVALID"));
        let errors = answered.body["errors"].as_array().unwrap().iter();
        let mut pointers: Vec<_> = errors.map(|x| x["pointer"].clone()).collect();
        pointers.sort_by_key(ToString::to_string);
        pointers
    };
    assert_eq!(places(&schema), ["", "/products/1", "/products/1/code"]);
    let expected = ["/products/0/rules/0/steps/0/dependsOn/0/step", "/products/1/code"];
    assert_eq!(places(&rules), expected);
    assert_eq!(corrected.body["verdict"], "APPLIED", "the key was not used up");
    f.finish().await;
}

#[tokio::test]
async fn a_preview_tells_difference_and_problems_and_writes_nothing() {
    let f = with_first().await;
    let counts =
        "select (select count(*) from audit_entry) + (select count(*) from idempotency_record)
        + (select count(*) from product_catalogue)";
    let before = f.db().number(counts).await;
    let mut broken = catalogue(1, &[product("A", 8), product("B", 1)]);
    broken["products"][1]["rules"][0]["steps"][0]["dependsOn"] = json!([{"step": "pack"}]);

    let fits = preview(&f, catalogue(2, &[product("A", 1)])).await;
    let broken = preview(&f, broken).await;
    let unreadable = preview(&f, json!({"version": "two"})).await;

    assert_eq!((fits.status, &fits.body["verdict"]), (StatusCode::OK, &json!("PREVIEW")));
    assert_eq!((&fits.body["problems"], &fits.body["previousVersion"]), (&json!([]), &json!(1)));
    let kept = "Orders that are decomposed already keep version 1";
    assert!(fits.body["sentences"].to_string().contains(kept), "{}", fits.body["sentences"]);
    let told = |problem: &Value| (problem["code"].clone(), problem["pointer"].clone());
    let problems: Vec<_> = broken.body["problems"].as_array().unwrap().iter().map(told).collect();
    let expected = [
        (json!("CATALOGUE_INVALID"), json!("/products/1/rules/0/steps/0/dependsOn/0/step")),
        (json!("CATALOGUE_VERSION_TAKEN"), json!("/version")),
    ];
    assert_eq!(problems, expected);
    assert_eq!(broken.body["difference"]["productsAdded"], json!(["B"]));
    assert_eq!(unreadable.status, StatusCode::OK);
    assert_eq!(unreadable.body.get("difference"), None);
    assert!(!unreadable.body["problems"].as_array().unwrap().is_empty());
    assert_eq!(f.db().number(counts).await, before);
    f.finish().await;
}

#[tokio::test]
async fn everybody_who_works_on_orders_sees_catalogues_and_only_the_platform_operator_applies_one()
{
    let f = with_first().await;
    let second = catalogue(2, &[product("B", 1)]);
    for role in ["order-viewer", "order-operator", "order-supervisor", "platform-operator"] {
        let reader = token(&f, role, "catalogues:read");
        for path in ["/catalogues", "/catalogues/current", "/catalogues/1"] {
            assert_eq!(f.get_as(path, Some(&reader)).await.status, StatusCode::OK, "{role} {path}");
        }
        let scopeless = token(&f, role, "orders:read");
        assert_eq!(f.get_as("/catalogues", Some(&scopeless)).await.code(), "SCOPE_MISSING");
        let headers = [("idempotency-key", "k-2"), ("if-match", "\"1\"")];
        let writer = token(&f, role, "catalogues:write");
        let answered = f.post_with("/catalogues?preview=true", &writer, (&headers, second.clone()));
        let expected = if role == "platform-operator" { "" } else { "ROLE_MISSING" };
        assert_eq!(answered.await.code(), expected, "{role}");
        let answered = f.post_with("/catalogues", &reader, (&headers, second.clone())).await;
        assert_eq!(answered.code(), "SCOPE_MISSING", "{role}");
    }
    let machine = f.token(|claims| claims["scope"] = json!("catalogues:read"));
    assert_eq!(f.get_as("/catalogues/current", Some(&machine)).await.code(), "ROLE_MISSING");
    f.finish().await;
}

#[tokio::test]
async fn another_tenants_catalogue_looks_like_one_that_does_not_exist() {
    let f = with_first().await;
    let elsewhere = f.token(|claims| {
        claims["tenant"] = json!("globex");
        claims["scope"] = json!("catalogues:read");
        claims["roles"] = json!(["platform-operator"]);
    });
    let own = token(&f, "order-viewer", "catalogues:read");

    for path in ["/catalogues/current", "/catalogues/1"] {
        assert_eq!(f.get_as(path, Some(&elsewhere)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(f.get_as("/catalogues", Some(&elsewhere)).await.body["catalogues"], json!([]));
    for path in ["/catalogues/2", "/catalogues/0", "/catalogues/x", "/catalogues/99999999999"] {
        assert_eq!(f.get_as(path, Some(&own)).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    f.finish().await;
}

#[tokio::test]
async fn pages_show_every_version_once_newest_first() {
    let f = with_first().await;
    for version in 2..=5 {
        let (key, seen) = (format!("k-{version}"), format!("\"{}\"", version - 1));
        let next = catalogue(version, &[product("A", version), product("B", 1)]);
        let applied = apply(&f, &key, ("if-match", &seen), next).await;
        assert_eq!(applied.status, StatusCode::OK);
    }
    let reader = token(&f, "order-viewer", "catalogues:read");
    let mut path = Some("/catalogues?limit=2".to_owned());
    let mut seen = Vec::new();

    while let Some(next) = path {
        let page = f.get_as(&next, Some(&reader)).await;
        seen.extend(page.body["catalogues"].as_array().unwrap().clone());
        path = page.next();
    }

    let told = |x: &Value| {
        let count = |name: &str| x[name].as_u64().unwrap();
        (count("version"), count("productCount"), x["isCurrent"] == true)
    };
    let seen: Vec<_> = seen.iter().map(told).collect();
    let expected = [(5, 2, true), (4, 2, false), (3, 2, false), (2, 2, false), (1, 1, false)];
    assert_eq!(seen, expected);
    f.finish().await;
}

#[tokio::test]
async fn a_catalogue_may_be_larger_than_other_bodies_but_not_endless() {
    let f = with_first().await;
    let many = |count: usize| -> Vec<Value> {
        (0..count).map(|index| product(&format!("P{index}"), 1)).collect()
    };
    let large = catalogue(2, &many(1_000));
    let seen = ("if-match", "\"1\"");
    let mut endless = large.clone();
    endless["products"][0]["name"] = json!("x".repeat(crate::catalogues::MAX_BYTES));

    let applied = apply(&f, "k-2", seen, large).await;
    let refused = apply(&f, "k-3", seen, endless).await;

    assert_eq!((applied.status, &applied.body["productCount"]), (StatusCode::OK, &json!(1_000)));
    assert_eq!((refused.status.as_u16(), refused.code()), (413, "BODY_TOO_LARGE"));
    f.finish().await;
}
