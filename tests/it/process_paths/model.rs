//! What the models promise on paper, read from the files themselves; needs no engine.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::{Document, Node};
use test_support::pointers::FIVE_POINTERS;

use super::{
    CANCELLATION, ERROR_CODES, ESCALATION, FALLOUT, FULFILLMENT, MILESTONES, NOTIFICATION, README,
    REVIEW,
};

/// A way from one element to the next.
pub(super) struct Flow<'a> {
    pub(super) id: &'a str,
    pub(super) source: &'a str,
    pub(super) target: &'a str,
}

pub(super) fn documents() -> [Document<'static>; 2] {
    [FULFILLMENT, FALLOUT].map(|xml| Document::parse(xml).expect("a model is well-formed XML"))
}

fn elements<'a>(documents: &'a [Document<'static>; 2]) -> impl Iterator<Item = Node<'a, 'static>> {
    documents.iter().flat_map(|document| document.descendants().filter(Node::is_element))
}

fn named<'a>(
    documents: &'a [Document<'static>; 2],
    tag: &'static str,
) -> impl Iterator<Item = Node<'a, 'static>> {
    elements(documents).filter(move |node| node.tag_name().name() == tag)
}

fn attribute<'a>(node: Node<'a, '_>, name: &str) -> &'a str {
    let local = |candidate: &roxmltree::Attribute<'_, '_>| candidate.name() == name;
    let found = node.attributes().find(local);
    found.map_or_else(|| panic!("{node:?} has no {name}"), |attribute| attribute.value())
}

pub(super) fn flows<'a>(documents: &'a [Document<'static>; 2]) -> Vec<Flow<'a>> {
    named(documents, "sequenceFlow")
        .map(|node| Flow {
            id: attribute(node, "id"),
            source: attribute(node, "sourceRef"),
            target: attribute(node, "targetRef"),
        })
        .collect()
}

fn has_timer(documents: &[Document<'static>; 2], wait: &str) -> bool {
    named(documents, "boundaryEvent").any(|event| {
        let is_timer = |child: Node<'_, '_>| child.tag_name().name() == "timerEventDefinition";
        attribute(event, "attachedToRef") == wait && event.children().any(is_timer)
    })
}

#[test]
fn every_wait_has_a_timer() {
    let documents = documents();

    let waits: Vec<_> = elements(&documents)
        .filter(|node| {
            let is_task = ["receiveTask", "userTask", "intermediateCatchEvent"];
            is_task.contains(&node.tag_name().name())
        })
        .map(|node| attribute(node, "id"))
        .collect();

    assert_eq!(waits, ["AwaitFulfillmentPlan", "AwaitCompensationPlan", "ResolveOrderFallout"]);
    for wait in waits {
        assert!(has_timer(&documents, wait), "{wait} could wait for ever");
    }
}

#[test]
fn every_error_code_is_caught_at_the_topic_that_sends_it() {
    let documents = documents();
    let topic_of: BTreeMap<_, _> = named(&documents, "serviceTask")
        .map(|task| (attribute(task, "id"), attribute(task, "topic")))
        .collect();
    let code_of: BTreeMap<_, _> = named(&documents, "error")
        .map(|error| (attribute(error, "id"), attribute(error, "errorCode")))
        .collect();

    let caught: BTreeSet<_> = named(&documents, "errorEventDefinition")
        .map(|definition| {
            let event = definition.parent().expect("a definition stands in an event");
            let topic = topic_of[attribute(event, "attachedToRef")];
            (topic, code_of[attribute(definition, "errorRef")])
        })
        .collect();

    assert_eq!(caught, BTreeSet::from(ERROR_CODES));
}

#[test]
fn every_topic_is_known() {
    let documents = documents();

    let topics: BTreeSet<_> =
        named(&documents, "serviceTask").map(|task| attribute(task, "topic")).collect();

    let mut known = BTreeSet::from([NOTIFICATION, REVIEW, ESCALATION, CANCELLATION]);
    known.extend(MILESTONES);
    assert_eq!(topics, known);
    for topic in known {
        assert!(README.contains(&format!("`{topic}`")), "bpmn/README.md does not name {topic}");
    }
}

#[test]
fn ids_are_unique_over_both_models() {
    let documents = documents();
    let mut seen = BTreeSet::new();

    let in_model = |node: &Node<'_, '_>| {
        node.tag_name().namespace().is_some_and(|uri| uri.ends_with("/MODEL"))
    };
    for id in elements(&documents).filter(in_model).filter_map(|node| node.attribute("id")) {
        assert!(seen.insert(id.to_owned()), "{id} stands twice");
    }
}

#[test]
fn a_called_fallout_gets_the_pointers_and_its_own_case() {
    let documents = documents();

    let calls: Vec<_> = named(&documents, "callActivity").collect();

    assert_eq!(calls.len(), 7);
    for call in calls {
        let passed: BTreeSet<_> = call
            .descendants()
            .filter(|node| node.tag_name().name() == "in")
            .filter_map(|node| node.attribute("source"))
            .collect();
        for pointer in FIVE_POINTERS.into_iter().chain(["falloutCaseId"]) {
            assert!(passed.contains(pointer), "{call:?} hides {pointer}");
        }
        assert_eq!(attribute(call, "calledElementBinding"), "deployment");
    }
}

#[test]
fn both_processes_are_versioned_and_forget_and_nothing_runs_asynchronously() {
    let documents = documents();

    for process in named(&documents, "process") {
        assert_eq!(attribute(process, "historyTimeToLive"), "P30D");
        assert!(!attribute(process, "versionTag").is_empty());
    }
    let is_async = |node: &Node<'_, '_>| node.attributes().any(|a| a.name().starts_with("async"));
    assert!(!elements(&documents).any(|node| is_async(&node)));
}
