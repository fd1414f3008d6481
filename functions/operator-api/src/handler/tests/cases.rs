//! Cases across orders, most urgent first, and what went wrong alike.

use http::StatusCode;
use order_domain::ids::OrderId;
use serde_json::{Value, json};
use test_support::tenant;

use super::fixture::{Answered, Fixture};

const BUSY: &str =
    "reason_code = 'LINE_BUSY', failure_signature = 'PROVISIONING/activate/LINE_BUSY'";

/// What a list says in one field, in its order.
fn all(answer: &Answered, list: &str, field: &str) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let items = answer.body[list].as_array().expect("a list").iter();
    items.map(|x| x[field].as_str().unwrap_or_default().to_owned()).collect()
}

/// Four open cases, told by their severity or user, and two that are closed.
async fn six_cases(f: &Fixture, orders: &[OrderId]) {
    f.case(orders[0], "assigned_user = 'no-time', opened_at = now() - interval '9 hours'").await;
    f.case(
        orders[0],
        "assigned_user = 'later', due_at = now() + interval '1 hour', severity = 'MINOR'",
    )
    .await;
    f.case(
        orders[1],
        &format!("{BUSY}, assigned_user = 'late', due_at = now() - interval '1 hour'"),
    )
    .await;
    f.case(
        orders[1],
        &format!("{BUSY}, assigned_user = 'soon', due_at = now() + interval '1 minute', status = 'IN_PROGRESS',
            assigned_group = 'provisioning', severity = 'CRITICAL'"),
    )
    .await;
    f.case(
        orders[1],
        &format!(
            "{BUSY}, assigned_user = 'done', due_at = now() - interval '9 hours',
        status = 'RESOLVED', resolved_at = now()"
        ),
    )
    .await;
    f.case(orders[1], "assigned_user = 'gone', status = 'CANCELLED'").await;
}

#[tokio::test]
async fn each_filter_of_cases_lists_what_fits_it_most_urgent_first() {
    let f = Fixture::new().await;
    let orders = f.orders(&tenant(), 2).await;
    let theirs = f.orders(&"globex".parse().unwrap(), 2).await;
    six_cases(&f, &theirs).await;
    six_cases(&f, &orders).await;

    for (query, expected) in [
        ("", &["late", "soon", "later", "no-time"][..]),
        ("status=OPEN", &["late", "later", "no-time"]),
        ("status=IN_PROGRESS", &["soon"]),
        ("status=RESOLVED", &["done"]),
        ("status=CANCELLED", &["gone"]),
        ("status=RESOLVED&overdue=true", &[]),
        ("ownerGroup=provisioning", &["soon"]),
        ("ownerUser=later", &["later"]),
        ("reasonCode=INVALID_ADDRESS", &["later", "no-time"]),
        ("failureSignature=PROVISIONING/activate/LINE_BUSY", &["late", "soon"]),
        ("failureSignature=PROVISIONING", &[]),
        ("severity=CRITICAL", &["soon"]),
        ("overdue=true", &["late"]),
        ("targetSystem=PROVISIONING", &["late", "soon"]),
        ("targetSystem=PROVISION", &[]),
        ("targetSystem=PROVISIONING&severity=MAJOR", &["late"]),
    ] {
        let answer = f.get(&format!("/fallout-cases?{query}")).await;
        assert_eq!(all(&answer, "falloutCases", "ownerUser"), expected, "{query}");
    }
    f.finish().await;
}

#[tokio::test]
async fn a_case_in_the_list_says_what_it_is_about_and_leads_to_it() {
    let f = Fixture::new().await;
    let order = f.order().await;
    f.step(order, "id = '01990000-0000-7000-8000-000000000001', step_key = 'line-1'").await;
    f.case(order, "fulfillment_step_id = '01990000-0000-7000-8000-000000000001', version = 3")
        .await;

    let body = f.get("/fallout-cases").await.body;

    let case = &body["falloutCases"][0];
    let links = json!({"order": format!("/orders/{order}"),
        "falloutCase": format!("/orders/{order}/fallout-cases/{}", case["falloutCaseId"].as_str().unwrap())});
    assert_eq!((&case["links"], &case["version"]), (&links, &json!(3)));
    assert_eq!((&case["stepKey"], &case["targetSystem"]), (&json!("line-1"), &json!("BILLING")));
    assert_eq!((&case["isOverdue"], &case["dueAt"]), (&json!(false), &Value::Null));
    assert_eq!((&case["orderStatus"], &body["links"]), (&json!("CREATED"), &json!({})));
    f.finish().await;
}

#[tokio::test]
async fn pages_of_cases_show_each_once_whether_due_or_not_and_cost_one_round_trip_each() {
    let f = Fixture::new().await;
    let order = f.order().await;
    for n in 0..7 {
        let due = if n < 4 { "'2026-05-04T10:00:00Z'" } else { "null" };
        f.case(order, &format!("id = '01990000-0000-7000-8000-00000000000{n}', due_at = {due}"))
            .await;
    }
    let before = f.store.cost();

    let (mut listed, mut next) =
        (Vec::new(), Some("/fallout-cases?limit=3&severity=MAJOR".to_owned()));
    while let Some(path) = next {
        let page = f.get(&path).await;
        listed.extend(all(&page, "falloutCases", "falloutCaseId"));
        next = page.next();
    }

    let expected: Vec<String> =
        (0..7).map(|n| format!("01990000-0000-7000-8000-00000000000{n}")).collect();
    assert_eq!(listed, expected);
    assert_eq!(f.store.cost().round_trips - before.round_trips, 3);
    f.finish().await;
}

#[tokio::test]
async fn a_cursor_of_cases_fits_one_tenant_filter_and_list() {
    let f = Fixture::new().await;
    let order = f.order().await;
    for _ in 0..3 {
        f.case(order, "severity = 'MAJOR'").await;
    }
    let next = f.get("/fallout-cases?limit=1").await.next().unwrap();
    let cursor = next.rsplit_once("cursor=").unwrap().1;
    let mut forged = cursor.to_owned();
    forged.replace_range(10..11, if &cursor[10..11] == "A" { "B" } else { "A" });

    let refused = [
        f.get_for("globex", &next).await,
        f.get(&format!("/fallout-cases?limit=1&severity=MAJOR&cursor={cursor}")).await,
        f.get(&format!("/orders?limit=1&cursor={cursor}")).await,
        f.get(&format!("/fallout-cases?limit=1&cursor={forged}")).await,
    ];

    for answer in refused {
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "CURSOR_INVALID"));
    }
    assert_eq!(f.get(&next).await.status, StatusCode::OK);
    f.finish().await;
}

#[tokio::test]
async fn cases_of_one_signature_are_one_line_with_a_sentence_and_links() {
    let f = Fixture::new().await;
    let orders = f.orders(&tenant(), 3).await;
    for (order, time) in [(0, "10:42:00.5"), (1, "11:00:00"), (1, "12:00:00")] {
        f.case(orders[order], &format!("{BUSY}, opened_at = '2026-05-04T{time}Z'")).await;
    }
    f.case(orders[0], "failure_signature = 'CRM/create customer/A&B', reason_code = 'A&B', opened_at = '2026-05-04Z'").await;
    f.case(orders[2], &format!("{BUSY}, status = 'RESOLVED', resolved_at = now()")).await;
    f.case(orders[2], "failure_signature = null").await;
    let theirs = f.orders(&"globex".parse().unwrap(), 1).await;
    f.case(theirs[0], BUSY).await;
    let before = f.store.cost();

    let answer = f.get("/fallout-signatures").await;

    assert_eq!(f.store.cost().round_trips - before.round_trips, 1);
    let list = answer.body["falloutSignatures"].as_array().unwrap();
    let sentences: Vec<&Value> = list.iter().map(|x| &x["sentence"]).collect();
    assert_eq!(
        sentences,
        [
            &json!("2 orders, PROVISIONING activate: LINE_BUSY since 2026-05-04T10:42:00Z"),
            &json!("1 order, CRM create customer: A&B since 2026-05-04T00:00:00Z"),
        ]
    );
    let busy = &list[0];
    assert_eq!((&busy["orderCount"], &busy["caseCount"]), (&json!(2), &json!(3)));
    assert_eq!(busy["lastOpenedAt"], "2026-05-04T12:00:00Z");
    assert_eq!(busy["oldestOrderId"], orders[0].to_string());
    let links: Vec<&str> =
        list.iter().filter_map(|x| x["links"]["falloutCases"].as_str()).collect();
    assert_eq!(links[1], "/fallout-cases?failureSignature=CRM/create%20customer/A%26B");
    let mut found = Vec::new();
    for link in links {
        found.push(f.get(link).await.body["falloutCases"].as_array().unwrap().len());
    }
    assert_eq!(found, [3, 1], "each link leads to the cases of its line");
    let of_crm = f.get("/fallout-signatures?targetSystem=CRM").await;
    assert_eq!(all(&of_crm, "falloutSignatures", "targetSystem"), ["CRM"]);
    assert_eq!(f.get("/fallout-signatures?status=OPEN").await.code(), "PARAMETER_INVALID");
    f.finish().await;
}
