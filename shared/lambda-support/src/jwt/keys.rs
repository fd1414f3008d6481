//! The pinned keys of one issuer: each key has exactly one algorithm, and the key decides it.

use std::collections::BTreeMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// A modulus of 2048 bits is 256 bytes, which is 342 characters in base64url without padding.
const MIN_RSA_MODULUS_CHARACTERS: usize = 342;

/// The key set cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The text is not a JWKS.
    #[error("the key set is not a JWKS document")]
    NotJwks,
    /// There is nothing to verify with.
    #[error("the key set has no keys")]
    Empty,
    /// A key has no id, so that no token could name it.
    #[error("a key has no kid")]
    KidMissing,
    /// Two keys have one id.
    #[error("the kid {0} is repeated")]
    KidRepeated(String),
    /// A private key was configured where only public ones belong.
    #[error("the key {0} has private parts")]
    Private(String),
    /// The key is none of ES256 (P-256), EdDSA (Ed25519), RS256 (2048 bits or more).
    #[error("the key {0} is none of ES256, EdDSA, RS256, or is not meant for signatures")]
    Unsupported(String),
}

/// One key and the only algorithm it verifies.
pub(super) struct PinnedKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// All keys of the issuer by their id.
pub(super) struct KeySet(BTreeMap<String, PinnedKey>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    pub(super) fn parse(jwks_json: &str) -> Result<Self, KeySetError> {
        let document: Document =
            serde_json::from_str(jwks_json).map_err(|_not_json| KeySetError::NotJwks)?;
        let mut keys = BTreeMap::new();
        for value in document.keys {
            let (kid, key) = pinned(value)?;
            if keys.insert(kid.clone(), key).is_some() {
                return Err(KeySetError::KidRepeated(kid));
            }
        }
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    pub(super) fn find(&self, kid: &str) -> Option<&PinnedKey> {
        self.0.get(kid)
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

fn pinned(value: Value) -> Result<(String, PinnedKey), KeySetError> {
    let kid = value.get("kid").and_then(Value::as_str).filter(|kid| !kid.is_empty());
    let kid = kid.ok_or(KeySetError::KidMissing)?.to_owned();
    if value.get("d").is_some() {
        return Err(KeySetError::Private(kid));
    }
    let jwk: Jwk =
        serde_json::from_value(value).map_err(|_unknown| KeySetError::Unsupported(kid.clone()))?;
    let key = algorithm_of(&jwk)
        .filter(|algorithm| fits_declaration(&jwk, *algorithm))
        .and_then(|algorithm| Some(PinnedKey { algorithm, key: DecodingKey::from_jwk(&jwk).ok()? }))
        .ok_or_else(|| KeySetError::Unsupported(kid.clone()))?;
    Ok((kid, key))
}

fn algorithm_of(jwk: &Jwk) -> Option<Algorithm> {
    match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Some(Algorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Some(Algorithm::EdDSA)
        }
        AlgorithmParameters::RSA(key) if key.n.len() >= MIN_RSA_MODULUS_CHARACTERS => {
            Some(Algorithm::RS256)
        }
        _ => None,
    }
}

/// A key that says `use` or `alg` must say what we use it for.
fn fits_declaration(jwk: &Jwk, algorithm: Algorithm) -> bool {
    let declared = match algorithm {
        Algorithm::ES256 => KeyAlgorithm::ES256,
        Algorithm::EdDSA => KeyAlgorithm::EdDSA,
        _ => KeyAlgorithm::RS256,
    };
    jwk.common.key_algorithm.is_none_or(|given| given == declared)
        && jwk.common.public_key_use.as_ref().is_none_or(|given| *given == PublicKeyUse::Signature)
}
