use serde_json::{Value, json};

use super::decision::draw;
use super::*;
use crate::system::System;

fn plan(text: Value) -> Result<Plan, String> {
    let plan: Plan = serde_json::from_value(text).map_err(|error| error.to_string())?;
    plan.check(System::Inventory).map(|()| plan)
}

#[test]
fn an_unknown_field_or_kind_is_refused_for_every_kind() {
    for text in [
        json!({"kind": "REFUSE", "retryAfterSecond": 1}),
        json!({"kind": "UNAVAILABLE", "retryAfter": 1}),
        json!({"kind": "EARLY", "delayMs": 1}),
        json!({"kind": "NONSENSE"}),
        json!({"times": 1}),
        json!({"kind": "MALFORMED"}),
    ] {
        assert!(plan(text.clone()).is_err(), "{text}");
    }
}

#[test]
fn a_plan_that_could_never_hit_or_would_lie_is_refused() {
    for text in [
        json!({"kind": "REFUSE", "times": 0}),
        json!({"kind": "REFUSE", "probability": 1.5}),
        json!({"kind": "REFUSE", "on": "CALLBACK"}),
        json!({"kind": "MISSING", "on": "SUBMIT"}),
        json!({"kind": "ERROR_500_AFTER", "on": "QUERY"}),
        json!({"kind": "TECHNICAL_REFUSAL", "status": 422}),
        json!({"kind": "TECHNICAL_REFUSAL", "status": 404, "on": "QUERY"}),
        json!({"kind": "DUPLICATED", "copies": 0}),
    ] {
        assert!(plan(text.clone()).is_err(), "{text}");
    }
    assert!(plan(json!({"kind": "TECHNICAL_REFUSAL", "status": 404})).is_ok());
}

#[test]
fn a_plan_survives_the_journal() {
    for text in [
        json!({"kind": "ERROR_500_AFTER", "times": 2, "seed": 0}),
        json!({"kind": "UNAVAILABLE", "retryAfterSeconds": 3, "probability": 0.25, "seed": 9}),
        json!({"kind": "DUPLICATED", "copies": 3, "newId": true, "seed": 0}),
        json!({"kind": "SLOW_DRIP", "dripMs": 5, "on": "QUERY", "seed": 0}),
    ] {
        assert_eq!(serde_json::to_value(plan(text.clone()).unwrap()).unwrap(), text);
    }
}

#[test]
fn draws_are_the_same_in_every_run_and_even() {
    let fault = Fault::Refuse {};
    let hits = |seed: u64, fault: &Fault| -> Vec<bool> {
        let subject = |n: u32| format!("request-{n}");
        (0..4000).map(|n| draw(seed, fault, Place::Submit, (&subject(n), 1)) < 0.1).collect()
    };

    let first = hits(1, &fault);

    assert_eq!(first, hits(1, &fault));
    assert_ne!(first, hits(2, &fault));
    assert_ne!(first, hits(1, &Fault::Hang {}), "two plans of one seed hit apart");
    let count = first.iter().filter(|hit| **hit).count();
    assert!((300..500).contains(&count), "{count} of 4000 at 0.1");
}

#[test]
fn a_draw_is_fixed_across_versions_of_the_compiler() {
    // Whoever changes this number makes every recorded chaos run another one.
    let draw = draw(7, &Fault::Refuse {}, Place::Submit, ("request", 1));

    assert_eq!(format!("{draw:.12}"), "0.617706913483");
}
