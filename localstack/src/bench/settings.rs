//! The settings of the functions, without the servers behind most of them.
//!
//! While it starts, a function reads secrets and logs in to PostgreSQL; queue, engine and other
//! systems are only addresses until the first event, so nobody has to listen there.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::process::MARKER_VARIABLE;
use crate::stack::StackLayout;
use crate::{secrets, token};

/// The port of the discard service: nobody answers.
const NOBODY: &str = "http://127.0.0.1:9";

/// One set for all functions: each reads the variables it knows.
#[derive(Debug)]
pub(super) struct Settings {
    shared: BTreeMap<&'static str, String>,
}

impl Settings {
    pub(super) fn of(layout: &StackLayout) -> Result<Self> {
        let mut settings = Self::with_keys(&token::jwks(layout)?.to_string());
        settings.shared.insert("OMS_DATABASE_ADDRESS", secrets::database_address(layout)?);
        settings.shared.insert(MARKER_VARIABLE, layout.dir().display().to_string());
        Ok(settings)
    }

    fn with_keys(jwks: &str) -> Self {
        let queue = |name: &str| format!("{NOBODY}/000000000000/{name}");
        let shared = BTreeMap::from([
            ("AWS_LAMBDA_HTTP_IGNORE_STAGE_IN_PATH", "true".to_owned()),
            ("OMS_BILLING_ACCOUNT_URL", format!("{NOBODY}/BILLING_ACCOUNT")),
            ("OMS_CALLBACK_BASE_URL", NOBODY.to_owned()),
            ("OMS_CALLBACK_QUEUE_URL", queue("external-callbacks")),
            ("OMS_CPQ_URL", format!("{NOBODY}/CPQ")),
            ("OMS_CURSOR_SECRET_ID", "oms/cursor".to_owned()),
            ("OMS_CUSTOMER_URL", format!("{NOBODY}/CUSTOMER")),
            ("OMS_ENGINE_URL", format!("{NOBODY}/engine-rest")),
            ("OMS_EVENT_BUS_NAME", "oms-domain-events".to_owned()),
            ("OMS_JWT_AUDIENCE", token::AUDIENCE.to_owned()),
            ("OMS_JWT_ISSUER", token::ISSUER.to_owned()),
            ("OMS_JWT_JWKS", jwks.to_owned()),
            ("OMS_LOG_LEVEL", "info".to_owned()),
            ("OMS_ROLE_SECRETS_ID", "oms/role-passwords".to_owned()),
            ("OMS_STEP_QUEUE_URL", queue("fulfillment-steps")),
            ("OMS_WEBHOOK_SECRET_PREFIX", "oms/webhook".to_owned()),
        ]);
        Self { shared }
    }

    /// The environment of one function, which logs in as its own role.
    pub(super) fn of_function(&self, name: &str) -> BTreeMap<&'static str, String> {
        let mut environment = self.shared.clone();
        environment.insert("OMS_DATABASE_SECRET_ID", format!("oms/database/{name}"));
        environment
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::aws::Template;

    /// Set by the bench itself, or optional and not used on this machine.
    const LEFT_OUT: [&str; 3] =
        ["OMS_SECRETS_ENDPOINT", "OMS_DATABASE_CA_PATH", "OMS_ENGINE_SECRET_ID"];

    #[test]
    fn every_variable_of_the_template_has_a_value() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let template = Template::read(&root).unwrap();
        let settings = Settings::with_keys("{}").of_function("order-intake");

        for (id, properties) in template.resources("AWS::Serverless::Function") {
            let variables = properties["Environment"]["Variables"].as_object();
            for name in variables.into_iter().flatten().map(|(name, _)| name.as_str()) {
                assert!(settings.contains_key(name) || LEFT_OUT.contains(&name), "{id}: {name}");
            }
        }
    }
}
