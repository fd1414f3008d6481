//! Which sequence flows the paths take, compared with the table of `bpmn/README.md`.
//!
//! Paths that need only functions of today count as *now*; the others are driven as well, because
//! a model that was never run is not known to work, but they count for the issue that brings the
//! function.

use std::collections::{BTreeMap, BTreeSet};

use camunda_client::ActivityInstance;

use super::driver::{Engine, Order};
use super::model::{Flow, documents, flows};
use super::{README, paths};

/// Says by which path a flow was first taken, and since when functions can take it.
#[derive(Default)]
struct Coverage(BTreeMap<String, (&'static str, &'static str)>);

impl Coverage {
    async fn record(&mut self, since: &'static str, path: &'static str, order: &Order<'_>) {
        let documents = documents();
        for flow in taken(&flows(&documents), &order.history().await) {
            self.0.entry(flow).or_insert((path, since));
        }
    }

    fn rows(&self) -> BTreeSet<String> {
        let row = |(flow, (path, since)): (&String, &(&str, &str))| {
            format!("| `{flow}` | {path} | {since} |")
        };
        self.0.iter().map(row).collect()
    }
}

/// History knows activities, not flows. A flow was taken when its source was left regularly and
/// its target was entered; after a decision it is the target that was entered first.
fn taken(flows: &[Flow<'_>], history: &[ActivityInstance]) -> BTreeSet<String> {
    let was_taken = |flow: &&Flow<'_>| {
        let is_decision = flow.source.ends_with("Resolution");
        let competes = |rival: &&Flow<'_>| is_decision || rival.id == flow.id;
        let rivals: Vec<&Flow<'_>> =
            flows.iter().filter(|rival| rival.source == flow.source).filter(competes).collect();
        history
            .iter()
            .filter(|run| run.activity_id == flow.source && !run.canceled)
            .any(|run| first_entered(&rivals, history, run) == Some(flow.target))
    };
    flows.iter().filter(was_taken).map(|flow| flow.id.to_owned()).collect()
}

fn first_entered<'a>(
    rivals: &[&Flow<'a>],
    history: &[ActivityInstance],
    source: &ActivityInstance,
) -> Option<&'a str> {
    let left = source.end_time?;
    let entered = |target: &'a str| {
        let runs = history.iter().filter(|run| run.activity_id == target);
        let next = runs.map(|run| run.start_time).filter(|start| *start >= left).min()?;
        Some((next, target))
    };
    rivals.iter().filter_map(|rival| entered(rival.target)).min().map(|(_, target)| target)
}

fn declared() -> BTreeSet<String> {
    let is_flow = |line: &&str| line.starts_with("| `") && line.contains("_to_");
    README.lines().filter(is_flow).map(str::to_owned).collect()
}

macro_rules! drive {
    ($engine:ident, $coverage:ident: $($since:literal $path:literal $drive:ident),+ $(,)?) => {$(
        let order = $engine.order().await;
        paths::$drive(&order).await;
        $coverage.record($since, $path, &order).await;
        order.leave().await;
    )+};
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the coverage table is what this test shows")]
async fn every_sequence_flow_is_taken_as_the_readme_says() {
    let engine = Engine::with_models().await;
    let mut coverage = Coverage::default();

    drive!(engine, coverage:
        "now" "happy path" happy_path,
        "now" "readiness, RETRY" readiness_retry,
        "now" "readiness, CONTINUE" readiness_continue,
        "now" "decomposition, RETRY" decomposition_retry,
        "now" "planning, RETRY" planning_retry,
        "now" "billing, RETRY" billing_retry,
        "now" "billing, CONTINUE" billing_continue,
        "now" "completion, RETRY" completion_retry,
        "now" "fallout beside" fallout_beside,
        "now" "overdue and unanswered" overdue_and_unanswered,
        "now" "overdue plan reviewed" overdue_plan_reviewed,
        "now" "fallout escalated" fallout_escalated,
        "a later issue" "cancelled" cancelled,
    );

    let rows = coverage.rows();
    println!("| sequence flow | first taken by | functions |\n|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
    let documents = documents();
    let missing: Vec<_> = flows(&documents)
        .into_iter()
        .map(|flow| flow.id)
        .filter(|id| !coverage.0.contains_key(*id))
        .collect();
    assert!(missing.is_empty(), "never taken: {missing:?}");
    assert_eq!(rows, declared(), "the table of bpmn/README.md");
}
