//! One batch of callbacks on its way to the inbox.

use std::collections::BTreeMap;

use external_systems::callback::{CallbackEnvelope, ParsedCallback};
use external_systems::settings::TargetSystemSettings;
use fault_points::{CrashPoint, reach};
use lambda_support::error_chain;
use lambda_support::sqs_batch::QueueMessage;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_domain::tenant::TenantId;
use order_store::commands::{OutcomeVerdict, StepOutcome, StepSubject, record_each_step_outcome};
use order_store::inbox::{self, MessageKey, UnreferencedCallback};
use order_store::{StoreError, target_system};

use crate::deps::Deps;
use crate::reading::{self, Reading};

/// One invocation; policies are read at most once per system.
pub(crate) struct Batch<'a> {
    deps: &'a Deps,
    request_id: &'a str,
    policies: BTreeMap<(TenantId, String), StepPolicy>,
}

/// What a message came to before the store is asked to record it.
pub(crate) enum Prepared {
    /// To be recorded, with the trace of its edge.
    Outcome(Box<StepOutcome>, Option<String>),
    /// It names only a reference that nobody knows yet: to be kept until somebody does.
    Unreferenced(Box<UnreferencedCallback>),
    /// Malformed, and kept: that is its end.
    Kept,
    /// Not for now; the queue counts the tries.
    Later(&'static str),
}

/// A message that came from our edge, and what it says.
struct Opened {
    envelope: CallbackEnvelope,
    reading: Reading,
}

fn open(message: &QueueMessage) -> Option<Opened> {
    let Ok(envelope) = serde_json::from_str::<CallbackEnvelope>(&message.body) else {
        // Not from our edge, and without a tenant nothing can be kept: the dead-letter queue holds
        // the evidence.
        tracing::error!(messaging.message_id = message.message_id, "no callback envelope");
        return None;
    };
    let reading = reading::read(&envelope);
    Some(Opened { envelope, reading })
}

/// A message's place in the batch, its outcome, and the trace of its edge.
pub(crate) type Matched = (usize, StepOutcome, Option<String>);

impl<'a> Batch<'a> {
    pub(crate) const fn new(deps: &'a Deps, request_id: &'a str) -> Self {
        Self { deps, request_id, policies: BTreeMap::new() }
    }

    /// One answer per message, in their order; references are looked up together.
    pub(crate) async fn prepare(&mut self, messages: &[QueueMessage]) -> Vec<Prepared> {
        let mut opened: Vec<_> = messages.iter().map(open).collect();
        if let Err(error) = self.resolve_references(&mut opened).await {
            tracing::error!(error = error_chain(&error), "references could not be looked up");
        }
        let mut prepared = Vec::with_capacity(opened.len());
        for one in opened {
            prepared.push(self.prepare_one(one).await.unwrap_or_else(|error| {
                tracing::error!(error = error_chain(&error), "a callback could not be prepared");
                Prepared::Later("the store failed")
            }));
        }
        prepared
    }

    async fn prepare_one(&mut self, opened: Option<Opened>) -> Result<Prepared, StoreError> {
        let Some(Opened { envelope, reading }) = opened else {
            return Ok(Prepared::Later("the body is no callback envelope"));
        };
        match reading {
            Reading::Report(report) => self.outcome(&envelope, *report).await,
            Reading::Malformed(reason) => self.keep(&envelope, &reason).await,
            Reading::UnknownReference(report) => {
                let (tenant, receipt) = reading::receipt(&envelope, report.external_reference);
                let callback = UnreferencedCallback { tenant, receipt, answer: report.answer };
                Ok(Prepared::Unreferenced(Box::new(callback)))
            }
            Reading::ReferenceOnly { .. } => Ok(Prepared::Later("the store failed")),
        }
    }

    /// Callbacks that name only a reference become reports of the request that has it, if one has.
    async fn resolve_references(&self, opened: &mut [Option<Opened>]) -> Result<(), StoreError> {
        let asked = |x: &Opened| match &x.reading {
            Reading::ReferenceOnly { external_reference, .. } => {
                let envelope = &x.envelope;
                let system = envelope.system.clone();
                Some((envelope.tenant_id.clone(), system, external_reference.clone()))
            }
            _ => None,
        };
        let references: Vec<_> = opened.iter().flatten().filter_map(asked).collect();
        if references.is_empty() {
            return Ok(());
        }
        let tx = self.deps.store.system_tx().await?;
        let mut found = inbox::find_requests_of_references(tx, &references).await?.into_iter();
        for one in opened.iter_mut().flatten() {
            if let Reading::ReferenceOnly { report, .. } = &mut one.reading {
                let (report, request) = (report.take(), found.next().flatten());
                one.reading = reading::of_reference(&one.envelope.content_type, report, request);
            }
        }
        Ok(())
    }

    async fn keep(
        &self,
        envelope: &CallbackEnvelope,
        reason: &str,
    ) -> Result<Prepared, StoreError> {
        let (tenant, receipt) = reading::receipt(envelope, None);
        let (tenant_id, system) = (tenant.as_str(), &receipt.system);
        tracing::warn!(tenant.id = tenant_id, target_system = system, reason, "malformed callback");
        let tx = self.deps.store.system_tx().await?;
        inbox::keep_malformed(tx, (&tenant, &receipt), reason, self.deps.now()).await?;
        Ok(Prepared::Kept)
    }

    async fn outcome(
        &mut self,
        envelope: &CallbackEnvelope,
        report: ParsedCallback,
    ) -> Result<Prepared, StoreError> {
        let policy = match report.answer {
            StepAnswer::Accepted { .. } => self.policy_of(envelope).await?,
            // A definitive answer settles the step: no due time and no back-off is read.
            _ => StepPolicy::WITHOUT_SETTINGS,
        };
        let (tenant, receipt) = reading::receipt(envelope, report.external_reference);
        let outcome = StepOutcome {
            tenant,
            request_id: report.request_id,
            subject: StepSubject::Callback(Box::new(receipt)),
            source: AnswerSource::Callback,
            answer: report.answer,
            attempts: Vec::new(),
            policy,
            jitter: Jitter::FULL,
        };
        Ok(Prepared::Outcome(Box::new(outcome), envelope.traceparent.clone()))
    }

    async fn policy_of(&mut self, envelope: &CallbackEnvelope) -> Result<StepPolicy, StoreError> {
        let key = (envelope.tenant_id.clone(), envelope.system.clone());
        if let Some(policy) = self.policies.get(&key) {
            return Ok(*policy);
        }
        let tx = self.deps.store.system_tx().await?;
        let stored = target_system::find(tx, &key.0, &key.1).await?;
        let settings = stored.and_then(|x| TargetSystemSettings::parse(&x).ok());
        let policy = settings.map_or(StepPolicy::WITHOUT_SETTINGS, |x| x.step_policy());
        self.policies.insert(key, policy);
        Ok(policy)
    }

    /// Keeps callbacks whose reference nobody knows yet. Returns whether they are kept.
    pub(crate) async fn keep_unreferenced(&self, callbacks: &[UnreferencedCallback]) -> bool {
        if callbacks.is_empty() {
            return true;
        }
        let kept = async {
            let tx = self.deps.store.system_tx().await?;
            inbox::keep_unreferenced(tx, callbacks, self.deps.now()).await
        };
        let kept: Result<(), StoreError> = kept.await;
        if let Err(error) = &kept {
            tracing::error!(error = error_chain(error), "callbacks could not be kept");
        }
        kept.is_ok()
    }

    /// Says aloud which unmatched callbacks name somebody else's request. They have their row
    /// already: if this fails, reconciliation finds out.
    pub(crate) async fn expose_foreign(&self, unmatched: &[MessageKey]) {
        if unmatched.is_empty() {
            return;
        }
        let exposed = async {
            let tx = self.deps.store.system_tx().await?;
            inbox::expose_foreign(tx, unmatched, self.deps.now()).await
        };
        let exposed: Result<Vec<MessageKey>, StoreError> = exposed.await;
        match exposed {
            Ok(foreign) => foreign.iter().for_each(warn_of_foreign),
            Err(error) => {
                tracing::error!(
                    error = error_chain(&error),
                    "foreign requests were not looked for"
                );
            }
        }
    }

    /// Records all together or, where that cannot be, one by one. `None`: not recorded.
    pub(crate) async fn record(&self, matched: &[Matched]) -> Vec<(usize, Option<OutcomeVerdict>)> {
        let Some((_, _, first)) = matched.first() else { return Vec::new() };
        // One context serves the batch: a trace is noted only where it is everybody's.
        let shared = matched.iter().all(|x| x.2 == *first).then(|| first.clone()).flatten();
        let outcomes: Vec<StepOutcome> = matched.iter().map(|x| x.1.clone()).collect();
        let ctx = self.deps.context(self.request_id, shared);
        let recording = async {
            let results = record_each_step_outcome(&self.deps.store, &ctx, &outcomes).await?;
            reach(CrashPoint::CallbackProcessorAfterCommit).await?;
            Ok::<_, StoreError>(results)
        };
        match recording.await {
            Ok(results) => {
                matched.iter().zip(results).map(|(x, result)| (x.0, recorded(result))).collect()
            }
            Err(error) => {
                tracing::error!(error = error_chain(&error), "callbacks could not be recorded");
                matched.iter().map(|x| (x.0, None)).collect()
            }
        }
    }
}

fn recorded(result: Result<OutcomeVerdict, StoreError>) -> Option<OutcomeVerdict> {
    result
        .inspect_err(|error| {
            tracing::error!(error = error_chain(error), "a callback could not be recorded");
        })
        .ok()
}

fn warn_of_foreign(message: &MessageKey) {
    tracing::warn!(
        security.event = "CALLBACK_NAMES_FOREIGN_REQUEST",
        tenant.id = message.tenant.as_str(),
        target_system = message.system,
        message.id = message.message_id,
        "a signed callback names a request of another tenant or system"
    );
}
