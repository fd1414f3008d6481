//! Tenants see nothing of each other, and roles may do what they need and nothing else.

use test_support::{TestDatabase, order_draft, place_order, tenant};

#[tokio::test]
async fn a_tenant_sees_nothing_of_another_and_a_role_without_tenant_sees_nothing() {
    let db = TestDatabase::create().await;
    let intake = db.store("oms_order_intake").await;
    place_order(&intake, &tenant(), &order_draft(&["ROUTER_RENTAL"])).await;

    let as_role = |setting: &str| {
        format!(
            "set role oms_operator_api; select set_config('app.tenant_id', '{setting}', false);
             create temporary table seen_{0} as select count(*) as n from product_order; reset role",
            if setting.is_empty() { "none" } else { setting }
        )
    };
    for setting in ["", "acme", "other"] {
        db.execute(&as_role(setting)).await;
    }

    assert_eq!(db.number("select n from seen_none").await, 0);
    assert_eq!(db.number("select n from seen_acme").await, 1);
    assert_eq!(db.number("select n from seen_other").await, 0);
    db.finish().await;
}

#[tokio::test]
async fn no_role_may_change_or_delete_what_the_journals_hold() {
    let db = TestDatabase::create().await;

    let writable = db
        .text(
            "select string_agg(grantee || ' may ' || privilege_type || ' ' || table_name, ', ')
             from information_schema.role_table_grants
             where table_name in ('order_transition', 'audit_entry', 'domain_event',
                                  'order_quote_snapshot', 'external_request_attempt')
               and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
               and grantee like 'oms\\_%' and grantee <> 'oms_owner'",
        )
        .await;

    assert_eq!(writable, None);
    db.finish().await;
}

#[tokio::test]
async fn the_role_of_operators_writes_what_their_actions_need_and_nothing_else() {
    let db = TestDatabase::create().await;

    let writes = db
        .text(
            "select string_agg(lower(privilege_type) || ' ' || table_name, ', '
                               order by privilege_type, table_name)
             from information_schema.role_table_grants
             where grantee = 'oms_operator_api' and privilege_type <> 'SELECT'",
        )
        .await;

    let expected = "delete outbox_message, insert audit_entry, insert billing_activation, \
        insert bulk_action, insert bulk_action_item, insert customer_notification, insert domain_event, insert fallout_action, \
        insert idempotency_record, insert order_transition, insert outbox_message, \
        insert product_catalogue, insert target_system_circuit, insert tenant_audit_chain, \
        update billing_activation, update bulk_action, update bulk_action_item, update external_request, \
        update fulfillment_plan, update fulfillment_step, update order_fallout_case, \
        update order_line, update platform_incident, update product_order, \
        update target_system_circuit, update tenant_audit_chain";
    assert_eq!(writes.as_deref(), Some(expected));
    // What a version says is what orders were decomposed with.
    let of_catalogues = db
        .text(
            "select string_agg(column_name, ', ') from information_schema.column_privileges
             where grantee = 'oms_operator_api' and table_name = 'product_catalogue'
               and privilege_type = 'UPDATE'",
        )
        .await;
    assert_eq!(of_catalogues.as_deref(), Some("is_current"));
    db.finish().await;
}
