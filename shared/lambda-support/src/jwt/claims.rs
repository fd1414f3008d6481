//! What a token says, checked claim by claim against the verifier's own clock.

use jiff::Timestamp;
use order_domain::tenant::TenantId;
use serde::Deserialize;

use super::TokenError;
use crate::caller::Caller;

const MAX_SUBJECT_LENGTH: usize = 200;

/// The claims that we read; unknown ones are ignored, known ones must have their exact type.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: Audience,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    sub: String,
    tenant: TenantId,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn includes(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Several(several) => several.iter().any(|one| one == audience),
        }
    }
}

impl Claims {
    pub(super) fn check_party(&self, issuer: &str, audience: &str) -> Result<(), TokenError> {
        if self.iss != issuer {
            return Err(TokenError::WrongIssuer);
        }
        if !self.aud.includes(audience) {
            return Err(TokenError::WrongAudience);
        }
        Ok(())
    }

    /// Valid from `nbf` until before `exp`, both moved outwards by the leeway.
    pub(super) fn check_time(&self, now: Timestamp, leeway_s: i64) -> Result<(), TokenError> {
        let now = now.as_second();
        if now >= self.exp.saturating_add(leeway_s) {
            return Err(TokenError::Expired);
        }
        if self.nbf.is_some_and(|nbf| now < nbf.saturating_sub(leeway_s)) {
            return Err(TokenError::NotYetValid);
        }
        Ok(())
    }

    pub(super) fn into_caller(self) -> Result<Caller, TokenError> {
        let is_subject = (1..=MAX_SUBJECT_LENGTH).contains(&self.sub.len())
            && !self.sub.chars().any(char::is_control);
        if !is_subject {
            return Err(TokenError::Claims);
        }
        Ok(Caller {
            tenant: self.tenant,
            subject: self.sub,
            scopes: self.scope.split(' ').filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            roles: self.roles.iter().filter_map(|role| role.parse().ok()).collect(),
        })
    }
}
