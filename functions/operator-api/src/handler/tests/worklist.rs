//! Orders by what they wait for, by who has them, and by what people call them.

use std::collections::BTreeSet;

use http::StatusCode;
use order_domain::ids::OrderId;
use serde_json::{Value, json};
use test_support::tenant;

use super::fixture::{Answered, Fixture, newest_first};

const EXHAUSTED: &str = "reason_code = 'RETRIES_EXHAUSTED',
    failure_signature = 'PROVISIONING/activate/RETRIES_EXHAUSTED'";

/// Six orders, each with something to be found by: 0 waits for PROVISIONING since five hours, 1 for
/// BILLING, 2 has a case that is late, 3 one that is not, 4 is over, 5 was never taken up.
async fn six_orders(f: &Fixture, tenant: &str) -> Vec<OrderId> {
    let orders = f.orders(&tenant.parse().unwrap(), 6).await;
    for (n, order) in orders.iter().enumerate() {
        f.change(
            *order,
            &format!("order_number = 'O-{n}-x', customer_id = 'C-{n}-x', quote_id = 'Q-{n}-x'"),
        )
        .await;
    }
    let at_provisioning = "target_system = 'PROVISIONING', external_reference = 'EXT-1'";
    let five_hours_ago = "now() - interval '5 hours'";
    f.step(
        orders[0],
        &format!("{at_provisioning}, attempt_count = 3, first_sent_at = {five_hours_ago}"),
    )
    .await;
    f.step(orders[1], "first_sent_at = now() - interval '1 hour'").await;
    f.step(
        orders[2],
        "target_system = 'PROVISIONING', status = 'FAILED', failure_code = 'RETRIES_EXHAUSTED'",
    )
    .await;
    let late = "due_at = now() - interval '1 minute', assigned_group = 'provisioning', assigned_user = 'ann'";
    f.case(orders[2], &format!("{EXHAUSTED}, {late}, opened_at = {five_hours_ago}")).await;
    f.case(
        orders[3],
        "due_at = now() + interval '1 hour', failure_signature = 'CRM/create/INVALID_ADDRESS'",
    )
    .await;
    for order in [orders[2], orders[3]] {
        f.change(order, "status = 'FALLOUT', open_blocking_case_count = 1").await;
    }
    let done = "external_reference = 'EXT-4', status = 'COMPLETED', attempt_count = 9";
    f.step(orders[4], &format!("target_system = 'PROVISIONING', {done}")).await;
    f.case(orders[4], &format!("{EXHAUSTED}, {late}, status = 'RESOLVED', resolved_at = now()"))
        .await;
    f.change(
        orders[4],
        &format!(
            "status = 'COMPLETED', completed_at = {five_hours_ago}, updated_at = {five_hours_ago}"
        ),
    )
    .await;
    f.change(orders[5], &format!("created_at = {five_hours_ago}, updated_at = {five_hours_ago}"))
        .await;
    for order in &orders[..2] {
        f.change(*order, "status = 'FULFILLMENT_IN_PROGRESS'").await;
    }
    orders
}

/// Which of the orders a query lists, in its order.
async fn listed(f: &Fixture, orders: &[OrderId], query: &str) -> Vec<usize> {
    let answer = f.get(&format!("/orders?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
    let place = |id: &String| orders.iter().position(|x| x.to_string() == *id).expect("our order");
    answer.order_ids().iter().map(place).collect()
}

#[tokio::test]
async fn each_filter_lists_the_orders_that_fit_it_and_no_other() {
    let f = Fixture::new().await;
    six_orders(&f, "globex").await;
    let orders = six_orders(&f, "acme").await;
    let by_id = format!("text={}", orders[1]);

    for (query, expected) in [
        ("status=FALLOUT", &[3, 2][..]),
        ("stuckLongerThan=PT4H", &[5, 2, 0]),
        ("stuckLongerThan=PT59M", &[5, 2, 1, 0]),
        ("stuckLongerThan=PT6H", &[]),
        ("attemptsAtLeast=2", &[0]),
        ("attemptsAtLeast=3", &[0]),
        ("attemptsAtLeast=4", &[]),
        ("reasonCode=RETRIES_EXHAUSTED", &[2]),
        ("reasonCode=RETRIES", &[]),
        ("failureSignature=CRM/create/INVALID_ADDRESS", &[3]),
        ("failureSignature=CRM/create", &[]),
        ("targetSystem=PROVISIONING", &[2, 0]),
        ("targetSystem=BILLING", &[1]),
        ("targetSystem=PROVISION", &[]),
        ("overdue=true", &[2]),
        ("ownerGroup=order-operations", &[3]),
        ("ownerUser=ann", &[2]),
        ("externalReference=EXT-1", &[0]),
        ("externalReference=EXT-4", &[4]),
        ("externalReference=EXT", &[]),
        ("quoteId=Q-1-x", &[1]),
        ("quoteId=Q-1", &[]),
        ("text=O-1", &[1]),
        ("text=C-5-x", &[5]),
        ("text=Q-", &[5, 4, 3, 2, 1, 0]),
        ("text=EXT-1", &[0]),
        ("text=EXT", &[]),
        (by_id.as_str(), &[1]),
    ] {
        assert_eq!(listed(&f, &orders, query).await, expected, "{query}");
    }
    f.finish().await;
}

#[tokio::test]
async fn filters_together_list_what_fits_all_of_them() {
    let f = Fixture::new().await;
    let orders = six_orders(&f, "acme").await;

    for (query, expected) in [
        ("status=FALLOUT&ownerGroup=order-operations", &[3][..]),
        ("status=CREATED&ownerGroup=order-operations", &[]),
        ("status=CREATED&stuckLongerThan=PT4H", &[5]),
        ("targetSystem=PROVISIONING&attemptsAtLeast=2", &[0]),
        ("targetSystem=BILLING&attemptsAtLeast=2", &[]),
        ("targetSystem=PROVISIONING&stuckLongerThan=PT4H&overdue=true", &[2]),
        ("ownerUser=ann&reasonCode=INVALID_ADDRESS", &[]),
        ("externalReference=EXT-1&text=O-0&quoteId=Q-0-x&status=FULFILLMENT_IN_PROGRESS", &[0]),
        ("externalReference=EXT-1&targetSystem=BILLING", &[]),
        ("text=O-&overdue=true", &[2]),
        ("text=O-&externalReference=EXT-4", &[4]),
        ("text=EXT-1&status=FALLOUT", &[]),
        ("quoteId=Q-2-x&attemptsAtLeast=2", &[]),
    ] {
        assert_eq!(listed(&f, &orders, query).await, expected, "{query}");
    }
    f.finish().await;
}

#[tokio::test]
async fn conditions_on_a_case_are_all_about_one_case_and_that_case_is_shown() {
    let f = Fixture::new().await;
    let order = f.order().await;
    f.case(order, "assigned_group = 'billing', severity = 'CRITICAL', due_at = now()").await;
    f.case(order, "assigned_group = 'provisioning', reason_code = 'LINE_BUSY', due_at = null")
        .await;

    let of_any = f.get("/orders").await.body["orders"][0]["openCase"].clone();
    let of_group =
        f.get("/orders?ownerGroup=provisioning").await.body["orders"][0]["openCase"].clone();
    let of_both = f.get("/orders?ownerGroup=billing&reasonCode=LINE_BUSY").await;

    assert_eq!((&of_any["ownerGroup"], &of_any["isOverdue"]), (&json!("billing"), &json!(true)));
    assert_eq!(
        (&of_group["reasonCode"], &of_group["isOverdue"]),
        (&json!("LINE_BUSY"), &json!(false))
    );
    assert_eq!(of_both.order_ids(), Vec::<String>::new());
    f.finish().await;
}

#[tokio::test]
async fn a_row_says_where_an_order_is_stuck_for_whom_it_waits_and_what_comes_next() {
    let f = Fixture::new().await;
    let order = f.released_order().await;
    let system = "insert into target_system (tenant_id, system, settings, updated_at)
        values ('acme', 'PROVISIONING', '{\"retryPolicy\": {\"maxAttempts\": 6}}', now())
        on conflict (tenant_id, system) do update set settings = excluded.settings";
    f.db().execute(system).await;
    f.step(
        order,
        "step_key = 'line-1', target_system = 'PROVISIONING', status = 'READY', attempt_count = 4,
         first_sent_at = '2026-05-04T10:00:00Z', next_attempt_at = '2026-05-04T11:00:00Z',
         external_reference = 'EXT-9'",
    )
    .await;
    f.step(order, "step_key = 'line-2', status = 'FAILED', failure_code = 'LINE_BUSY'").await;

    let row = f.get("/orders").await.body["orders"][0].clone();

    assert_eq!(row["waitingSince"], "2026-05-04T10:00:00Z");
    let waited = json!({"targetSystem": "PROVISIONING", "stepKey": "line-1", "operation": "activate",
        "status": "READY", "since": "2026-05-04T10:00:00Z"});
    assert_eq!(row["waitingFor"], waited);
    let retry = json!({"targetSystem": "PROVISIONING", "stepKey": "line-1", "attempt": 4,
        "maxAttempts": 6, "nextAttemptAt": "2026-05-04T11:00:00Z"});
    assert_eq!(row["retry"], retry);
    let failed = &row["failedStep"];
    assert_eq!(
        (&failed["stepKey"], &failed["targetSystem"], &failed["failureCode"]),
        (&json!("line-2"), &json!("BILLING"), &json!("LINE_BUSY"))
    );
    assert_eq!(row["lastExternalReference"]["externalReference"], "EXT-9");
    assert_eq!((&row["processInstanceId"], &row["openCase"]), (&json!("instance-1"), &Value::Null));
    f.finish().await;
}

#[tokio::test]
async fn an_order_that_is_over_waits_for_nothing_and_one_at_a_milestone_since_its_last_change() {
    let f = Fixture::new().await;
    let orders = six_orders(&f, "acme").await;
    let rows = f.get("/orders?text=O-").await.body["orders"].clone();
    let row = |n: usize| &rows[5 - n];
    assert_eq!(row(4)["orderId"], orders[4].to_string());

    for field in ["waitingSince", "waitingFor", "retry", "openCase"] {
        assert_eq!(row(4)[field], Value::Null, "{field}");
    }
    assert_eq!(row(4)["lastExternalReference"]["externalReference"], "EXT-4");
    assert_eq!(
        (&row(5)["waitingSince"], &row(5)["waitingFor"]),
        (&row(5)["updatedAt"], &Value::Null)
    );
    assert_eq!(row(2)["waitingSince"], row(2)["openCase"]["openedAt"]);
    assert_eq!(row(1)["retry"], Value::Null, "a first attempt is no retry");
    f.finish().await;
}

/// Seven orders that fit every filter.
async fn seven_alike(f: &Fixture) -> Vec<OrderId> {
    let orders = f.orders(&tenant(), 7).await;
    for order in &orders {
        f.change(*order, "status = 'FALLOUT', open_blocking_case_count = 1").await;
        let sent = "attempt_count = 3, first_sent_at = now() - interval '5 hours'";
        for _ in 0..2 {
            f.step(
                *order,
                &format!("{sent}, target_system = 'PROVISIONING', external_reference = 'EXT-1'"),
            )
            .await;
            f.case(*order, &format!("{EXHAUSTED}, due_at = now(), assigned_user = 'ann'")).await;
        }
    }
    orders
}

/// Follows the list to its end.
async fn pages(f: &Fixture, first: &str) -> Vec<Answered> {
    let mut pages = vec![f.get(first).await];
    while let Some(next) = pages.last().and_then(Answered::next) {
        pages.push(f.get(&next).await);
        assert!(pages.len() < 20, "the list ends");
    }
    pages
}

const FILTERS: [&str; 13] = [
    "status=FALLOUT",
    "stuckLongerThan=PT4H",
    "attemptsAtLeast=2",
    "reasonCode=RETRIES_EXHAUSTED",
    "failureSignature=PROVISIONING/activate/RETRIES_EXHAUSTED",
    "targetSystem=PROVISIONING",
    "overdue=true",
    "ownerGroup=order-operations",
    "ownerUser=ann",
    "externalReference=EXT-1",
    "text=O",
    "text=EXT-1",
    "status=FALLOUT&targetSystem=PROVISIONING&ownerUser=ann",
];

#[tokio::test]
async fn pages_of_every_filter_show_each_order_once_and_cost_one_round_trip_each() {
    let f = Fixture::new().await;
    let orders = seven_alike(&f).await;

    for filter in FILTERS {
        let before = f.store.cost();
        let pages = pages(&f, &format!("/orders?limit=3&{filter}")).await;

        let listed: Vec<String> = pages.iter().flat_map(Answered::order_ids).collect();
        assert_eq!(listed, newest_first(&orders), "{filter}");
        assert_eq!(f.store.cost().round_trips - before.round_trips, 3, "{filter}");
    }
    f.finish().await;
}

#[tokio::test]
async fn a_cursor_of_one_filter_is_refused_by_every_other() {
    let f = Fixture::new().await;
    seven_alike(&f).await;
    let mut cursors = BTreeSet::new();
    for filter in FILTERS {
        let next = f.get(&format!("/orders?limit=3&{filter}")).await.next().unwrap();
        cursors.insert(next.rsplit_once("cursor=").unwrap().1.to_owned());
    }

    for filter in FILTERS {
        let mut accepted = 0;
        for cursor in &cursors {
            let path = format!("/orders?limit=3&{filter}&cursor={cursor}");
            let (own, others) = (f.get(&path).await, f.get_for("globex", &path).await);
            assert_eq!(others.code(), "CURSOR_INVALID", "{filter}");
            accepted += usize::from(own.status == StatusCode::OK);
        }
        assert_eq!(accepted, 1, "{filter}");
    }
    assert_eq!(cursors.len(), FILTERS.len());
    f.finish().await;
}
