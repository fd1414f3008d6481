//! One TLS provider and one set of roots for PostgreSQL and HTTP.
//!
//! Cargo unifies features over a build, so two providers may be compiled in; rustls then panics at
//! the first handshake unless one is installed. [`install_provider`] is idempotent and is called
//! by [`crate::init()`] and by every constructor here, so that tests need no set-up.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// A bundle of certificate authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text has no certificate, or one that is not PEM.
    #[error("the bundle of certificate authorities is not PEM or is empty")]
    NotPem,
    /// A certificate in it is not one that rustls can trust.
    #[error("a certificate authority in the bundle was refused")]
    Refused(#[source] rustls::Error),
}

/// Makes aws-lc-rs the provider of this process, unless one is installed already.
pub fn install_provider() {
    // An error means that somebody was first; the workspace compiles one provider only.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// The client configuration that PostgreSQL and HTTP share: public roots plus an optional bundle.
///
/// `extra_ca_pem` is for databases with a private authority, such as RDS. Without it everybody gets
/// the same configuration, made once: a function has several clients, and all are made at its start.
///
/// # Errors
///
/// [`TlsError::NotPem`] and [`TlsError::Refused`] when the extra bundle cannot be used.
pub fn rustls_config(extra_ca_pem: Option<&[u8]>) -> Result<ClientConfig, TlsError> {
    static PUBLIC: OnceLock<ClientConfig> = OnceLock::new();
    match extra_ca_pem {
        None => Ok(PUBLIC.get_or_init(|| trusting(public_roots())).clone()),
        Some(pem) => Ok(trusting(with_bundle(pem)?)),
    }
}

fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn with_bundle(pem: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = public_roots();
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_not_pem| TlsError::NotPem)?;
    if certificates.is_empty() {
        return Err(TlsError::NotPem);
    }
    for certificate in certificates {
        roots.add(certificate).map_err(TlsError::Refused)?;
    }
    Ok(roots)
}

fn trusting(roots: RootCertStore) -> ClientConfig {
    install_provider();
    ClientConfig::builder().with_root_certificates(Arc::new(roots)).with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_roots_are_enough_without_a_bundle() {
        assert!(rustls_config(None).is_ok());
        install_provider();
        assert!(rustls_config(None).is_ok(), "installing twice is harmless");
    }

    #[test]
    fn a_bundle_that_is_no_certificate_is_refused() {
        for pem in ["", "not pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(rustls_config(Some(pem.as_bytes())), Err(TlsError::NotPem)), "{pem}");
        }
    }

    #[test]
    fn a_bundle_with_bytes_that_are_no_certificate_authority_is_refused() {
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

        assert!(matches!(rustls_config(Some(pem.as_bytes())), Err(TlsError::Refused(_))));
    }
}
