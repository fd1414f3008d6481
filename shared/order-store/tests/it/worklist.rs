//! Each question of the worklist is answered from what is open, beside a million orders.

use jiff::{SignedDuration, Timestamp};
use order_store::read_model::{CaseFilter, OrderFilter, list_cases, list_orders, list_signatures};
use test_support::TestDatabase;

use crate::plans::{assert_uses, buffers, list_values, plan};

/// Of the three tables that hold what is asked about.
/// Of one tenant alone, what is due for escalation across tenants is as good.
const DUE: &str = "open_cases_that_are_due|cases_to_touch";
const TABLES: [&str; 3] = ["product_order", "fulfillment_step", "order_fallout_case"];
/// Pages that fifty rows with their steps, requests, cases and processes may lie on: forty a row.
const MOST_BUFFERS: u64 = 2_400;
/// Who asks for orders that have not moved is answered from all twenty thousand that are live, most
/// of which were changed since the last vacuum here: a look at each, and not at one of the others.
const MOST_BUFFERS_OF_STUCK: u64 = 40_000;
/// Reads past row security would be planned otherwise.
const AS_THE_FUNCTION: &str = "set role oms_operator_api; set app.tenant_id = 'acme'";

async fn million_orders() -> TestDatabase {
    let db = TestDatabase::create().await;
    db.execute(include_str!("worklist/million_orders.sql")).await;
    db
}

/// A question, its statement, what is asked, and the indexes that find the rows.
type Question<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);

const IN_MAY: &str = "timestamptz '2026-05-04T00:00:00Z'";
/// Two hours after the first cases are late.
const SOON: &str = "timestamptz '2026-05-01T02:00:00Z'";
/// Nothing is left to test: the page ends where the orders are found.
const PAGE: (&str, &str) = ("$20", "51");
const CASE: (&str, &str) = ("$15", "true");

/// Every filter of the list alone, rare and frequent values, first pages and late ones.
const ORDERS: &[Question<'static>] = &[
    ("all", "LIST_ORDERS", &[PAGE], &["product_order_newest"]),
    ("status", "LIST_ORDERS", &[PAGE, ("$5", "'FALLOUT'")], &["orders_of_a_status"]),
    ("quote", "LIST_CALLED", &[PAGE, ("$6", "'Q-777777'")], &["orders_of_a_quote"]),
    (
        "text of few",
        "LIST_CALLED",
        &[PAGE, ("$7", "'Q-77777'"), ("$8", "('Q-77777' || chr(1114111))")],
        &[
            "orders_of_a_number",
            "orders_of_a_quote",
            "orders_of_a_customer",
            "product_order_pk",
            "steps_of_a_reference",
        ],
    ),
    (
        "text of all",
        "LIST_CALLED",
        &[PAGE, ("$7", "'O-'"), ("$8", "('O-' || chr(1114111))")],
        &["Backward using product_order_pk"],
    ),
    (
        "reference",
        "LIST_OF_REFERENCE",
        &[PAGE, ("$19", "'EXT-500000-1'")],
        &["steps_of_a_reference"],
    ),
    (
        "group of most",
        "LIST_WITH_CASE",
        &[PAGE, CASE, ("$10", "'order-operations'")],
        &["open_cases_of_a_group"],
    ),
    (
        "group of few",
        "LIST_WITH_CASE",
        &[PAGE, CASE, ("$10", "'provisioning'")],
        &["open_cases_of_a_group"],
    ),
    ("user", "LIST_WITH_CASE", &[PAGE, CASE, ("$11", "'ann'")], &["open_cases_of_a_user"]),
    (
        "reason",
        "LIST_WITH_CASE",
        &[PAGE, CASE, ("$12", "'INVALID_ADDRESS'")],
        &["open_cases_of_a_reason"],
    ),
    (
        "signature",
        "LIST_WITH_CASE",
        &[PAGE, CASE, ("$13", "'PROVISIONING/activate/RETRIES_EXHAUSTED'")],
        &["open_cases_of_a_signature"],
    ),
    ("overdue, few", "LIST_WITH_CASE", &[PAGE, CASE, ("$4", SOON), ("$14", "true")], &[DUE]),
    ("overdue, many", "LIST_WITH_CASE", &[PAGE, CASE, ("$4", IN_MAY), ("$14", "true")], &[DUE]),
    ("attempts", "LIST_RETRIED", &[PAGE, ("$16", "2")], &["retried_steps"]),
    (
        "system of most",
        "LIST_OF_SYSTEM",
        &[PAGE, ("$17", "'PROVISIONING'")],
        &["waiting_steps_of_a_system", "one_open_case_per_cause"],
    ),
    (
        "system of few",
        "LIST_OF_SYSTEM",
        &[PAGE, ("$17", "'LOGISTICS'")],
        &["waiting_steps_of_a_system", "open_cases_of_a_signature"],
    ),
    (
        "stuck, all of them",
        "LIST_STUCK",
        &[("$18", IN_MAY)],
        &["unsent_steps", "orders_of_a_status"],
    ),
    (
        "stuck, few of them",
        "LIST_STUCK",
        &[("$18", "timestamptz '2026-04-30T07:40:00Z'")],
        &["sent_steps_by_age", "unsent_steps", "open_cases_by_age", "orders_of_a_status"],
    ),
];

const CASES: &[Question<'static>] = &[
    ("open cases", "LIST_OPEN_CASES", &[], &["open_cases_by_due_time"]),
    ("of few", "LIST_OPEN_CASES", &[("$8", "'ann'")], &["open_cases_of_a_user"]),
    ("of most", "LIST_OPEN_CASES", &[("$7", "'order-operations'")], &["open_cases_by_due_time"]),
    ("late", "LIST_OPEN_CASES", &[("$5", SOON), ("$12", "true")], &[DUE]),
    ("severe", "LIST_OPEN_CASES", &[("$11", "'CRITICAL'")], &["open_cases_by_due_time"]),
    ("of a system", "LIST_OPEN_CASES", &[("$13", "'LOGISTICS'")], &["open_cases_of_a_signature"]),
    ("closed", "LIST_CLOSED_CASES", &[("$6", "'RESOLVED'")], &["closed_cases_of_a_status"]),
];

fn case_values<'a>(given: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let plain = [
        ("$1", "'acme'"),
        ("$2", "51"),
        ("$3", "null::timestamptz"),
        ("$4", "null::uuid"),
        ("$5", "now()"),
        ("$6", "null::text"),
        ("$7", "null::text"),
        ("$8", "null::text"),
        ("$9", "null::text"),
        ("$10", "null::text"),
        ("$11", "null::text"),
        ("$12", "null::boolean"),
        ("$13", "null::text"),
    ];
    let given = |name| given.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
    plain.into_iter().map(|(name, plain)| (name, given(name).unwrap_or(plain))).collect()
}

async fn assert_cheap(
    db: &TestDatabase,
    (what, name, indexes): (&str, &str, &[&str]),
    values: &[(&str, &str)],
) {
    let name = format!("read_model::{name}");
    let told = plan(db, &name, values).await;
    for table in TABLES {
        assert_uses(&told, indexes, table);
    }
    assert!(!told.contains("JIT"), "{what}: compiling costs more than listing:\n{told}");
    let looked_at = buffers(db, &name, values).await;
    let most = if name.ends_with("LIST_STUCK") { MOST_BUFFERS_OF_STUCK } else { MOST_BUFFERS };
    assert!(looked_at <= most, "{what}: {looked_at} buffers\n{told}");
    #[expect(clippy::print_stdout, reason = "the figures of a run with --nocapture")]
    {
        println!("{what}: {looked_at} buffers");
    }
}

/// The same with a limit and what a store that is the function's pays, as round trips.
async fn assert_one_round_trip_each(db: &TestDatabase) {
    let store = db.store("oms_operator_api").await;
    let tenant: order_domain::tenant::TenantId = "acme".parse().expect("a tenant");
    let now: Timestamp = "2026-05-04T00:00:00Z".parse().expect("a time");
    let before = store.cost();

    let tx = store.tenant_tx(&tenant).await.expect("a transaction");
    let stuck_since = Some(now - SignedDuration::from_hours(4));
    let filter = OrderFilter { stuck_since, now, limit: 50, ..OrderFilter::default() };
    let stuck = list_orders(tx, &filter).await.expect("the store answers");
    let tx = store.tenant_tx(&tenant).await.expect("a transaction");
    let filter = CaseFilter { is_overdue: true, now, limit: 50, ..CaseFilter::default() };
    let late = list_cases(tx, &filter).await.expect("the store answers");
    let tx = store.tenant_tx(&tenant).await.expect("a transaction");
    let alike = list_signatures(tx, None, 50).await.expect("the store answers");

    assert_eq!((stuck.orders.len(), late.cases.len(), alike.len()), (50, 50, 2));
    assert_eq!(
        alike[0].sentence(),
        "4500 orders, PROVISIONING activate: RETRIES_EXHAUSTED since 2026-04-30T10:40:00Z"
    );
    assert_eq!(store.cost().round_trips - before.round_trips, 3);
}

#[tokio::test]
async fn every_question_is_answered_from_its_index_beside_a_million_orders() {
    let db = million_orders().await;
    assert_one_round_trip_each(&db).await;
    db.execute(AS_THE_FUNCTION).await;

    // The middle of the million, as a cursor names it.
    let middle = "'00000000-0000-0000-0000-00000007a120'::uuid";
    let middle_at = "timestamptz '2026-02-27T20:53:20Z'";
    for (what, name, given, indexes) in ORDERS {
        assert_cheap(&db, (what, name, indexes), &list_values(given)).await;
        let mut later = given.to_vec();
        later.push(("$3", middle));
        later.push(("$21", if *name == "LIST_ORDERS" { middle_at } else { "null::timestamptz" }));
        if *what != "text of all" {
            assert_cheap(&db, (what, name, &indexes[..0]), &list_values(&later)).await;
        }
    }
    for (what, name, given, indexes) in CASES {
        assert_cheap(&db, (what, name, indexes), &case_values(given)).await;
    }
    let groups = [("$1", "'acme'"), ("$2", "50"), ("$3", "null::text")];
    assert_cheap(&db, ("signatures", "LIST_SIGNATURES", &["one_open_case_per_cause"]), &groups)
        .await;

    db.execute("reset role").await;
    db.finish().await;
}
