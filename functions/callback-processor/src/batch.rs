//! One batch of callbacks on its way to the inbox.

use std::collections::BTreeMap;

use external_systems::callback::{CallbackEnvelope, ParsedCallback};
use external_systems::settings::TargetSystemSettings;
use lambda_support::error_chain;
use lambda_support::sqs_batch::QueueMessage;
use order_domain::ids::RequestId;
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, Jitter, StepPolicy};
use order_domain::tenant::TenantId;
use order_store::commands::{OutcomeVerdict, StepOutcome, StepSubject, record_each_step_outcome};
use order_store::{StoreError, inbox, target_system};

use crate::deps::Deps;
use crate::policy;
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
    /// Malformed, and kept: that is its end.
    Kept,
    /// Not for now; the queue counts the tries.
    Later(&'static str),
}

/// A message's place in the batch, its outcome, and the trace of its edge.
pub(crate) type Matched = (usize, StepOutcome, Option<String>);

impl<'a> Batch<'a> {
    pub(crate) const fn new(deps: &'a Deps, request_id: &'a str) -> Self {
        Self { deps, request_id, policies: BTreeMap::new() }
    }

    pub(crate) async fn prepare(&mut self, message: &QueueMessage) -> Result<Prepared, StoreError> {
        let Ok(envelope) = serde_json::from_str::<CallbackEnvelope>(&message.body) else {
            // Not from our edge, and without a tenant nothing can be kept: the dead-letter queue
            // holds the evidence.
            let id = &message.message_id;
            tracing::error!(messaging.message_id = id, "no callback envelope");
            return Ok(Prepared::Later("the body is no callback envelope"));
        };
        let reading = match reading::read(&envelope) {
            Reading::ReferenceOnly { external_reference, report } => {
                match self.find_request(&envelope, &external_reference).await? {
                    Some(id) => reading::read_for_request(&envelope.content_type, report, id),
                    None if message.receive_count < policy::REFERENCE_TRIES => {
                        return Ok(Prepared::Later("no request has this reference yet"));
                    }
                    None => {
                        Reading::Malformed("no request id, and an unknown reference".to_owned())
                    }
                }
            }
            other => other,
        };
        match reading {
            Reading::Report(report) => self.outcome(&envelope, *report).await,
            Reading::Malformed(reason) => self.keep(&envelope, &reason).await,
            Reading::ReferenceOnly { .. } => self.keep(&envelope, "no request id").await,
        }
    }

    async fn find_request(
        &self,
        envelope: &CallbackEnvelope,
        reference: &str,
    ) -> Result<Option<RequestId>, StoreError> {
        let tx = self.deps.store.system_tx().await?;
        let key = (envelope.system.as_str(), reference);
        inbox::find_request_of_reference(tx, &envelope.tenant_id, key).await
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

    /// Records all together or, where that cannot be, one by one. `None`: not recorded.
    pub(crate) async fn record(&self, matched: &[Matched]) -> Vec<(usize, Option<OutcomeVerdict>)> {
        let Some((_, _, first)) = matched.first() else { return Vec::new() };
        // One context serves the batch: a trace is noted only where it is everybody's.
        let shared = matched.iter().all(|x| x.2 == *first).then(|| first.clone()).flatten();
        let outcomes: Vec<StepOutcome> = matched.iter().map(|x| x.1.clone()).collect();
        let ctx = self.deps.context(self.request_id, shared);
        match record_each_step_outcome(&self.deps.store, &ctx, &outcomes).await {
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
