//! Signature version 4, by the signer of the SDK.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningError, SigningSettings, sign as sigv4,
};
use aws_sigv4::sign::v4::SigningParams;
use secrecy::ExposeSecret;

use crate::environment::Environment;

/// What keeps a request from being signed: a header or a parameter that is not of this protocol.
#[derive(Debug, thiserror::Error)]
pub(super) enum SignatureError {
    #[error("a parameter of the signature is missing")]
    Parameters(#[from] aws_sigv4::sign::v4::signing_params::BuildError),
    #[error("the request cannot be signed")]
    Request(#[from] SigningError),
}

/// Signs the request as it is now; it must not change afterwards.
pub(super) fn sign(
    request: &mut http::Request<Vec<u8>>,
    (scope, at): (&str, SystemTime),
    environment: &Environment,
) -> Result<(), SignatureError> {
    let token = environment.session_token.as_ref().map(|x| x.expose_secret().to_owned());
    let (id, key) = (environment.key_id.expose_secret(), environment.secret_key.expose_secret());
    // Without an end: Lambda gives new ones to new processes only.
    let identity = Credentials::new(id, key, token, None, "environment").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(&environment.region)
        .name(scope)
        .time(at)
        .settings(SigningSettings::default())
        .build()?
        .into();
    let uri = request.uri().to_string();
    let headers = request
        .headers()
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let signable =
        SignableRequest::new("POST", &uri, headers, SignableBody::Bytes(request.body()))?;
    let (instructions, _signature) = sigv4(signable, &parameters)?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}
