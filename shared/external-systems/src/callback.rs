//! Callbacks of target systems: signature at the edge, envelope on the queue, report in the inbox.
//!
//! The edge verifies the *raw bytes* and forwards them untouched in a [`CallbackEnvelope`]; what
//! the report says is read only behind the queue ([`parse_report`]), so a change of the report's
//! rules never costs a message.

mod envelope;
mod report;
mod signature;

pub use envelope::{CallbackEnvelope, InvalidEnvelopeBody};
pub use report::{MalformedCallback, ParsedCallback, parse_report};
pub use signature::{
    ID_HEADER, InvalidWebhookSecret, MAX_MESSAGE_ID_CHARS, SIGNATURE_HEADER, SignatureRejection,
    TIMESTAMP_HEADER, TOLERANCE_SECONDS, VerifiedMessage, WebhookSecret, WebhookSecrets, sign,
    verify,
};

/// Largest callback body; the edge answers 413 above it, before anything else.
pub const MAX_CALLBACK_BYTES: usize = 128 * 1024;
