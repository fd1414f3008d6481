//! Signed cursors: a place in one tenant's list under one filter, and nobody else's.
//!
//! A cursor is the position and an HMAC over tenant, filter and position. So a caller cannot invent
//! a place, take a cursor to another tenant, or change the filter between two pages; the page size
//! may change. A cursor has no end: it names a place, not a result. When the key is rotated, lists
//! in progress begin again.

use ::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use order_domain::tenant::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;
use uuid::Uuid;

use crate::log::error_chain;
use crate::problem::Problem;
use crate::secrets::{SecretsClient, SecretsError};

const POSITION_LENGTH: usize = 24;
const MAC_LENGTH: usize = 32;
const MIN_KEY_LENGTH: usize = 32;

/// What a cursor is bound to besides the position.
#[derive(Debug, Clone, Copy)]
pub struct CursorScope<'a> {
    /// The list, told from everything else that the key may ever sign.
    pub list: &'static str,
    /// Whose list it is.
    pub tenant: &'a TenantId,
    /// What it is filtered by, in one spelling.
    pub filter: &'a str,
}

/// A place in a list; the id decides between entries of one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// When the entry came about.
    pub at: Timestamp,
    /// The entry.
    pub id: Uuid,
}

/// Where the key comes from.
#[derive(Debug)]
pub struct CursorKeys {
    client: SecretsClient,
    secret_id: String,
}

/// No key could be had.
#[derive(Debug, thiserror::Error)]
pub enum CursorKeyError {
    /// The secret could not be had.
    #[error("the cursor secret is not available")]
    Secret(#[source] SecretsError),
    /// It holds no usable key.
    #[error("the cursor key is not base64 of at least {MIN_KEY_LENGTH} bytes")]
    Unusable,
}

#[derive(Deserialize)]
struct CursorSecret {
    current: SecretString,
}

/// Signs and reads cursors.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKeys {
    /// The key in this secret: `{"current": "base64…"}`.
    #[must_use]
    pub const fn new(client: SecretsClient, secret_id: String) -> Self {
        Self { client, secret_id }
    }

    /// The place that a caller's cursor names.
    ///
    /// # Errors
    /// A problem CURSOR_INVALID, or that no key could be had.
    pub async fn position(
        &self,
        scope: CursorScope<'_>,
        cursor: Option<&str>,
    ) -> Result<Option<Position>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let key = self.current().await.map_err(|error| no_key(&error))?;
        key.read(scope, cursor).map(Some).ok_or_else(not_of_this_list)
    }

    /// The cursor of the next page, if there is one.
    ///
    /// # Errors
    /// A problem when no key could be had.
    pub async fn next(
        &self,
        scope: CursorScope<'_>,
        last: Option<Position>,
    ) -> Result<Option<String>, Problem> {
        let Some(last) = last else { return Ok(None) };
        let key = self.current().await.map_err(|error| no_key(&error))?;
        Ok(Some(key.sign(scope, last)))
    }

    /// The current key; kept by the secrets client, so this rarely leaves the process.
    ///
    /// # Errors
    /// [`CursorKeyError`]; no cursor can be signed or read then.
    pub async fn current(&self) -> Result<CursorKey, CursorKeyError> {
        let secret: CursorSecret =
            self.client.json(&self.secret_id).await.map_err(CursorKeyError::Secret)?;
        let key = STANDARD.decode(secret.current.expose_secret());
        CursorKey::parse(&key.unwrap_or_default()).ok_or(CursorKeyError::Unusable)
    }
}

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

/// The cursor was not made by this API for this tenant and filter.
fn not_of_this_list() -> Problem {
    Problem::business(StatusCode::BAD_REQUEST, "CURSOR_INVALID", "The cursor is not valid here.")
        .with_detail("start again without a cursor, and keep the filter while paging")
        .with_error("cursor", "not a cursor of this list")
}

fn no_key(error: &CursorKeyError) -> Problem {
    tracing::error!(error = error_chain(error), "no key for cursors");
    Problem::unavailable()
}

impl CursorKey {
    fn parse(key: &[u8]) -> Option<Self> {
        let is_long_enough = key.len() >= MIN_KEY_LENGTH;
        Hmac::new_from_slice(key).ok().filter(|_| is_long_enough).map(Self)
    }

    /// The cursor behind `position`.
    #[must_use]
    pub fn sign(&self, scope: CursorScope<'_>, position: Position) -> String {
        let mut bytes = encode(position).to_vec();
        let mac = self.mac(scope, &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor; `None` if it was not signed for this scope with this key.
    #[must_use]
    pub fn read(&self, scope: CursorScope<'_>, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        if bytes.len() != POSITION_LENGTH + MAC_LENGTH {
            return None;
        }
        let (position, mac) = bytes.split_at(POSITION_LENGTH);
        // Compares in constant time.
        self.mac(scope, position).verify_slice(mac).ok()?;
        decode(position)
    }

    /// Each part is preceded by its length, so that no two scopes read the same.
    fn mac(&self, scope: CursorScope<'_>, position: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for part in [scope.list, scope.tenant.as_str(), scope.filter]
            .map(str::as_bytes)
            .into_iter()
            .chain([position])
        {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

/// Microseconds are what PostgreSQL keeps, so nothing is lost.
fn encode(position: Position) -> [u8; POSITION_LENGTH] {
    let mut bytes = [0; POSITION_LENGTH];
    bytes[..8].copy_from_slice(&position.at.as_microsecond().to_be_bytes());
    bytes[8..].copy_from_slice(position.id.as_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let (micros, id) = bytes.split_at_checked(8)?;
    let micros = i64::from_be_bytes(micros.try_into().ok()?);
    Some(Position { at: Timestamp::from_microsecond(micros).ok()?, id: Uuid::from_slice(id).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> Position {
        Position {
            at: Timestamp::from_microsecond(1_800_000_000_123_456).unwrap(),
            id: Uuid::now_v7(),
        }
    }

    fn key(byte: u8) -> CursorKey {
        CursorKey::parse(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_cursor_leads_back_to_its_position() {
        let tenant = "acme".parse().unwrap();
        for filter in ["", "FALLOUT"] {
            let scope = CursorScope { list: "orders", tenant: &tenant, filter };
            let position = position();
            let cursor = key(1).sign(scope, position);
            assert_eq!(key(1).read(scope, &cursor), Some(position));
        }
    }

    #[test]
    fn a_cursor_is_good_for_its_tenant_filter_and_key_only() {
        let (acme, other) = ("acme".parse().unwrap(), "acme2".parse().unwrap());
        let scope = CursorScope { list: "orders", tenant: &acme, filter: "" };
        let cursor = key(1).sign(scope, position());

        let filtered = CursorScope { filter: "CREATED", ..scope };
        assert_eq!(key(1).read(CursorScope { tenant: &other, ..scope }, &cursor), None);
        assert_eq!(key(1).read(filtered, &cursor), None);
        assert_eq!(key(1).read(CursorScope { list: "incidents", ..scope }, &cursor), None);
        assert_eq!(key(2).read(scope, &cursor), None);
    }

    #[test]
    fn a_cursor_with_any_changed_bit_is_refused() {
        let tenant = "acme".parse().unwrap();
        let scope = CursorScope { list: "orders", tenant: &tenant, filter: "" };
        let cursor = URL_SAFE_NO_PAD.decode(key(1).sign(scope, position())).unwrap();

        for bit in 0..cursor.len() * 8 {
            let mut forged = cursor.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(key(1).read(scope, &URL_SAFE_NO_PAD.encode(forged)), None, "bit {bit}");
        }
        for text in ["", "a", "=", "ä", &"A".repeat(10_000)] {
            assert_eq!(key(1).read(scope, text), None);
        }
    }

    #[test]
    fn a_short_key_is_no_key() {
        assert!(CursorKey::parse(&[1; 31]).is_none());
        assert!(CursorKey::parse(&[]).is_none());
    }
}
