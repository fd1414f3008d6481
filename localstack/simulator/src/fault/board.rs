//! All plans with their hits, and how often each request came to a place.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Fault, Place, Plan, decision};
use crate::record::{Arrived, FaultsSet, Record};
use crate::system::System;

/// A request that comes to a place where something may go wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) system: System,
    pub(crate) operation: Option<&'a str>,
    pub(crate) place: Place,
    /// The request id; at a source system, the id of what is read.
    pub(crate) subject: &'a str,
}

/// The plans in the order in which they were set.
#[derive(Debug, Default)]
pub(crate) struct Board {
    plans: Vec<Posted>,
    arrivals: BTreeMap<(System, Place, String), u32>,
}

/// A plan, where it was set, and what it did; also how it is listed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Posted {
    system: System,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    place: Place,
    #[serde(flatten)]
    plan: Plan,
    hits: u64,
    is_active: bool,
}

/// The answer of `GET /admin/faults`; stopped plans stay listed with their hits.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    faults: Vec<Posted>,
    hits_by_kind: BTreeMap<&'static str, u64>,
    total_hits: u64,
}

impl Posted {
    fn fits(&self, arrival: &Arrival<'_>) -> bool {
        self.is_active
            && self.system == arrival.system
            && self.place == arrival.place
            && (self.operation.is_none() || self.operation.as_deref() == arrival.operation)
            && self.plan.times.is_none_or(|times| self.hits < times)
    }

    fn hits(&self, arrival: &Arrival<'_>, attempt: u32) -> bool {
        let Plan { fault, probability, seed, .. } = &self.plan;
        let draw = || decision::draw(*seed, fault, arrival.place, (arrival.subject, attempt));
        probability.is_none_or(|probability| draw() < probability)
    }
}

impl Board {
    /// Whether any plan could hit here; without one, an arrival is not even recorded.
    pub(crate) fn concerns(&self, arrival: &Arrival<'_>) -> bool {
        self.plans.iter().any(|posted| posted.fits(arrival))
    }

    /// The fault that hits, and the record that counts attempt and hit. The first plan wins.
    pub(crate) fn decide(&self, arrival: &Arrival<'_>) -> (Vec<Record>, Option<Fault>) {
        if !self.concerns(arrival) {
            return (Vec::new(), None);
        }
        let key = (arrival.system, arrival.place, arrival.subject.to_owned());
        let attempt = self.arrivals.get(&key).copied().unwrap_or(0) + 1;
        let hit = self
            .plans
            .iter()
            .position(|posted| posted.fits(arrival) && posted.hits(arrival, attempt));
        let (system, place, subject) = key;
        let record = Record::Arrived(Arrived { system, place, subject, hit });
        (vec![record], hit.map(|index| self.plans[index].plan.fault.clone()))
    }

    pub(crate) fn count(&mut self, arrived: &Arrived) {
        let key = (arrived.system, arrived.place, arrived.subject.clone());
        *self.arrivals.entry(key).or_default() += 1;
        if let Some(posted) = arrived.hit.and_then(|index| self.plans.get_mut(index)) {
            posted.hits += 1;
        }
    }

    /// Replaces the plans of a system, or of one of its operations.
    pub(crate) fn set(&mut self, set: &FaultsSet) {
        for posted in &mut self.plans {
            if posted.system == set.system && posted.operation == set.operation {
                posted.is_active = false;
            }
        }
        self.plans.extend(set.plans.iter().map(|plan| Posted {
            system: set.system,
            operation: set.operation.clone(),
            place: plan.place(set.system),
            plan: plan.clone(),
            hits: 0,
            is_active: true,
        }));
    }

    /// Stops all plans; attempts are counted from one again.
    pub(crate) fn stop_all(&mut self) {
        self.arrivals.clear();
        for posted in &mut self.plans {
            posted.is_active = false;
        }
    }

    pub(crate) fn listing(&self) -> Listing {
        let mut hits_by_kind = BTreeMap::new();
        for posted in &self.plans {
            *hits_by_kind.entry(posted.plan.fault.kind()).or_default() += posted.hits;
        }
        let total_hits = hits_by_kind.values().sum();
        Listing { faults: self.plans.clone(), hits_by_kind, total_hits }
    }
}
