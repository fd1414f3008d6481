//! The codes of problems that the edge itself can report.
//!
//! A code is a promise to clients: it is never renamed, and its meaning is in the doc of its
//! variant. Business rejections bring codes of their own, see [`super::Problem::business`].

use ::http::StatusCode;

macro_rules! problem_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// A stable code of the edge; each variant says when it is sent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[doc = $doc])+ $name,)+ }

        impl ProblemCode {
            /// Every code, for the documentation check.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The code as clients see it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that belongs to the code.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The same short sentence for every occurrence (RFC 9457 `title`).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

problem_codes! {
    /// The body does not fit the schema; `errors` names the places.
    BodyInvalid = "BODY_INVALID", BAD_REQUEST, "The body does not fit the schema.";
    /// The body is not one JSON value in UTF-8, or is nested too deep, or repeats a key.
    BodyNotJson = "BODY_NOT_JSON", BAD_REQUEST, "The body is not acceptable JSON.";
    /// The body is larger than the operation accepts.
    BodyTooLarge = "BODY_TOO_LARGE", PAYLOAD_TOO_LARGE, "The body is too large.";
    /// The content type is not `application/json` in UTF-8.
    ContentTypeUnsupported = "CONTENT_TYPE_UNSUPPORTED", UNSUPPORTED_MEDIA_TYPE, "The content type is not supported.";
    /// The body has a field that the schema does not know; `errors` names it.
    FieldUnknown = "FIELD_UNKNOWN", BAD_REQUEST, "The body has an unknown field.";
    /// The Idempotency-Key header is not a quoted string or token of 1 to 200 visible characters.
    IdempotencyKeyMalformed = "IDEMPOTENCY_KEY_MALFORMED", BAD_REQUEST, "The Idempotency-Key is malformed.";
    /// The operation needs an Idempotency-Key header.
    IdempotencyKeyMissing = "IDEMPOTENCY_KEY_MISSING", BAD_REQUEST, "The Idempotency-Key is missing.";
    /// The key was used before with another request.
    IdempotencyKeyReused = "IDEMPOTENCY_KEY_REUSED", UNPROCESSABLE_ENTITY, "The Idempotency-Key belongs to another request.";
    /// Something failed inside; the correlation id leads to the log.
    InternalError = "INTERNAL_ERROR", INTERNAL_SERVER_ERROR, "Something failed on our side.";
    /// The path exists, but not with this method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED, "The method is not allowed here.";
    /// There is no such object for this tenant, or no such path.
    NotFound = "NOT_FOUND", NOT_FOUND, "There is no such resource.";
    /// A query parameter or path segment cannot be understood; `errors` names it.
    ParameterInvalid = "PARAMETER_INVALID", BAD_REQUEST, "A parameter is invalid.";
    /// The operation needs an If-Match header with the version that the caller has read.
    PreconditionRequired = "PRECONDITION_REQUIRED", PRECONDITION_REQUIRED, "The If-Match header is missing.";
    /// The CPQ does not know the quote or its revision for this tenant.
    QuoteNotFound = "QUOTE_NOT_FOUND", NOT_FOUND, "There is no such quote.";
    /// The same request is being worked on; ask again after `Retry-After`.
    RequestInProgress = "REQUEST_IN_PROGRESS", CONFLICT, "The same request is in progress.";
    /// The role of the caller does not allow the operation.
    RoleMissing = "ROLE_MISSING", FORBIDDEN, "The role does not allow this operation.";
    /// The token lacks the scope of the operation.
    ScopeMissing = "SCOPE_MISSING", FORBIDDEN, "The token lacks the scope of this operation.";
    /// The signature of a callback is not one of its target system; unknown senders look the same.
    SignatureInvalid = "SIGNATURE_INVALID", UNAUTHORIZED, "The request is not authenticated.";
    /// A system that we depend on does not answer; the same request may be sent again.
    SourceUnavailable = "SOURCE_UNAVAILABLE", SERVICE_UNAVAILABLE, "A system that this depends on is unavailable.";
    /// The bearer token is forged, expired, or not for us.
    TokenInvalid = "TOKEN_INVALID", UNAUTHORIZED, "The bearer token is not valid.";
    /// The operation needs a bearer token.
    TokenMissing = "TOKEN_MISSING", UNAUTHORIZED, "The bearer token is missing.";
}
