//! What became of one request: a query by its id.
//!
//! Nothing is concluded and nothing remembered here. What "not found" proves, and what follows for a
//! system that cannot be asked, is the domain's to say, from what is stored with the step.

use std::time::Duration;

use external_systems::credential::BearerToken;
use external_systems::settings::TargetSystemSettings;
use external_systems::{Exchange, HttpTargetSystem, TargetSystem};
use lambda_support::http::{ClientError, client};
use lambda_support::secrets::SecretsClient;
use lambda_support::system_limits::SystemLimits;
use lambda_support::{Deadline, jitter, request_attempts};
use order_domain::step::answer::StepAnswer;
use order_domain::step::{AnswerSource, StepPolicy};
use order_store::commands::{StepCheck, StepOutcome, StepSubject};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::policy;

/// The way to all target systems, with their limits.
#[derive(Debug)]
pub(crate) struct Queries {
    client: reqwest::Client,
    secrets: SecretsClient,
    limits: SystemLimits,
}

impl Queries {
    pub(crate) fn new(secrets: SecretsClient) -> Result<Self, ClientError> {
        Ok(Self { client: client(policy::QUERY_LIMIT)?, secrets, limits: SystemLimits::default() })
    }

    /// Asks about one claimed check and says what to record; never later than `deadline`.
    ///
    /// `None` when its turn did not come: nothing was asked, so nothing is known, and the claim has
    /// put the step off already. Recording "cannot tell" would use up its checks for nothing.
    pub(crate) async fn ask(&self, check: &StepCheck, deadline: Deadline) -> Option<StepOutcome> {
        let stored = check.target_settings.as_ref();
        let Some(settings) = stored.and_then(|x| TargetSystemSettings::parse(x).ok()) else {
            let exchange = without_call(cannot_tell("the system has no usable settings"));
            return Some(outcome(check, StepPolicy::WITHOUT_SETTINGS, exchange));
        };
        let exchange = match settings.capabilities.can_be_queried {
            false => without_call(cannot_tell("the system cannot be queried")),
            true => self.query(check, &settings, deadline).await?,
        };
        Some(outcome(check, settings.step_policy(), exchange))
    }

    async fn query(
        &self,
        check: &StepCheck,
        settings: &TargetSystemSettings,
        deadline: Deadline,
    ) -> Option<Exchange> {
        let own = usize::try_from(settings.concurrency_limit).unwrap_or(usize::MAX);
        let most = policy::QUERIES_PER_SYSTEM.min(own);
        let limit = self.limits.of(&check.tenant, &check.target_system, most);
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
}

/// The policy of a system by its stored settings.
pub(crate) fn policy_of(stored: Option<&serde_json::Value>) -> StepPolicy {
    let settings = stored.and_then(|x| TargetSystemSettings::parse(x).ok());
    settings.map_or(StepPolicy::WITHOUT_SETTINGS, |x| x.step_policy())
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
