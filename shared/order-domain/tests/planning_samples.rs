//! Every sample of `catalog/` parses, validates, decomposes and plans.

#[path = "planning_samples/quote.rs"]
mod quote;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use order_domain::catalogue::{Catalogue, LineAction};
use order_domain::characteristic::CharacteristicValue;
use order_domain::decomposition::{OrderForDecomposition, WorkItem, decompose};
use order_domain::planning::{PlanBlueprint, plan};
use quote::{catalog_file, read_quote};

const QUOTES: [&str; 7] = [
    "change-order",
    "conditional-steps",
    "managed-connectivity-bundle",
    "no-change-only",
    "optional-step-fails",
    "quantity-three",
    "sd-wan-25-sites",
];

fn catalogue() -> Catalogue {
    serde_json::from_str(&catalog_file("catalogue.json")).expect("the sample catalogue parses")
}

struct Sample {
    order: OrderForDecomposition,
    items: Vec<WorkItem>,
    plan: PlanBlueprint,
}

fn sample(quote: &str) -> Sample {
    let order = read_quote(quote);
    let items = decompose(&catalogue(), &order).expect("the sample decomposes");
    let plan = plan(&items).expect("the sample plans");
    Sample { order, items, plan }
}

impl Sample {
    fn keys(&self) -> Vec<&str> {
        self.items.iter().map(|item| item.item_key.as_str()).collect()
    }

    fn item(&self, key: &str) -> &WorkItem {
        self.items.iter().find(|item| item.item_key == key).expect("the item exists")
    }

    fn depends_on(&self, key: &str) -> Vec<&str> {
        self.item(key).depends_on.iter().map(String::as_str).collect()
    }

    /// The plan as a page to read: one step per line, stage by stage.
    fn page(&self) -> String {
        let plan = &self.plan;
        let mut page = format!(
            "{} steps, longest chain {}, slowest chain {} minutes\n",
            plan.remaining_step_count, plan.critical_path_length, plan.critical_path_minutes
        );
        for step in &plan.steps {
            let item = &self.items[step.work_item_index];
            let (stage, key, system) = (step.stage, &step.step_key, &item.target_system);
            let kind = &item.step_type;
            write!(page, "{stage} {key} [{kind} {system}]").expect("a String");
            if step.pending_dependency_count > 0 {
                write!(page, " <- {}", step.depends_on_step_keys.join(", ")).expect("a String");
            }
            page.push('\n');
        }
        page
    }
}

#[test]
fn the_sample_catalogue_has_no_problem() {
    assert_eq!(catalogue().validate(), Ok(()));
}

#[test]
fn the_list_of_sample_quotes_is_complete() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalog/quotes");
    let files = std::fs::read_dir(folder).expect("the folder of quotes");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").file_name().into_string().expect("a UTF-8 name"))
        .map(|name| name.trim_end_matches(".json").to_owned())
        .collect();
    names.sort();
    assert_eq!(names, QUOTES);
}

#[test]
fn every_sample_plan_is_consistent_with_its_work_items() {
    for quote in QUOTES {
        let sample = sample(quote);
        assert_eq!(sample.plan.steps.len(), sample.items.len(), "{quote}");
        let mut seen = BTreeSet::new();
        for step in &sample.plan.steps {
            let ready = step.depends_on_step_keys.iter().all(|key| seen.contains(key.as_str()));
            assert!(ready, "{quote}: {} comes after what it waits for", step.step_key);
            assert_eq!(step.pending_dependency_count, step.depends_on_step_keys.len());
            seen.insert(step.step_key.as_str());
        }
    }
}

#[test]
fn the_managed_connectivity_bundle_is_planned_as_the_seed_tells_it() {
    insta::assert_snapshot!(sample("managed-connectivity-bundle").page());
}

#[test]
fn the_change_order_has_work_for_modify_and_delete_only() {
    insta::assert_snapshot!(sample("change-order").page());
}

#[test]
fn conditions_decide_which_steps_a_line_gets() {
    insta::assert_snapshot!(sample("conditional-steps").page());
}

#[test]
fn twenty_five_sites_fan_out_and_in_across_lines() {
    let sample = sample("sd-wan-25-sites");
    let of_kind =
        |key: &'static str| sample.items.iter().filter(move |x| x.template_key.as_str() == key);
    // At least 150 are asked for; the exact number stands in the README of the samples.
    assert_eq!(sample.items.len(), 160);
    assert_eq!(of_kind("verify-site-tunnel").count(), 25);
    // Fan out: one controller on another line releases every site.
    let controller = "line-2.provision-controller";
    assert!(of_kind("provision-edge-policy").all(|x| x.depends_on.iter().any(|k| k == controller)));
    // Fan in: the overlay of the parent line waits for every site of three child lines.
    let overlay = sample.depends_on("line-1.activate-overlay");
    assert_eq!(overlay.iter().filter(|key| key.contains("verify-site-tunnel")).count(), 25);
    assert!(overlay.contains(&"order.SD_WAN_SERVICE.assign-project-manager"));
    // Inside a line, site n waits for site n.
    let third = sample.depends_on("line-4.connect-site#3");
    assert_eq!(third, ["line-4.provision-edge-policy#3", "line-4.schedule-site-installation#3"]);
}

#[test]
fn three_units_are_worked_on_one_by_one_and_billed_once() {
    let sample = sample("quantity-three");
    let number = CharacteristicValue::Integer(3);
    assert_eq!(sample.item("line-1.ship-device#3").payload.get("unitNumber"), Some(&number));
    assert_eq!(sample.depends_on("line-1.ship-device#3"), ["line-1.allocate-device#3"]);
    let all = ["line-1.ship-device#1", "line-1.ship-device#2", "line-1.ship-device#3"];
    assert_eq!(sample.depends_on("line-1.configure-network"), all);
    assert_eq!(sample.keys().iter().filter(|key| key.contains("billing")).count(), 1);
}

#[test]
fn an_order_without_changes_has_an_empty_plan() {
    let sample = sample("no-change-only");
    assert_eq!(sample.keys(), Vec::<&str>::new());
    assert_eq!((sample.plan.remaining_step_count, sample.plan.critical_path_length), (0, 0));
}

#[test]
fn billing_does_not_wait_for_the_optional_step_that_fails() {
    let sample = sample("optional-step-fails");
    let failing = sample.item("line-1.create-dashboard");
    let reason = CharacteristicValue::Text("REJECTED_BY_TARGET".to_owned());
    assert!(!failing.mandatory);
    assert_eq!(failing.payload.get("simulateRejection"), Some(&reason));
    assert_eq!(sample.depends_on("line-1.activate-billing"), ["line-1.provision-probe"]);
    assert_eq!(sample.depends_on("line-1.share-dashboard"), ["line-1.create-dashboard"]);
    assert!(!sample.item("line-1.share-dashboard").mandatory);
}

#[test]
fn every_billable_line_of_every_sample_has_exactly_one_billing_step() {
    for quote in QUOTES {
        let sample = sample(quote);
        let mut billed: BTreeMap<_, usize> = BTreeMap::new();
        for item in sample.items.iter().filter(|item| item.step_type.is_billing()) {
            *billed.entry(item.order_line_id.expect("billing belongs to a line")).or_default() += 1;
        }
        for line in &sample.order.lines {
            let is_billable = line.action != LineAction::NoChange
                && !catalogue().find_product(&line.product_code).expect("known").bundle;
            let billing_steps = billed.get(&line.id).copied().unwrap_or(0);
            assert_eq!(billing_steps, usize::from(is_billable), "{quote} {}", line.product_code);
        }
    }
}

#[test]
fn sample_deadlines_are_those_of_the_seed() {
    let rows = [
        ("RESERVATION", r#"{"minutes":10}"#),
        ("PROVISIONING", r#"{"hours":4}"#),
        ("SCHEDULING", r#"{"businessDays":2,"calendar":"standard"}"#),
    ];
    for (kind, deadline) in rows {
        let products = catalogue().products;
        let steps = products.iter().flat_map(|p| &p.rules).flat_map(|rule| &rule.steps);
        for step in steps.filter(|step| step.step_type.as_str() == kind) {
            let written = step.deadline.as_ref().map(|d| serde_json::to_string(d).expect("JSON"));
            assert_eq!(written.as_deref(), Some(deadline), "{}", step.key);
        }
    }
}

#[test]
fn work_items_survive_being_stored() {
    for quote in QUOTES {
        let items = sample(quote).items;
        let stored = serde_json::to_string(&items).expect("work items are JSON");
        let read: Vec<WorkItem> = serde_json::from_str(&stored).expect("stored items are read");
        assert_eq!(read, items, "{quote}");
    }
}
