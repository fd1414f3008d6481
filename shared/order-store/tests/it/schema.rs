//! The schema: statements fit it, constraints equal the enums, every tenant table is protected.

use std::collections::BTreeSet;

use order_domain::actor::ActorKind;
use order_domain::billing::BillingStatus;
use order_domain::bulk::{BulkForecast, BulkItemStatus, BulkStatus, PauseReason};
use order_domain::catalogue::LineAction;
use order_domain::circuit::{CircuitCause, CircuitStatus, CircuitWait};
use order_domain::event::DomainEventType;
use order_domain::failure::FailureClass;
use order_domain::fallout::{CaseStatus, EngineAnchor, FalloutAction, FalloutResolution, Severity};
use order_domain::line::LineStatus;
use order_domain::order::OrderStatus;
use order_domain::plan::{PlanPurpose, PlanStatus};
use order_domain::step::StepStatus;
use order_store::migrate;
use test_support::TestDatabase;

#[tokio::test]
async fn every_statement_of_the_crate_fits_the_migrated_schema() {
    let db = TestDatabase::create().await;

    for (name, sql) in order_store::statements::all() {
        let prepared = format!("prepare probe as {sql}");
        db.execute(&prepared).await;
        db.execute("deallocate probe").await;
        assert!(!name.is_empty());
    }

    db.finish().await;
}

/// The texts in a CHECK constraint's list.
async fn listed(db: &TestDatabase, constraint: &str) -> BTreeSet<String> {
    let sql = format!(
        "select pg_get_constraintdef(oid) from pg_constraint where conname = '{constraint}'"
    );
    let definition = db.text(&sql).await.unwrap_or_else(|| panic!("{constraint} exists"));
    definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

fn spelled<T: Copy>(all: &[T], as_str: impl Fn(T) -> &'static str) -> BTreeSet<String> {
    all.iter().map(|x| as_str(*x).to_owned()).collect()
}

#[tokio::test]
async fn every_check_constraint_lists_exactly_the_variants_of_its_enum() {
    let db = TestDatabase::create().await;

    let pairs = [
        ("order_status_is_known", spelled(OrderStatus::ALL, OrderStatus::as_str)),
        ("line_status_is_known", spelled(LineStatus::ALL, LineStatus::as_str)),
        ("line_action_is_known", spelled(LineAction::ALL, LineAction::as_str)),
        ("plan_status_is_known", spelled(PlanStatus::ALL, PlanStatus::as_str)),
        ("plan_purpose_is_known", spelled(PlanPurpose::ALL, PlanPurpose::as_str)),
        ("step_status_is_known", spelled(StepStatus::ALL, StepStatus::as_str)),
        ("case_status_is_known", spelled(CaseStatus::ALL, CaseStatus::as_str)),
        ("case_severity_is_known", spelled(Severity::ALL, Severity::as_str)),
        ("case_engine_anchor_is_known", spelled(EngineAnchor::ALL, EngineAnchor::as_str)),
        ("fallout_action_is_known", spelled(FalloutAction::ALL, FalloutAction::as_str)),
        ("case_resolution_is_known", spelled(FalloutResolution::ALL, FalloutResolution::as_str)),
        ("bulk_status_is_known", spelled(BulkStatus::ALL, BulkStatus::as_str)),
        ("bulk_item_status_is_known", spelled(BulkItemStatus::ALL, BulkItemStatus::as_str)),
        ("bulk_forecast_is_known", spelled(BulkForecast::ALL, BulkForecast::as_str)),
        ("bulk_pause_reason_is_known", spelled(PauseReason::ALL, PauseReason::as_str)),
        ("circuit_status_is_known", spelled(CircuitStatus::ALL, CircuitStatus::as_str)),
        ("circuit_cause_is_known", spelled(CircuitCause::ALL, CircuitCause::as_str)),
        ("circuit_wait_is_known", spelled(CircuitWait::ALL, CircuitWait::as_str)),
        ("billing_status_is_known", spelled(BillingStatus::ALL, BillingStatus::as_str)),
        ("event_type_is_known", spelled(DomainEventType::ALL, DomainEventType::as_str)),
        ("audit_actor_kind_is_known", spelled(ActorKind::ALL, ActorKind::as_str)),
        ("attempt_failure_class_is_known", spelled(&FailureClass::ALL, FailureClass::as_str)),
    ];
    for (constraint, variants) in pairs {
        assert_eq!(listed(&db, constraint).await, variants, "{constraint}");
    }

    db.finish().await;
}

#[tokio::test]
async fn every_table_with_a_tenant_has_forced_row_security_and_its_policies() {
    let db = TestDatabase::create().await;

    let unprotected = db
        .text(
            "select string_agg(c.relname, ', ')
             from pg_class c
             join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
             where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
               and not (c.relrowsecurity and c.relforcerowsecurity
                        -- The worker of bulk actions sees whose there are, and is no member of oms_system.
                        and case when c.relname = 'bulk_action' then 3 else 2 end
                            = (select count(*) from pg_policy p where p.polrelid = c.oid))",
        )
        .await;

    assert_eq!(unprotected, None);
    assert!(db.number("select count(*) from pg_policy").await > 40);
    db.finish().await;
}

#[tokio::test]
async fn five_migrators_at_once_on_an_empty_database_end_with_one_schema() {
    let db = TestDatabase::create_empty().await;
    let owner = db.settings("oms_owner");

    let run = || migrate(&owner, None, &[]);
    let (a, b, c, d, e) = tokio::join!(run(), run(), run(), run(), run());

    let summaries = [a, b, c, d, e].map(|x| x.expect("each migrator succeeds"));
    let applied: Vec<i64> = summaries.iter().flat_map(|x| x.applied.clone()).collect();
    assert_eq!(applied, migration_numbers(), "each migration was applied by exactly one of them");
    db.finish().await;
}

/// The numbers of the files; one that is being reviewed elsewhere may be missing.
fn migration_numbers() -> Vec<i64> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");
    let files = std::fs::read_dir(folder).expect("the folder of migrations").flatten();
    let names = files.filter_map(|x| x.file_name().into_string().ok());
    let number = |x: String| x.strip_prefix('V')?.split("__").next()?.parse().ok();
    let mut numbers: Vec<i64> = names.filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn migrations_applied_again_change_nothing() {
    let db = TestDatabase::create().await;
    let owner = db.settings("oms_owner");

    let again = migrate(&owner, None, &[]).await.expect("a second run");

    assert_eq!(again.applied, Vec::<i64>::new());
    db.finish().await;
}
