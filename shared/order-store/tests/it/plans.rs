//! Hot queries use their partial index while a million finished rows lie beside the hot ones.

use test_support::TestDatabase;

const FINISHED: u32 = 1_000_000;

/// Fills the tables past their foreign keys: what counts is sizes and shares of statuses.
/// Ten steps make a plan, and all plans but the last two hundred are done.
async fn fill(db: &TestDatabase) {
    db.execute("set session_replication_role = replica").await;
    db.execute(&format!(
        "insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
             billing_account_id, status, version, correlation_id, created_at, updated_at, audit_sequence, audit_head)
         select 'acme', md5('order' || n)::uuid, 'O-' || n, 'Q-' || n, 1, 'c', 'b', 'VALIDATED', 1,
             md5('c')::uuid, now(), now(), 1, 'h'
         from generate_series(0, {FINISHED} / 10 + 200) n"
    ))
    .await;
    db.execute(&format!(
        "insert into fulfillment_plan (tenant_id, id, order_id, plan_version, purpose, status, step_count,
             remaining_step_count, critical_path_length, created_at, completed_at)
         select 'acme', md5('plan' || n)::uuid, md5('order' || n)::uuid, 1, 'FULFILLMENT',
             case when n < {FINISHED} / 10 then 'COMPLETED' else 'RELEASED' end, 10, 0, 1, now(),
             case when n < {FINISHED} / 10 then now() end
         from generate_series(0, {FINISHED} / 10 + 200) n"
    ))
    .await;
    db.execute(&format!(
        "insert into fulfillment_step (tenant_id, id, order_id, plan_id, work_item_id, step_key, step_type,
             target_system, operation, depends_on_step_keys, dependent_step_keys, pending_dependency_count,
             is_mandatory, point_of_no_return, status, request_id, request_payload, next_attempt_at,
             response_due_at, created_at, updated_at)
         select 'acme', md5('step' || n)::uuid, md5('order' || n / 10)::uuid, md5('plan' || n / 10)::uuid,
             md5('w')::uuid, 'step-' || n, 'T', 'INVENTORY', 'op', '{{}}', '{{}}', 0, true, 'NONE',
             case when n < {FINISHED} then 'COMPLETED' when n < {FINISHED} + 1000 then 'READY' else 'SUBMITTED' end,
             md5('r' || n)::uuid, '{{}}', now(), now(), now(), now()
         from generate_series(0, {FINISHED} + 2000) n"
    ))
    .await;
    db.execute("analyze fulfillment_step; analyze product_order; analyze fulfillment_plan").await;
}

/// What PostgreSQL says about a statement with its parameters written out.
async fn explain(db: &TestDatabase, how: &str, name: &str, values: &[(&str, &str)]) -> String {
    let (_, mut sql) = order_store::statements::all()
        .into_iter()
        .find(|(known, _)| known == name)
        .unwrap_or_else(|| panic!("{name} is a statement of the crate"));
    for (parameter, value) in values.iter().rev() {
        sql = sql.replace(parameter, value);
    }
    let rows = db.rows(&format!("explain {how} {sql}"), &[]).await;
    rows.iter()
        .map(|row| row.try_get::<_, String>(0).expect("a line of the plan"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The plan of a statement.
pub(crate) async fn plan(db: &TestDatabase, name: &str, values: &[(&str, &str)]) -> String {
    explain(db, "", name, values).await
}

/// Pages that a statement looks at, whether they were in memory or not.
pub(crate) async fn buffers(db: &TestDatabase, name: &str, values: &[(&str, &str)]) -> u64 {
    let told = explain(db, "(analyze, buffers)", name, values).await;
    let whole = told.lines().find_map(|x| x.trim().strip_prefix("Buffers: shared "));
    let counts = whole.unwrap_or_else(|| panic!("no buffers:\n{told}")).split(' ');
    let looked_at = counts.filter(|x| x.starts_with("hit=") || x.starts_with("read="));
    let number = |x: &str| x.split('=').nth(1).and_then(|x| x.parse::<u64>().ok());
    looked_at.map(|x| number(x).unwrap_or_else(|| panic!("no number: {x}"))).sum()
}

/// Names joined by `|` stand for each other: either serves the question as well.
pub(crate) fn assert_uses(plan: &str, indexes: &[&str], table: &str) {
    for index in indexes {
        let is_used = index.split('|').any(|name| plan.contains(name));
        assert!(is_used, "the plan does not use {index}:\n{plan}");
    }
    assert!(!plan.contains(&format!("Seq Scan on {table}")), "the plan scans {table}:\n{plan}");
}

#[tokio::test]
async fn hot_queries_use_their_partial_index_beside_a_million_finished_steps() {
    let db = TestDatabase::create().await;
    fill(&db).await;

    let due = plan(&db, "due_steps::LIST_DUE", &[("$1", "now()"), ("$2", "100")]).await;
    let values = [("$1", "now()"), ("$2", "now()"), ("$3", "100")];
    let redispatch = plan(&db, "due_steps::REDISPATCH_OVERDUE", &values).await;

    assert_uses(&due, &["leased_steps", "steps_to_check"], "fulfillment_step");
    assert_uses(&redispatch, &["ready_steps"], "fulfillment_step");

    // They lie together, as steps do that were sent together.
    let found = buffers(&db, "due_steps::LIST_DUE", &[("$1", "now()"), ("$2", "500")]).await;
    assert!(found <= 60, "500 due steps were found in {found} buffers");
    db.finish().await;
}

/// Owes events of several tenants, many to a lane.
async fn owe(db: &TestDatabase, count: u32) {
    db.execute(&format!(
        "insert into outbox_message (tenant_id, id, kind, lane, order_id, payload, available_at, created_at)
         select 'tenant-' || n % 3, gen_random_uuid(), 'DOMAIN_EVENT', 'events:' || n % 999, gen_random_uuid(),
             '{{}}', now() - interval '1 minute' + n * interval '1 us', now()
         from generate_series(1, {count}) n"
    ))
    .await;
    db.execute("vacuum analyze outbox_message").await;
}

#[tokio::test]
async fn a_claim_reads_what_it_takes_however_much_is_owed() {
    let db = TestDatabase::create().await;
    let lease = "now() + interval '30 s'";
    let values = [("$1", "now()"), ("$2", "100"), ("$3", "'relay'"), ("$4", lease)];

    owe(&db, 1_000).await;
    let with_few = buffers(&db, "outbox::CLAIM_DUE", &values).await;
    owe(&db, 99_000).await;
    let with_many = buffers(&db, "outbox::CLAIM_DUE", &values).await;
    let plan = plan(&db, "outbox::CLAIM_DUE", &values).await;

    assert_uses(&plan, &["outbox_due_of_a_tenant", "outbox_lane_order"], "outbox_message");
    assert!(!plan.contains("JIT"), "compiling costs more than claiming:\n{plan}");
    assert!(with_few <= 1_500 && with_many <= 1_500, "{with_few} and {with_many} buffers");
    db.finish().await;
}

/// Many orders of one status, and three that are older than all of them and have another.
async fn fill_orders(db: &TestDatabase) {
    db.execute(
        "insert into product_order (tenant_id, id, order_number, quote_id, quote_revision, customer_id,
             billing_account_id, status, version, correlation_id, created_at, updated_at, audit_sequence, audit_head)
         select 'acme', md5('order' || n)::uuid, 'O-' || n, 'Q-' || n, 1, 'c', 'b',
             case when n > 200000 then 'DECOMPOSED' else 'VALIDATED' end, 1,
             md5('c')::uuid, now() - n * interval '1 second', now(), 1, 'h'
         from generate_series(1, 200003) n",
    )
    .await;
    db.execute("analyze product_order").await;
}

/// The parameters of a list of orders, none of which filters unless `given`.
pub(crate) fn list_values<'a>(given: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let plain = [
        ("$1", "'acme'"),
        ("$2", "51"),
        ("$3", "null::uuid"),
        ("$4", "now()"),
        ("$5", "null::text"),
        ("$6", "null::text"),
        ("$7", "null::text"),
        ("$8", "null::text"),
        ("$9", "null::uuid"),
        ("$10", "null::text"),
        ("$11", "null::text"),
        ("$12", "null::text"),
        ("$13", "null::text"),
        ("$14", "null::boolean"),
        ("$15", "false"),
        ("$16", "null::integer"),
        ("$17", "null::text"),
        ("$18", "null::timestamptz"),
        ("$19", "null::text"),
        ("$20", "null::bigint"),
        ("$21", "null::timestamptz"),
    ];
    let value = |(name, plain)| {
        let given = given.iter().find(|(other, _)| *other == name);
        (name, given.map_or(plain, |(_, value)| *value))
    };
    plain.into_iter().map(value).collect()
}

#[tokio::test]
async fn orders_of_a_rare_status_are_found_without_reading_the_others() {
    let db = TestDatabase::create().await;
    fill_orders(&db).await;
    let page = async |status: &str, after: &str| {
        let position = "'00000000-0000-0000-0000-000000000000'";
        let values =
            list_values(&[("$3", position), ("$5", status), ("$20", "51"), ("$21", after)]);
        plan(&db, "read_model::LIST_ORDERS", &values).await
    };

    let first = page("'DECOMPOSED'", "null").await;
    let later = page("'DECOMPOSED'", "(now() - interval '1 day')").await;
    let of_any_status = page("null", "null").await;

    for listed in [&first, &later] {
        assert_uses(listed, &["orders_of_a_status"], "product_order");
        assert!(!listed.contains("Sort Key: n."), "the plan sorts orders:\n{listed}");
    }
    assert_uses(&of_any_status, &["product_order_newest"], "product_order");
    db.finish().await;
}
