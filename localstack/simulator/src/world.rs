//! What the simulator knows, as the sum of its journal.
//!
//! Invariant: the world changes by [`World::apply`] only, so a restart rebuilds exactly it.

use std::collections::BTreeMap;

use external_systems::wire::RequestStatus;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::behaviour::{Behaviour, Mode};
use crate::fault::{Arrival, Board, Fault, Place};
use crate::record::{Document, Effect, Record, Settled, Submitted};
use crate::system::System;

/// A request id means something within one system only.
pub(crate) type RequestKey = (System, Uuid);

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) requests: BTreeMap<RequestKey, Request>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) faults: Board,
    pub(crate) behaviours: BTreeMap<(System, Option<String>), Behaviour>,
    pub(crate) quotes: BTreeMap<(String, u32), Option<Value>>,
    pub(crate) customers: BTreeMap<String, Option<Value>>,
    pub(crate) billing_accounts: BTreeMap<String, Option<Value>>,
}

/// A request and what became of it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) submitted: Submitted,
    pub(crate) settled: Option<Settled>,
    /// How often it was taken: more than once at a system that does not recognise it.
    pub(crate) submits: usize,
    /// How often it took effect.
    pub(crate) effects: usize,
    pub(crate) callback_accepted_at: Option<Timestamp>,
    /// Deliveries of the callback since the start, not kept.
    pub(crate) callback_attempts: u32,
    /// Status of the last delivery, not kept.
    pub(crate) last_callback_status: Option<u16>,
}

impl World {
    pub(crate) fn replay(records: &[Record]) -> Self {
        let mut world = Self::default();
        for record in records {
            world.apply(record);
        }
        world
    }

    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Submitted(submitted) => self.take(submitted),
            Record::Resubmitted(again) => {
                if let Some(request) = self.request_mut(again.system, again.request_id) {
                    request.submits += 1;
                }
            }
            Record::Effect(effect) => {
                self.effects.push(effect.clone());
                if let Some(request) = self.request_mut(effect.system, effect.request_id) {
                    request.effects += 1;
                }
            }
            Record::FaultsSet(set) => self.faults.set(set),
            Record::FaultsStopped => self.faults.stop_all(),
            Record::Arrived(arrived) => self.faults.count(arrived),
            Record::Settled(settled) => {
                if let Some(request) = self.request_mut(settled.system, settled.request_id) {
                    request.settled = Some(settled.clone());
                }
            }
            Record::CallbackAccepted(accepted) => {
                if let Some(request) = self.request_mut(accepted.system, accepted.request_id) {
                    request.callback_accepted_at = Some(accepted.at);
                }
            }
            Record::BehaviourSet(set) => {
                let key = (set.system, set.operation.clone());
                match &set.behaviour {
                    Some(behaviour) => self.behaviours.insert(key, behaviour.clone()),
                    None => self.behaviours.remove(&key),
                };
            }
            Record::Quote(Document { id, revision, document }) => {
                self.quotes.insert((id.clone(), *revision), document.clone());
            }
            Record::Customer(Document { id, document, .. }) => {
                self.customers.insert(id.clone(), document.clone());
            }
            Record::BillingAccount(Document { id, document, .. }) => {
                self.billing_accounts.insert(id.clone(), document.clone());
            }
        }
    }

    fn take(&mut self, submitted: &Submitted) {
        let request = Request {
            submitted: submitted.clone(),
            settled: None,
            submits: 1,
            effects: 0,
            callback_accepted_at: None,
            callback_attempts: 0,
            last_callback_status: None,
        };
        self.requests.insert((submitted.system, submitted.request.request_id), request);
    }

    pub(crate) fn request_mut(&mut self, system: System, request_id: Uuid) -> Option<&mut Request> {
        self.requests.get_mut(&(system, request_id))
    }

    /// The operation's own behaviour, else the system's, else the default.
    pub(crate) fn behaviour(&self, system: System, operation: Option<&str>) -> Behaviour {
        let own = operation
            .and_then(|operation| self.behaviours.get(&(system, Some(operation.to_owned()))));
        own.or_else(|| self.behaviours.get(&(system, None)))
            .cloned()
            .unwrap_or_else(|| Behaviour::default_of(system))
    }

    /// The fault that hits a query of this request, and the records that count it.
    pub(crate) fn fault_of_query(&self, key: &RequestKey) -> (Vec<Record>, Option<Fault>) {
        let operation =
            self.requests.get(key).map(|request| request.submitted.request.operation.as_str());
        let (system, place, subject) = (key.0, Place::Query, key.1.to_string());
        self.faults.decide(&Arrival { system, operation, place, subject: &subject })
    }

    /// Requests that still owe work or a callback, the oldest first.
    pub(crate) fn unfinished(&self) -> Vec<RequestKey> {
        let owes = |request: &&Request| match &request.settled {
            None => true,
            Some(_) if request.missing_effects() > 0 => true,
            Some(settled) => {
                settled.callback_message_id.is_some() && request.callback_accepted_at.is_none()
            }
        };
        let mut unfinished: Vec<_> =
            self.requests.iter().filter(|(_, request)| owes(request)).collect();
        unfinished.sort_by_key(|(_, request)| request.submitted.received_at);
        unfinished.into_iter().map(|(key, _)| *key).collect()
    }
}

impl Submitted {
    /// Where the outcome goes; a callback without an address becomes the answer.
    pub(crate) fn mode(&self) -> Mode {
        match (self.behaviour.mode, &self.request.callback_url) {
            (Mode::Async, None) => Mode::Sync,
            (mode, _) => mode,
        }
    }
}

impl Request {
    /// Work that was taken and is not done; a rejection or cancellation has none.
    pub(crate) fn missing_effects(&self) -> usize {
        let has_effects =
            self.settled.as_ref().is_none_or(|settled| settled.status == RequestStatus::Completed);
        if has_effects { self.submits.saturating_sub(self.effects) } else { 0 }
    }

    /// Where the outcome goes.
    pub(crate) fn mode(&self) -> Mode {
        self.submitted.mode()
    }

    /// The status that a query tells: accepted in the first half of the latency, then in progress.
    pub(crate) fn status(&self, now: Timestamp) -> RequestStatus {
        if let Some(settled) = &self.settled {
            return settled.status;
        }
        let half_ms = self.submitted.behaviour.latency_ms / 2;
        let age_ms = now.as_millisecond() - self.submitted.received_at.as_millisecond();
        if u64::try_from(age_ms).is_ok_and(|age_ms| age_ms >= half_ms) {
            RequestStatus::InProgress
        } else {
            RequestStatus::Accepted
        }
    }
}
