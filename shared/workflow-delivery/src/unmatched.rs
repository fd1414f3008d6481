//! Nobody took a message: the engine answers the same whether it came too early, too late, or to an
//! instance that is gone, so that history and the correlation are asked which it was (ENGINE §6).

use camunda_client::{ActivityInstance, ActivityQuery, BusinessKey, HistoricInstance};
use order_domain::workflow::CorrelationStatus;
use order_store::correlation;

use crate::delivery::{Claim, WorkflowDelivery};
use crate::instances::{FEW, is_alive};
use crate::outcome::{DeliveryOutcome, Trouble};

/// Why nobody took a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Unmatched {
    /// The process has not come to its wait, is suspended at it, or is about to be started or put back.
    NotYet,
    /// Its wait was left by this message before, and is not open again.
    Consumed,
    /// The instance ended; what the order still needs is owed to the one that follows it.
    Ended,
    /// The engine does not know the instance that the order counts on.
    Lost,
}

impl WorkflowDelivery<'_> {
    /// Finds out why nobody took it, and does what follows: reconciliation looks at once at a
    /// process that is not there. `wait` is the activity that takes the message once.
    pub(crate) async fn unmatched(
        &self,
        claim: Claim<'_>,
        key: &BusinessKey,
        wait: Option<&str>,
    ) -> Result<DeliveryOutcome, Trouble> {
        let why = self.why_unmatched(claim, key, wait).await?;
        let subject = (&claim.message.tenant, claim.message.order_id);
        if matches!(why, Unmatched::Ended | Unmatched::Lost) {
            correlation::check_now(self.store.system_tx().await?, subject, self.now()).await?;
        }
        Ok(match why {
            Unmatched::NotYet => DeliveryOutcome::not_yet("nobody waits for it yet"),
            Unmatched::Consumed | Unmatched::Ended => DeliveryOutcome::Moot,
            Unmatched::Lost => {
                tracing::error!(business_key = %key, "the process instance is lost");
                DeliveryOutcome::not_yet("the process instance is lost")
            }
        })
    }

    async fn why_unmatched(
        &self,
        claim: Claim<'_>,
        key: &BusinessKey,
        wait: Option<&str>,
    ) -> Result<Unmatched, Trouble> {
        let instances = self.instances(key).await?;
        if instances.iter().any(is_alive) {
            let is_consumed = match wait {
                Some(wait) => self.has_left(&instances, wait).await?,
                None => false,
            };
            return Ok(if is_consumed { Unmatched::Consumed } else { Unmatched::NotYet });
        }
        let subject = (&claim.message.tenant, claim.message.order_id);
        let status = correlation::find_status(self.store.system_tx().await?, subject).await?;
        Ok(without_live_instance(status, !instances.is_empty()))
    }

    /// Whether the wait was left by a message, and no instance is at it again.
    async fn has_left(&self, instances: &[HistoricInstance], wait: &str) -> Result<bool, Trouble> {
        let mut has_left = false;
        for instance in instances.iter().filter(|x| is_alive(x)) {
            let query = ActivityQuery::of_process_instance(&instance.id).at_activity(wait);
            let waits = self.engine.list_activity_instances(&query, FEW).await?;
            if waits.iter().any(is_open) {
                return Ok(false);
            }
            has_left |= waits.iter().any(|x| !x.canceled);
        }
        Ok(has_left)
    }
}

/// Put back to its wait, an instance needs the message once more; while it is suspended the engine
/// says "no match" all the same.
const fn is_open(wait: &ActivityInstance) -> bool {
    wait.end_time.is_none()
}

/// No instance is running; `has_ended` says that one was.
const fn without_live_instance(status: Option<CorrelationStatus>, has_ended: bool) -> Unmatched {
    match (status, has_ended) {
        // A start is owed, the first one or one that puts the process back.
        (Some(CorrelationStatus::Starting | CorrelationStatus::Lost), _) | (None, false) => {
            Unmatched::NotYet
        }
        (Some(CorrelationStatus::Running), false) => Unmatched::Lost,
        (Some(CorrelationStatus::Running) | None, true) | (Some(CorrelationStatus::Ended), _) => {
            Unmatched::Ended
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_live_instance_the_correlation_tells_lost_from_not_started_from_ended() {
        let table = [
            (None, false, Unmatched::NotYet),
            (None, true, Unmatched::Ended),
            (Some(CorrelationStatus::Starting), false, Unmatched::NotYet),
            (Some(CorrelationStatus::Starting), true, Unmatched::NotYet),
            (Some(CorrelationStatus::Running), false, Unmatched::Lost),
            (Some(CorrelationStatus::Running), true, Unmatched::Ended),
            (Some(CorrelationStatus::Ended), false, Unmatched::Ended),
            (Some(CorrelationStatus::Ended), true, Unmatched::Ended),
            (Some(CorrelationStatus::Lost), false, Unmatched::NotYet),
            (Some(CorrelationStatus::Lost), true, Unmatched::NotYet),
        ];
        for (status, has_ended, why) in table {
            assert_eq!(without_live_instance(status, has_ended), why, "{status:?} {has_ended}");
        }
    }
}
