//! What the server stores of a role's password: a SCRAM verifier that is made here.
//!
//! Made here, the password itself never reaches the server, whose log may quote statements.
//! And the number of rounds is ours: rounds make *guessing* dear, so they protect what people
//! choose. A password of 256 random bits cannot be guessed at any price, and every start of every
//! function would pay for rounds that protect nothing (`docs/adr/0015`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use sha2::{Digest, Sha256};

use crate::error::StoreError;

/// For passwords that somebody may have chosen: what PostgreSQL does by itself.
const ROUNDS_OF_CHOSEN: u32 = 4096;
const ROUNDS_OF_RANDOM: u32 = 1;
/// From so many bits on, if random, rounds add nothing.
const RANDOM_BITS: usize = 256;
/// Random text of that length has more; a repeated word or key has fewer.
const MIN_DIFFERENT: usize = 10;
const SALT_BYTES: usize = 16;

/// The literal to store instead of the password.
///
/// Text beyond ASCII is normalised by the server as by the client, so there it gets the password.
pub(super) fn of_password(password: &str) -> Result<String, StoreError> {
    if password.is_empty() || !password.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(password.to_owned());
    }
    let mut salt = [0; SALT_BYTES];
    let provider: CryptoProvider = aws_lc_rs::default_provider();
    let no_salt = |_| StoreError::Settings("there is no randomness for a salt".into());
    provider.secure_random.fill(&mut salt).map_err(no_salt)?;
    Ok(verifier(password, &salt, rounds(password)))
}

fn rounds(password: &str) -> u32 {
    let is_hex = password.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = password.len() * if is_hex { 4 } else { 6 };
    let mut different = password.as_bytes().to_vec();
    different.sort_unstable();
    different.dedup();
    if bits >= RANDOM_BITS && different.len() >= MIN_DIFFERENT {
        ROUNDS_OF_RANDOM
    } else {
        ROUNDS_OF_CHOSEN
    }
}

/// RFC 5802, section 3, in the form that PostgreSQL keeps in `pg_authid`.
fn verifier(password: &str, salt: &[u8], rounds: u32) -> String {
    let salted = salted_password(password.as_bytes(), salt, rounds);
    let stored_key = Sha256::digest(hmac(&salted, &[b"Client Key"]));
    let server_key = hmac(&salted, &[b"Server Key"]);
    let [salt, stored_key, server_key] =
        [salt, stored_key.as_slice(), &server_key].map(|bytes| STANDARD.encode(bytes));
    format!("SCRAM-SHA-256${rounds}:{salt}${stored_key}:{server_key}")
}

/// `Hi()` of the RFC.
fn salted_password(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut round = hmac(password, &[salt, &1_u32.to_be_bytes()]);
    let mut salted = round;
    for _ in 1..rounds {
        round = hmac(password, &[&round]);
        for (byte, other) in salted.iter_mut().zip(round) {
            *byte ^= other;
        }
    }
    salted
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        hmac.update(part);
    }
    hmac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: &str = "8Vb0xQm3rT6yUe9KpLwZcNs2HdJfGa5XoRiB7tCvM4k";

    /// The exchange of RFC 7677, section 3.
    const MESSAGES: &str = "n=user,r=rOprNGfwEbeRWgbNEkqO,\
        r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,\
        c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    const SIGNATURE: &str = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

    fn decoded(text: &str) -> Vec<u8> {
        STANDARD.decode(text).unwrap()
    }

    #[test]
    fn the_verifier_accepts_the_proof_of_the_specification_and_signs_its_answer() {
        let verifier = verifier("pencil", &decoded("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);

        let keys = verifier.strip_prefix("SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$").unwrap();
        let (stored_key, server_key) = keys.split_once(':').unwrap();
        let stored_key = decoded(stored_key);
        let signature = hmac(&stored_key, &[MESSAGES.as_bytes()]);
        let client_key: Vec<u8> =
            decoded(PROOF).iter().zip(signature).map(|(proof, other)| proof ^ other).collect();
        assert_eq!(Sha256::digest(client_key).to_vec(), stored_key);
        assert_eq!(hmac(&decoded(server_key), &[MESSAGES.as_bytes()]).to_vec(), decoded(SIGNATURE));
    }

    #[test]
    fn only_passwords_of_256_random_bits_are_not_stretched() {
        let hex = "0123456789abcdef".repeat(4);
        let repeated = "pass".repeat(20);

        assert_eq!([RANDOM, &hex].map(rounds), [ROUNDS_OF_RANDOM; 2]);
        assert_eq!(
            [&RANDOM[1..], &hex[1..], &repeated, "correct-horse"].map(rounds),
            [ROUNDS_OF_CHOSEN; 4]
        );
    }

    #[test]
    fn the_password_is_not_in_what_is_stored_and_no_salt_is_used_twice() {
        let [one, other] = [RANDOM, RANDOM].map(|password| of_password(password).unwrap());

        assert!(one.starts_with("SCRAM-SHA-256$1:"), "{one}");
        assert!(!one.contains(RANDOM));
        assert_ne!(one, other);
    }

    #[test]
    fn text_beyond_ascii_is_left_to_the_server() {
        assert_eq!(of_password("pässword").unwrap(), "pässword");
    }
}
