//! One HTTP request made for a delivery, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::id::AttemptId;

/// An attempt as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its identifier.
    pub id: AttemptId,
    /// Which attempt of its delivery it was, from 1.
    pub number: u32,
    /// When the request began.
    pub started_at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// What that meant for the delivery.
    pub verdict: VerdictKind,
}

/// What came of an attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How long the whole exchange took.
    pub duration: Duration,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// Why there was no usable answer, or that its status was no success.
    pub error_class: Option<ErrorClass>,
    /// The error in words, with what was tried; never a secret.
    pub error: Option<String>,
    /// The answer's headers in the order they came.
    pub response_headers: Vec<(String, String)>,
    /// The first 16 KiB of the answer's body.
    pub response_body: Bytes,
    /// Whether the body was longer than what is kept.
    pub is_body_truncated: bool,
}

/// Why an attempt failed, in the field's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The name could not be resolved.
    Dns,
    /// The egress guard does not allow the address.
    Blocked,
    /// No connection could be made.
    Connect,
    /// TLS could not be agreed on or the certificate is not trusted.
    Tls,
    /// The time limit passed before the exchange was complete.
    Timeout,
    /// The connection broke, or what came was not HTTP.
    Protocol,
    /// A redirect, which is never followed.
    Redirect,
    /// An answer of 400 to 499.
    Client,
    /// An answer of 500 or more.
    Server,
    /// The request could not be made from the subscription and the event.
    Request,
}

impl ErrorClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Dns,
        Self::Blocked,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Protocol,
        Self::Redirect,
        Self::Client,
        Self::Server,
        Self::Request,
    ];

    /// The class's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Blocked => "blocked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Redirect => "redirect",
            Self::Client => "client",
            Self::Server => "server",
            Self::Request => "request",
        }
    }

    /// The class of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// What an attempt meant for its delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// The sink has it.
    Delivered,
    /// It will be tried again.
    Retry,
    /// It will not be tried again.
    Dead,
    /// The sink wants nothing any more: dead, and the subscription is disabled.
    Gone,
}

impl VerdictKind {
    /// Every verdict.
    pub const ALL: [Self; 4] = [Self::Delivered, Self::Retry, Self::Dead, Self::Gone];

    /// The verdict's name, as in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry => "retry",
            Self::Dead => "dead",
            Self::Gone => "gone",
        }
    }

    /// The verdict of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == name)
    }
}
