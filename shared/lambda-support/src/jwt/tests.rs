//! Forged and real tokens; each is signed here, byte by byte, because no library forges.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::{Value, json};

use super::*;
use crate::caller::Role;

const NOW: i64 = 1_800_000_000;

mod accepted;
mod forged;
mod key_sets;

/// The issuer's keys, one per algorithm.
struct Issuer {
    es: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    rs: RsaKeyPair,
}

impl Issuer {
    fn new() -> Self {
        Self {
            es: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
            ed: Ed25519KeyPair::generate().unwrap(),
            rs: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    /// The modulus starts behind the nine bytes of a PKCS#1 header for 2048 bits.
    fn modulus(&self) -> String {
        BASE64URL.encode(&self.rs.public_key().as_ref()[9..265])
    }

    fn jwks(&self) -> Value {
        let point = self.es.public_key().as_ref();
        json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "es", "use": "sig", "alg": "ES256",
             "x": BASE64URL.encode(&point[1..33]), "y": BASE64URL.encode(&point[33..])},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed",
             "x": BASE64URL.encode(self.ed.public_key().as_ref())},
            {"kty": "RSA", "kid": "rs", "n": self.modulus(), "e": "AQAB"},
        ]})
    }

    fn verifier(&self) -> TokenVerifier {
        TokenVerifier::from_jwks("https://issuer", "oms", &self.jwks().to_string()).unwrap()
    }

    fn sign(&self, key: &str, input: &[u8]) -> Vec<u8> {
        match key {
            "es" => self.es.sign(&SystemRandom::new(), input).unwrap().as_ref().to_vec(),
            "ed" => self.ed.sign(input).as_ref().to_vec(),
            _ => {
                let mut signature = vec![0; self.rs.public_modulus_len()];
                self.rs
                    .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// Signs any two texts, JSON or not, with one of the real keys.
    fn signed(&self, key: &str, header: &str, claims: &str) -> String {
        let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
        let signature = BASE64URL.encode(self.sign(key, input.as_bytes()));
        format!("{input}.{signature}")
    }

    /// A token whose claims are changed but whose signature is right.
    fn with_claims(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut claims = claims();
        change(&mut claims);
        self.signed("es", &header("es").to_string(), &claims.to_string())
    }

    /// A token whose header is changed but whose signature is right.
    fn with_header(&self, change: impl FnOnce(&mut Value)) -> String {
        let mut header = header("es");
        change(&mut header);
        self.signed("es", &header.to_string(), &claims().to_string())
    }
}

fn header(key: &str) -> Value {
    let algorithm = match key {
        "es" => "ES256",
        "ed" => "EdDSA",
        _ => "RS256",
    };
    json!({"typ": "JWT", "alg": algorithm, "kid": key})
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer",
        "aud": "oms",
        "exp": NOW + 600,
        "nbf": NOW - 600,
        "sub": "operator-7",
        "tenant": "acme",
        "scope": "orders:read orders:create",
        "roles": ["order-viewer", "janitor"],
    })
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn hmac_signed(secret: &[u8], header: &str, claims: &str) -> String {
    let input = format!("{}.{}", BASE64URL.encode(header), BASE64URL.encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, input.as_bytes());
    format!("{input}.{}", BASE64URL.encode(signature.as_ref()))
}
