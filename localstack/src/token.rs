//! Bearer tokens of a stack: one ES256 key pair per stack, its public half for the functions.

use std::collections::BTreeMap;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::TokenArguments;
use crate::output;
use crate::stack::StackLayout;

pub const ISSUER: &str = "https://login.oms.local";
pub const AUDIENCE: &str = "https://api.oms.local";

/// What a token says about its bearer (SYSTEM §10).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    pub iss: &'static str,
    pub aud: &'static str,
    pub sub: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub tenant: String,
    /// Separated by spaces, as in RFC 8693.
    pub scope: String,
    pub roles: Vec<String>,
}

impl Claims {
    #[must_use]
    pub fn new(arguments: &TokenArguments, now: i64) -> Self {
        Self {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: arguments.subject.clone(),
            iat: now,
            nbf: now,
            exp: now + i64::from(arguments.ttl),
            tenant: arguments.tenant.clone(),
            scope: arguments.scope.join(" "),
            roles: arguments.role.clone(),
        }
    }
}

/// Mints a token with the key of the stack, which is made on first use.
///
/// # Errors
/// The key cannot be made, stored or used.
pub fn mint(layout: &StackLayout, arguments: &TokenArguments) -> Result<String> {
    let key = signing_key(layout)?;
    sign(&key, &Claims::new(arguments, jiff::Timestamp::now().as_second()))
}

fn sign(key: &EcdsaKeyPair, claims: &Claims) -> Result<String> {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = Some(key_id(key));
    let der = private_der(key)?;
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&der))
        .context("cannot sign the token")
}

/// The public keys of the stack as a JWK set: `OMS_JWT_JWKS` of the functions.
///
/// # Errors
/// The key cannot be made or stored.
pub fn jwks(layout: &StackLayout) -> Result<Value> {
    Ok(jwks_of(&signing_key(layout)?))
}

fn jwks_of(key: &EcdsaKeyPair) -> Value {
    let (x, y) = coordinates(key);
    json!({"keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key_id(key),
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    }]})
}

pub(crate) fn print(stack: &str, arguments: &TokenArguments) -> Result<()> {
    let layout = StackLayout::open(stack)?;
    output::line(&mint(&layout, arguments)?);
    Ok(())
}

fn signing_key(layout: &StackLayout) -> Result<EcdsaKeyPair> {
    let path = layout.dir().join("token-key.p8");
    if !path.exists() {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .ok()
            .context("cannot make a key pair")?;
        store(&path, &private_der(&key)?)?;
    }
    let der = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der)
        .ok()
        .with_context(|| format!("{} is not a key of this program", path.display()))
}

fn private_der(key: &EcdsaKeyPair) -> Result<Vec<u8>> {
    let document = key.to_pkcs8v1().ok().context("cannot encode the key")?;
    Ok(document.as_ref().to_vec())
}

/// The first of two commands at once wins; the other one reads what it wrote.
fn store(path: &PathBuf, der: &[u8]) -> Result<()> {
    use std::io::Write;
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(der)?;
    match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error)?,
        _ => std::fs::remove_file(&draft).map_err(Into::into),
    }
}

/// An uncompressed point: 4, then 32 bytes each.
fn coordinates(key: &EcdsaKeyPair) -> (&[u8], &[u8]) {
    key.public_key().as_ref()[1..].split_at(32)
}

/// The thumbprint of RFC 7638, whose members are hashed in alphabetical order.
fn key_id(key: &EcdsaKeyPair) -> String {
    let (x, y) = coordinates(key);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let members = BTreeMap::from([("crv", "P-256"), ("kty", "EC"), ("x", &x), ("y", &y)]);
    URL_SAFE_NO_PAD.encode(Sha256::digest(json!(members).to_string()))
}

#[cfg(test)]
mod tests;
