//! Passwords and random numbers; the only place that asks for randomness.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0_u8; N];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("the random number generator failed")?;
    Ok(bytes)
}

/// A password of more than 256 bits that needs no escaping in a URL, a shell or a connection string.
///
/// # Errors
/// When the random number generator fails.
pub fn password() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<33>()?).replace(['-', '_'], "x"))
}

/// A number from 0 to `limit - 1`; the slight bias does not matter for choosing a port.
///
/// # Errors
/// When the random number generator fails.
pub fn below(limit: u16) -> Result<u16> {
    Ok(u16::from_be_bytes(bytes::<2>()?) % limit)
}
