//! Access tokens: signed by a pinned key of one issuer, meant for us, valid now.
//!
//! The algorithm comes from the key, never from the token, and a key is found by its id among the
//! configured ones only: `jku`, `x5u`, `x5c` and `jwk` in a header are not read.
//! Expiry is checked here and not by the library, so that the edge of time can be tested.

use jiff::Timestamp;
use jsonwebtoken::{Header, Validation, decode, decode_header};

use crate::caller::Caller;
use claims::Claims;
use keys::KeySet;

pub use keys::KeySetError;

mod claims;
mod keys;
mod settings;

/// How far the clocks of issuer and verifier may differ, in seconds.
pub const LEEWAY_S: i64 = 5;

/// Why a token was refused; clients only learn that it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not three parts of base64url with a JSON header.
    #[error("the token is malformed")]
    Malformed,
    /// `typ` is neither `JWT` nor `at+jwt`, for example an id token or a refresh token.
    #[error("the token is of another type")]
    WrongType,
    /// The header demands extensions that we do not understand.
    #[error("the token has critical extensions")]
    CriticalExtension,
    /// No pinned key has its `kid`.
    #[error("the key of the token is unknown")]
    UnknownKey,
    /// The algorithm is not that of the key.
    #[error("the algorithm is not that of the key")]
    WrongAlgorithm,
    /// The signature does not fit.
    #[error("the signature is wrong")]
    WrongSignature,
    /// A claim is missing, repeated, or of the wrong type.
    #[error("the claims are incomplete or malformed")]
    Claims,
    /// Somebody else issued it.
    #[error("the issuer is another one")]
    WrongIssuer,
    /// It is meant for somebody else.
    #[error("the audience is another one")]
    WrongAudience,
    /// It has ended.
    #[error("the token has expired")]
    Expired,
    /// It has not begun.
    #[error("the token is not yet valid")]
    NotYetValid,
}

/// Verifies the tokens of one issuer for one audience.
pub struct TokenVerifier {
    issuer: String,
    audience: String,
    keys: KeySet,
}

impl TokenVerifier {
    /// Pins the public keys of an issuer.
    ///
    /// # Errors
    ///
    /// [`KeySetError`] when a key could not be used, so that a deployment fails and not a request.
    pub fn from_jwks(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        jwks_json: &str,
    ) -> Result<Self, KeySetError> {
        let keys = KeySet::parse(jwks_json)?;
        Ok(Self { issuer: issuer.into(), audience: audience.into(), keys })
    }

    /// Verifies a token now.
    ///
    /// # Errors
    ///
    /// [`TokenError`], one variant per rule; it is for the log only.
    pub fn verify(&self, token: &str) -> Result<Caller, TokenError> {
        self.verify_at(token, Timestamp::now())
    }

    /// Verifies a token at a given time.
    ///
    /// # Errors
    ///
    /// As [`TokenVerifier::verify`].
    pub fn verify_at(&self, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
        if token.split('.').count() != 3 {
            return Err(TokenError::Malformed);
        }
        let header = decode_header(token).map_err(|_malformed| TokenError::Malformed)?;
        check_header(&header)?;
        let kid = header.kid.as_deref().ok_or(TokenError::UnknownKey)?;
        let pinned = self.keys.find(kid).ok_or(TokenError::UnknownKey)?;
        if header.alg != pinned.algorithm {
            return Err(TokenError::WrongAlgorithm);
        }
        let claims = decode::<Claims>(token, &pinned.key, &signature_only(pinned.algorithm))
            .map_err(|error| classify(&error))?
            .claims;
        claims.check_party(&self.issuer, &self.audience)?;
        claims.check_time(now, LEEWAY_S)?;
        claims.into_caller()
    }
}

/// `typ` is compared without case and with or without the media type prefix (RFC 7515 §4.1.9).
fn check_header(header: &Header) -> Result<(), TokenError> {
    let kind = header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    if !matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt") {
        return Err(TokenError::WrongType);
    }
    if header.crit.is_some() || header.zip.is_some() || header.enc.is_some() {
        return Err(TokenError::CriticalExtension);
    }
    Ok(())
}

/// The library checks the signature; issuer, audience and time are checked by [`Claims`].
fn signature_only(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn classify(error: &jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::WrongSignature,
        ErrorKind::InvalidAlgorithm => TokenError::WrongAlgorithm,
        ErrorKind::Json(_) | ErrorKind::Utf8(_) => TokenError::Claims,
        _ => TokenError::Malformed,
    }
}

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("keys", &self.keys.count())
            .finish()
    }
}

#[cfg(test)]
mod tests;
