//! Catalogues over HTTP: who follows whom, once, audited, and one after the other.

use jiff::Timestamp;
use order_domain::actor::Actor;
use order_domain::catalogue::{CatalogueRejection, SeenCatalogue};
use order_store::commands::{
    ApplyCatalogue, ApplyCatalogueOutcome as Outcome, CatalogueReport, CatalogueVerdict,
    apply_catalogue,
};
use order_store::{CommandContext, Store, catalogue};
use serde_json::{Value, json};
use test_support::{TestDatabase, tenant};
use tokio::join;

const STORED: &str =
    "select string_agg(version || case when is_current then ' current' else '' end, ', '
    order by version) from product_catalogue where tenant_id = 'acme'";
const AUDITED: &str =
    "select string_agg(outcome || coalesce(' ' || code, ''), ', ' order by sequence)
    from audit_entry where command = 'apply_catalogue' and actor_name = 'paula'
      and chain_id = '00000000-0000-0000-0000-000000000000'";

fn document(version: u32, products: &[&str]) -> Value {
    let product = |code: &&str| json!({"code": code, "name": code});
    let products: Vec<Value> = products.iter().map(product).collect();
    json!({"version": version, "calendars": {}, "products": products})
}

fn request(document: &Value, seen: SeenCatalogue) -> ApplyCatalogue {
    ApplyCatalogue {
        document: document.clone(),
        catalogue: serde_json::from_value(document.clone()).expect("a catalogue"),
        seen,
        fingerprint: document.to_string(),
        is_preview: false,
    }
}

async fn apply(store: &Store, key: &str, request: &ApplyCatalogue) -> Outcome {
    let paula = Actor::caller("paula", vec!["platform-operator".to_owned()]);
    let ctx = CommandContext::new(paula, Timestamp::now()).with_idempotency_key(key);
    let tx = store.tenant_tx(&tenant()).await.expect("a transaction");
    apply_catalogue(tx, &ctx, request).await.expect("the store answers")
}

fn report(outcome: Outcome) -> CatalogueReport {
    match outcome {
        Outcome::Done(report) | Outcome::Foreseen(report, _) => *report,
        other => panic!("{other:?}"),
    }
}

/// A tenant whose catalogues 1 and 2 were applied, the second one current.
async fn with_two() -> (TestDatabase, Store) {
    let db = TestDatabase::create().await;
    let api = db.store("oms_operator_api").await;
    let first = request(&document(1, &["A", "B"]), SeenCatalogue::Nothing);
    let second = request(&document(2, &["A", "C"]), SeenCatalogue::Version(1));
    assert_eq!(report(apply(&api, "k-1", &first).await).verdict, CatalogueVerdict::Applied);
    assert_eq!(report(apply(&api, "k-2", &second).await).verdict, CatalogueVerdict::Applied);
    (db, api)
}

#[tokio::test]
async fn a_catalogue_replaces_the_current_one_says_what_it_changes_and_keeps_the_others() {
    let (db, api) = with_two().await;
    let third = request(&document(7, &["A", "C", "D"]), SeenCatalogue::Version(2));

    let done = report(apply(&api, "k-3", &third).await);

    assert_eq!((done.version, done.previous_version, done.product_count), (7, Some(2), 3));
    assert_eq!(done.difference.products_added, ["D"]);
    assert_eq!(db.text(STORED).await.as_deref(), Some("1, 2, 7 current"));
    assert_eq!(db.text(AUDITED).await.as_deref(), Some("APPLIED, APPLIED, APPLIED"));
    db.finish().await;
}

#[tokio::test]
async fn a_repeat_with_its_key_answers_the_same_and_writes_nothing() {
    let (db, api) = with_two().await;
    let third = request(&document(3, &["A"]), SeenCatalogue::Version(2));
    let stale = request(&document(4, &["A"]), SeenCatalogue::Version(2));
    let first = (apply(&api, "k-3", &third).await, apply(&api, "k-4", &stale).await);
    let audited = db.text(AUDITED).await;

    let again = (apply(&api, "k-3", &third).await, apply(&api, "k-4", &stale).await);
    let reused = apply(&api, "k-3", &stale).await;

    assert_eq!(again, first);
    assert_eq!(first.1, Outcome::Refused(CatalogueRejection::VersionConflict));
    assert_eq!(reused, Outcome::KeyReused);
    assert_eq!(db.text(AUDITED).await, audited);
    db.finish().await;
}

#[tokio::test]
async fn what_is_current_already_is_no_refusal_and_is_audited_as_such() {
    let (db, api) = with_two().await;
    let same = request(&document(2, &["A", "C"]), SeenCatalogue::Version(1));

    let done = report(apply(&api, "k-3", &same).await);

    assert_eq!(done.verdict, CatalogueVerdict::AlreadyApplied);
    assert!(done.difference.is_empty());
    assert_eq!(db.text(AUDITED).await.as_deref(), Some("APPLIED, APPLIED, ALREADY_APPLIED"));
    db.finish().await;
}

#[tokio::test]
async fn a_refused_catalogue_leaves_everything_as_it_was_and_is_audited_with_its_code() {
    let (db, api) = with_two().await;
    let seen = SeenCatalogue::Version(2);

    for (key, refused, expected) in [
        ("k-3", request(&document(1, &["A", "B"]), seen), CatalogueRejection::VersionBehind),
        ("k-4", request(&document(2, &["A"]), seen), CatalogueRejection::VersionTaken),
        (
            "k-5",
            request(&document(3, &["A"]), SeenCatalogue::Nothing),
            CatalogueRejection::VersionConflict,
        ),
    ] {
        assert_eq!(apply(&api, key, &refused).await, Outcome::Refused(expected));
    }

    assert_eq!(db.text(STORED).await.as_deref(), Some("1, 2 current"));
    let audited = "APPLIED, APPLIED, REFUSED CATALOGUE_VERSION_BEHIND, \
        REFUSED CATALOGUE_VERSION_TAKEN, REFUSED VERSION_CONFLICT";
    assert_eq!(db.text(AUDITED).await.as_deref(), Some(audited));
    db.finish().await;
}

#[tokio::test]
async fn of_two_who_saw_the_same_catalogue_one_applies_theirs_and_the_other_is_told() {
    let (db, api) = with_two().await;
    let other = db.store("oms_operator_api").await;
    for round in 0..8 {
        let seen = SeenCatalogue::Version(2 + round);
        let (hers, his) = (
            request(&document(3 + round, &["A", "HERS"]), seen),
            request(&document(3 + round, &["A", "HIS"]), seen),
        );
        let (her_key, his_key) = (format!("hers-{round}"), format!("his-{round}"));

        let ended = join!(apply(&api, &her_key, &hers), apply(&other, &his_key, &his));

        let ended = [ended.0, ended.1];
        let told = Outcome::Refused(CatalogueRejection::VersionConflict);
        assert_eq!(ended.iter().filter(|x| **x == told).count(), 1, "{ended:?}");
        assert_eq!(ended.iter().filter(|x| matches!(x, Outcome::Done(_))).count(), 1);
    }
    let links =
        "select count(*) from audit_entry e where e.command = 'apply_catalogue' and not exists (
        select from audit_entry p where p.chain_id = e.chain_id and p.sequence = e.sequence - 1
          and p.hash = e.previous_hash) and e.sequence > 1";
    assert_eq!(db.number(links).await, 0, "every entry follows the one before");
    db.finish().await;
}

#[tokio::test]
async fn a_version_that_the_owner_went_back_from_can_become_current_again() {
    let (db, api) = with_two().await;
    let owner = db.store("oms_owner").await;
    let tx = owner.tenant_tx(&tenant()).await.expect("a transaction");
    let back = catalogue::apply(tx, 1, &document(1, &["A", "B"]), Timestamp::now()).await;
    assert_eq!(back.expect("loaded"), catalogue::ApplyOutcome::Current);
    assert_eq!(db.text(STORED).await.as_deref(), Some("1 current, 2"));

    let again = request(&document(2, &["A", "C"]), SeenCatalogue::Version(1));
    let done = report(apply(&api, "k-3", &again).await);

    assert_eq!((done.verdict, done.previous_version), (CatalogueVerdict::Applied, Some(1)));
    assert_eq!(db.text(STORED).await.as_deref(), Some("1, 2 current"));
    db.finish().await;
}

#[tokio::test]
async fn a_preview_tells_what_would_happen_and_writes_nothing() {
    let (db, api) = with_two().await;
    let preview = |document: &Value| ApplyCatalogue {
        is_preview: true,
        ..request(document, SeenCatalogue::NotSaid)
    };
    let counts =
        "select (select count(*) from audit_entry) + (select count(*) from idempotency_record)
        + (select count(*) from product_catalogue)";
    let before = db.number(counts).await;

    let fits = apply(&api, "k-3", &preview(&document(3, &["A"]))).await;
    let taken = apply(&api, "k-3", &preview(&document(2, &["A"]))).await;

    let Outcome::Foreseen(report, None) = fits else { panic!("{fits:?}") };
    assert_eq!(report.verdict, CatalogueVerdict::Preview);
    assert_eq!(report.difference.products_removed, ["C"]);
    assert!(matches!(taken, Outcome::Foreseen(_, Some(CatalogueRejection::VersionTaken))));
    assert_eq!(db.number(counts).await, before);
    db.finish().await;
}

#[tokio::test]
async fn applying_costs_two_round_trips_and_one_commit() {
    let (db, api) = with_two().await;
    let third = request(&document(3, &["A"]), SeenCatalogue::Version(2));
    let before = api.cost();

    let done = report(apply(&api, "k-3", &third).await);

    let after = api.cost();
    assert_eq!(done.verdict, CatalogueVerdict::Applied);
    assert_eq!(after.round_trips - before.round_trips, 2);
    assert_eq!(after.commits - before.commits, 1);
    db.finish().await;
}
