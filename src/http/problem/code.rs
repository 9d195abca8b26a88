//! The closed list of what can go wrong, as callers see it: one table, which makes the type, the API document and
//! `docs/errors.md`. A code that was published keeps its meaning.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A row of the table.
struct Row {
    name: &'static str,
    status: StatusCode,
    title: &'static str,
    description: &'static str,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $status:ident, $title:literal, $description:literal;)*) => {
        /// What went wrong. Programs branch on this; the status says who must act.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = ErrorCode)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// Every code, by status.
            pub const ALL: &[Self] = &[$(Self::$code),*];
        }

        const ROWS: &[Row] =
            &[$(Row { name: $name, status: StatusCode::$status, title: $title, description: $description }),*];
    };
}

codes! {
    /// The request is not what the call expects.
    InvalidRequest = "invalid_request", BAD_REQUEST, "The request is not valid",
        "A parameter, a header or a member of the body is missing, unknown or out of bounds. `errors` names each of them; \
         nothing was changed.";
    /// What was posted is no CloudEvent.
    InvalidEvent = "invalid_event", BAD_REQUEST, "Not a CloudEvent",
        "What was posted is no CloudEvent 1.0. `errors` names the header, or the place in the body as a JSON Pointer, for \
         every fault; in a batch the first token is the index of the event. No event of the request was accepted.";
    /// There is no credential, or it is not valid.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Authentication is required",
        "Send `Authorization: Bearer` with an API key (`wp_…`) or a JSON Web Token of a configured issuer. The detail says \
         which check failed.";
    /// The signature of a producer's message does not verify.
    SignatureInvalid = "signature_invalid", UNAUTHORIZED, "The signature does not verify",
        "A producer's request must carry `webhook-id`, `webhook-timestamp` (within five minutes of now) and \
         `webhook-signature` over the exact body, made with one of the producer's secrets.";
    /// The credential does not allow this.
    Forbidden = "forbidden", FORBIDDEN, "Not allowed",
        "The credential is valid, but lacks the scope that the detail names or does not reach the tenant.";
    /// There is nothing at this address.
    NotFound = "not_found", NOT_FOUND, "Not found",
        "The address does not exist, or the resource does not exist in this tenant.";
    /// The tenant named does not exist.
    TenantNotFound = "tenant_not_found", NOT_FOUND, "No such tenant",
        "The header `Waypost-Tenant` or the token names a tenant that does not exist. Create it first.";
    /// The address exists but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The address exists, but not for this method. `Allow` lists those it has.";
    /// The request did not arrive in time.
    Timeout = "timeout", REQUEST_TIMEOUT, "The request took too long",
        "The body did not arrive within `server.body_timeout_ms`. Nothing was accepted; send it again.";
    /// The request does not fit the state that was found.
    Conflict = "conflict", CONFLICT, "Conflict with the current state",
        "Something of that name exists already, or the resource is in a state that does not allow this. Read it again.";
    /// The event's data is gone.
    DataExpired = "data_expired", CONFLICT, "The event's data has expired",
        "The data was kept for as long as `retention.data_ms` or the tenant's `retention` says. The event's attributes and its history \
         are still there; it can't be sent or read as a CloudEvent any more.";
    /// The signed message was accepted before.
    Replayed = "replayed", CONFLICT, "This signed message was accepted before",
        "A producer's message (`webhook-id` and `webhook-timestamp`) is accepted once. To send the event again, sign it anew \
         with the time of the new attempt.";
    /// The body is too large.
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large",
        "The body is longer than `ingest.max_body_bytes` allows. The detail says the limit.";
    /// The batch has too many events.
    TooManyEvents = "too_many_events", PAYLOAD_TOO_LARGE, "Too many events in one batch",
        "A batch holds at most `ingest.max_batch_events` events. The detail says the limit; split the batch.";
    /// The body is in a format that is not understood here.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type",
        "The body is in a format that is not understood here. The detail names those that are.";
    /// Too much waits to be stored.
    Overloaded = "overloaded", TOO_MANY_REQUESTS, "Too many events wait to be stored",
        "Nothing was accepted. Try again after the number of seconds in `Retry-After`.";
    /// As much of this is open as a setting allows.
    TooManyRequests = "too_many_requests", TOO_MANY_REQUESTS, "Too many at once",
        "As many of these requests are open as the setting in the detail allows. Try again after `Retry-After`.";
    /// The headers are too large.
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large",
        "The request has more header lines than `server.max_headers` or more bytes of them than `server.max_header_bytes`. \
         Post the event in structured mode.";
    /// Waypost failed.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Internal error",
        "Waypost failed. The log has the cause under the error id that the detail shows.";
    /// Waypost can't do it right now.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available right now",
        "The database can't be reached, the server is stopping or too many requests are open. Try again after `Retry-After`; \
         posting the same event again is safe.";
}

impl Code {
    /// The code as it stands in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The status of every answer with this code.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().status
    }

    /// The problem type in words; the same in every answer with this code (RFC 9457 section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().title
    }

    /// What it means and what to do about it, for `docs/errors.md`.
    #[must_use]
    pub const fn description(self) -> &'static str {
        self.row().description
    }

    /// The problem type's URI (RFC 9457 section 3.1.1).
    #[must_use]
    pub fn type_uri(self) -> String {
        format!("https://waypost.dev/errors#{}", self.as_str())
    }

    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}
