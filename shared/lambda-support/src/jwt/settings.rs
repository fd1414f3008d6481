//! Whose tokens a function believes.

use super::TokenVerifier;
use super::keys::KeySet;
use crate::config::Settings;

impl TokenVerifier {
    /// Reads `OMS_JWT_ISSUER`, `OMS_JWT_AUDIENCE` and `OMS_JWT_JWKS`, the issuer's public keys.
    pub fn from_settings(settings: &Settings) -> Option<Self> {
        let issuer = settings.text("OMS_JWT_ISSUER");
        let audience = settings.text("OMS_JWT_AUDIENCE");
        // The keys are looked at even when a name is missing, so that all problems come at once.
        let keys = settings
            .parsed("OMS_JWT_JWKS", |jwks| KeySet::parse(jwks).map_err(|error| error.to_string()));
        Some(Self { issuer: issuer?, audience: audience?, keys: keys? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_names_and_unusable_keys_are_reported_at_once() {
        let settings = Settings::from_pairs([("OMS_JWT_JWKS", "{}")]);
        let verifier = TokenVerifier::from_settings(&settings);

        let error = settings.finish(|| verifier).expect_err("three settings are wrong");

        let names = ["OMS_JWT_ISSUER", "OMS_JWT_AUDIENCE", "OMS_JWT_JWKS"];
        assert_eq!(error.problems().len(), names.len(), "{error}");
        for (problem, name) in error.problems().iter().zip(names) {
            assert!(problem.starts_with(name), "{problem}");
        }
    }
}
