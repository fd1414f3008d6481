//! What became of one request: a query by its id, or what its system's nature says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use external_systems::credential::BearerToken;
use external_systems::settings::TargetSystemSettings;
use external_systems::{Exchange, HttpTargetSystem, TargetSystem};
use jiff::Timestamp;
use lambda_support::http::{ClientError, client};
use lambda_support::secrets::SecretsClient;
use lambda_support::{Deadline, jitter, request_attempts};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, StepPolicy};
use order_domain::tenant::TenantId;
use order_store::commands::{StepCheck, StepOutcome, StepSubject};
use secrecy::ExposeSecret;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::absence::Absences;
use crate::policy;

type SystemKey = (TenantId, String);

/// The way to all target systems, with their limits.
#[derive(Debug)]
pub(crate) struct Queries {
    client: reqwest::Client,
    secrets: SecretsClient,
    absences: Absences,
    limits: Mutex<HashMap<SystemKey, Arc<Semaphore>>>,
}

impl Queries {
    pub(crate) fn new(secrets: SecretsClient) -> Result<Self, ClientError> {
        let (absences, limits) = (Absences::default(), Mutex::default());
        Ok(Self { client: client(policy::QUERY_LIMIT)?, secrets, absences, limits })
    }

    /// Asks about one claimed check and says what to record; never later than `deadline`.
    ///
    /// `None` when its turn did not come: nothing was asked, so nothing is known, and the claim has
    /// put the step off already. Recording "cannot tell" would use up its checks for nothing.
    pub(crate) async fn ask(
        &self,
        check: &StepCheck,
        now: Timestamp,
        deadline: Deadline,
    ) -> Option<StepOutcome> {
        let stored = check.target_settings.as_ref();
        let Some(settings) = stored.and_then(|x| TargetSystemSettings::parse(x).ok()) else {
            let exchange = without_call(cannot_tell("the system has no usable settings"));
            return Some(outcome(check, StepPolicy::WITHOUT_SETTINGS, exchange));
        };
        let mut exchange = match answer_without_query(&settings) {
            Some(answer) => without_call(answer),
            None => self.query(check, &settings, deadline).await?,
        };
        let told = (check.request_id, exchange.answer);
        exchange.answer = self.absences.weigh(&settings, told, now);
        Some(outcome(check, settings.step_policy(), exchange))
    }

    async fn query(
        &self,
        check: &StepCheck,
        settings: &TargetSystemSettings,
        deadline: Deadline,
    ) -> Option<Exchange> {
        let limit = self.limit_of(check, settings);
        let for_a_turn = deadline.remaining().checked_sub(policy::QUERY_LIMIT)?;
        let _turn = timeout(for_a_turn, limit.acquire()).await.ok()?;
        let ask = async {
            let token = match settings.secret_id() {
                None => None,
                Some(id) => match self.secrets.text(id).await {
                    Ok(secret) => BearerToken::parse(secret.expose_secret()).ok(),
                    Err(_) => None,
                },
            };
            match HttpTargetSystem::new(self.client.clone(), settings.clone(), token) {
                Ok(system) => system.query(check.request_id, None).await,
                Err(error) => without_call(cannot_tell(&error.to_string())),
            }
        };
        let patience = deadline.remaining().min(policy::QUERY_LIMIT + Duration::from_secs(1));
        Some(match timeout(patience, ask).await {
            Ok(exchange) => exchange,
            Err(_elapsed) => without_call(cannot_tell("no answer in time")),
        })
    }

    fn limit_of(&self, check: &StepCheck, settings: &TargetSystemSettings) -> Arc<Semaphore> {
        let own = usize::try_from(settings.concurrency_limit).unwrap_or(usize::MAX);
        let mut limits = self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (check.tenant.clone(), check.target_system.clone());
        let most = policy::QUERIES_PER_SYSTEM.min(own);
        Arc::clone(limits.entry(key).or_insert_with(|| Arc::new(Semaphore::new(most))))
    }
}

/// What a system that cannot be asked amounts to: one that honours request ids may be sent the same
/// id again, the other never (a person decides, once the checks are used up).
fn answer_without_query(settings: &TargetSystemSettings) -> Option<StepAnswer> {
    let can = settings.capabilities;
    match (can.can_be_queried, can.honours_request_id) {
        (true, _) => None,
        (false, true) => Some(StepAnswer::Absent),
        (false, false) => Some(cannot_tell("the system can neither be asked nor sent it again")),
    }
}

fn cannot_tell(detail: &str) -> StepAnswer {
    StepAnswer::CannotTell { detail: detail.to_owned() }
}

const fn without_call(answer: StepAnswer) -> Exchange {
    Exchange { answer, attempts: Vec::new() }
}

fn outcome(check: &StepCheck, policy: StepPolicy, exchange: Exchange) -> StepOutcome {
    StepOutcome {
        tenant: check.tenant.clone(),
        request_id: check.request_id,
        subject: StepSubject::Lease {
            order_id: check.order_id,
            step_id: check.step_id,
            lease_epoch: check.lease_epoch,
        },
        source: AnswerSource::Query,
        attempts: request_attempts::of_exchange(&exchange),
        answer: exchange.answer,
        policy,
        jitter: jitter::of_step(),
    }
}
