//! Who a callback says it is from, and the secrets that can prove it.

use external_systems::callback::{WebhookSecret, WebhookSecrets};
use lambda_support::secrets::{Refetched, SecretsClient, SecretsError, parse_json};
use order_domain::tenant::TenantId;
use secrecy::SecretString;

const MAX_SYSTEM_LENGTH: usize = 40;

/// Tenant and target system of the URL, both well formed but perhaps unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    pub(crate) tenant: TenantId,
    pub(crate) system: String,
}

impl Sender {
    /// Reads the path; `None` for names that no tenant or system can have.
    pub(crate) fn parse(tenant: &str, system: &str) -> Option<Self> {
        let is_system = (1..=MAX_SYSTEM_LENGTH).contains(&system.len())
            && system.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        Some(Self { tenant: tenant.parse().ok()?, system: system.to_owned() }).filter(|_| is_system)
    }
}

/// The webhook secrets of all senders.
///
/// Somebody who is unknown gets secrets as well, ones that nobody signs with: the same work is
/// done and the same answer given as for a wrong signature, so that senders cannot be guessed.
#[derive(Debug)]
pub(crate) struct SenderSecrets {
    client: SecretsClient,
    prefix: String,
    nobody: WebhookSecrets,
}

impl SenderSecrets {
    pub(crate) fn new(client: SecretsClient, prefix: String, nobody: WebhookSecret) -> Self {
        Self { client, prefix, nobody: WebhookSecrets { current: nobody, previous: None } }
    }

    /// The live secrets of a sender.
    pub(crate) async fn live(
        &self,
        sender: Option<&Sender>,
    ) -> Result<WebhookSecrets, SecretsError> {
        let Some(sender) = sender else {
            return Ok(self.nobody.clone());
        };
        let id = self.id(sender);
        match self.client.text(&id).await {
            Ok(text) => parse_json(&id, &text),
            Err(SecretsError::NotFound { .. }) => Ok(self.nobody.clone()),
            Err(error) => Err(error),
        }
    }

    /// Other secrets than a moment ago, if the sender's were rotated or made since then.
    pub(crate) async fn rotated(&self, sender: Option<&Sender>) -> Option<WebhookSecrets> {
        let id = self.id(sender?);
        match self.client.refetch(&id).await {
            Ok(Refetched::Changed(text)) => self.readable(&id, &text),
            // The refusal stands; an outage of the endpoint was survived with the older value.
            Ok(Refetched::Unchanged) | Err(_) => None,
        }
    }

    fn readable(&self, id: &str, text: &SecretString) -> Option<WebhookSecrets> {
        parse_json(id, text)
            .map_err(|error| tracing::error!(%error, "webhook secret unusable"))
            .ok()
    }

    fn id(&self, sender: &Sender) -> String {
        format!("{}/{}/{}", self.prefix, sender.tenant, sender.system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_place_in_a_secret_id_are_nobody() {
        assert!(Sender::parse("acme", "INVENTORY").is_some());
        for (tenant, system) in [
            ("acme", ""),
            ("acme", "inventory"),
            ("acme", "../database"),
            ("acme", "INVENTORY/X"),
            ("acme/other", "INVENTORY"),
            ("..", "INVENTORY"),
            ("ACME", "INVENTORY"),
            ("", "INVENTORY"),
            ("acme", &"X".repeat(41)),
        ] {
            assert_eq!(Sender::parse(tenant, system), None, "{tenant} {system}");
        }
    }
}
