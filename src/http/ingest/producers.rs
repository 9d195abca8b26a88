//! `POST /v1/producers/{producer}/events`: events from producers that sign their requests (Standard Webhooks, SPECS 2.2).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;

use super::events::traceparent;
use super::receipt::{Receipts, accepted, into_parts};
use super::{CloudEvent, handshake, media};
use crate::domain::clock::{Clock, Timestamp};
use crate::domain::event::read::Mode;
use crate::domain::id::ProducerId;
use crate::domain::producer::Producer;
use crate::domain::shard::ShardNumber;
use crate::domain::signature::{self, SigningKey, TOLERANCE_SECONDS, VerifyError};
use crate::domain::tenant::TenantName;
use crate::http::body;
use crate::http::problem::{Code, Document, Problem, Result};
use crate::http::remembered::{Absence, Remembered};
use crate::http::state::AppState;
use crate::routing;

/// How long a message is remembered beyond the moment it stops verifying, for clocks that differ between nodes.
const REPLAY_MARGIN: Duration = Duration::from_mins(1);

/// Bytes of a `webhook-id`.
const MAX_ID_BYTES: usize = 256;

/// A producer, ready to verify.
struct Door {
    tenant: TenantName,
    shard: ShardNumber,
    keys: Vec<SigningKey>,
}

/// The producers, each remembered for a short time after it was asked for.
#[derive(Clone)]
pub struct Doors(Arc<Remembered<ProducerId, Arc<Door>>>);

impl Doors {
    /// Doors whose producers are remembered as long as API keys are.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, time_to_live: Duration) -> Self {
        Self(Arc::new(Remembered::new(clock, time_to_live, Absence::Remembered)))
    }

    /// Forgets what was looked up, after a producer was changed.
    pub fn forget(&self) {
        self.0.forget();
    }

    async fn open(&self, id: &str, state: &AppState) -> Result<(ProducerId, Arc<Door>)> {
        let unknown = || Problem::not_found(format!("There is no producer `{}`.", id.escape_debug()));
        let id: ProducerId = id.parse().map_err(|_| unknown())?;
        let look_up = async {
            let found = state.find(id.shard(), |shard| shard.store.producer(id)).await?;
            Ok(found.map(|(shard, producer)| Arc::new(Door::of(&producer, shard.number))))
        };
        let door = self.0.get(&id, look_up).await?.ok_or_else(unknown)?;
        Ok((id, door))
    }
}

impl Door {
    fn of(producer: &Producer, shard: ShardNumber) -> Self {
        // A stored secret was checked when it was stored; one that does not parse verifies nothing.
        let keys = producer.secrets.iter().filter_map(|secret| SigningKey::parse(secret.expose()).ok()).collect();
        Self { tenant: producer.tenant.clone(), shard, keys }
    }
}

/// The headers of a signed message.
struct Message<'a> {
    id: &'a str,
    timestamp: &'a str,
    signatures: &'a str,
}

/// Accepts events that a producer signed
///
/// The request is authenticated by its Standard Webhooks headers: `webhook-id`, `webhook-timestamp` (within five minutes of now)
/// and `webhook-signature` over the exact body, by any of the producer's secrets. Structured and batched mode only: in binary
/// mode the attributes are headers, which the signature does not cover. A message is accepted once.
#[utoipa::path(
    post,
    path = "/v1/producers/{producer}/events",
    tag = "events",
    security(()),
    params(
        ("producer" = String, Path, description = "The producer's identifier (`prd_…`)"),
        ("webhook-id" = String, Header, description = "The message's identifier, without `.`"),
        ("webhook-timestamp" = String, Header, description = "When it was sent, in seconds since the Unix epoch"),
        ("webhook-signature" = String, Header, description = "`v1,` and base64, several separated by spaces"),
    ),
    request_body(
        description = "One event or a batch",
        content((CloudEvent = "application/cloudevents+json"), (Vec<CloudEvent> = "application/cloudevents-batch+json")),
    ),
    responses(
        (status = 202, description = "Stored; a batch is answered with a list", body = Receipts),
        (status = "default", description = "Nothing was accepted", body = Document, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post_producer_events(
    State(state): State<AppState>,
    Path(producer): Path<String>,
    request: Request,
) -> Result<Response> {
    let (producer, door) = state.doors.open(&producer, &state).await?;
    let (parts, body) = request.into_parts();
    handshake::check_origin(&parts.headers, &state.config.ingest)?;
    let acceptor = &state.shards.get(door.shard)?.acceptor;
    let message = Message::of(&parts.headers)?;
    let mode = signed_mode(&parts.headers)?;
    let body = body::read(body, &state.config).await?;
    let valid_until = message.verify(&door, &body, state.clock.now())?;
    let (events, shape) = into_parts(media::read(mode, &parts.headers, body, &state)?);
    let request = routing::Request {
        tenant: door.tenant.clone(),
        events,
        traceparent: traceparent(&parts.headers),
        replay: Some((producer, message.digest(), valid_until)),
    };
    Ok(accepted(acceptor.accept(request).await?, shape))
}

/// The content mode, which must be one whose attributes the signature covers.
fn signed_mode(headers: &HeaderMap) -> Result<Mode> {
    match media::mode(headers)? {
        Mode::Binary => Err(Problem::new(
            Code::UnsupportedMediaType,
            "Producers that sign may not use binary mode: its attributes are headers, which the signature does not cover. Send \
             `application/cloudevents+json` or `application/cloudevents-batch+json`.",
        )
        .at_header("Content-Type", "announces binary mode")),
        mode => Ok(mode),
    }
}

impl<'a> Message<'a> {
    fn of(headers: &'a HeaderMap) -> Result<Self> {
        let id = signed_header(headers, "webhook-id")?;
        if id.len() > MAX_ID_BYTES {
            return Err(refused("`webhook-id` must be at most 256 characters long.", "webhook-id"));
        }
        let timestamp = signed_header(headers, "webhook-timestamp")?;
        let signatures = signed_header(headers, "webhook-signature")?;
        Ok(Self { id, timestamp, signatures })
    }

    /// Until when the message verifies, if it does now.
    fn verify(&self, door: &Door, body: &Bytes, now: Timestamp) -> Result<Timestamp> {
        signature::verify(&door.keys, self.id, self.timestamp, self.signatures, body, now).map_err(|error| {
            let header = match error {
                VerifyError::NoMatch => "webhook-signature",
                VerifyError::BadId => "webhook-id",
                VerifyError::BadTimestamp | VerifyError::TooOld | VerifyError::TooNew => "webhook-timestamp",
            };
            refused(&format!("The signature does not verify: {error}."), header)
        })?;
        let sent_at: i64 = self.timestamp.parse().unwrap_or_default();
        let micros = sent_at.saturating_add(TOLERANCE_SECONDS).saturating_mul(1_000_000);
        Ok(Timestamp::from_micros(micros).plus(REPLAY_MARGIN))
    }

    /// What the message is remembered by. Both parts are signed, and neither holds a `.`.
    fn digest(&self) -> [u8; 16] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.id.as_bytes());
        context.update(b".");
        context.update(self.timestamp.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&context.finish().as_ref()[..16]);
        digest
    }
}

fn signed_header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| refused(&format!("The header `{name}` is missing."), name))?;
    match value.to_str() {
        Ok(text) if !text.is_empty() && values.next().is_none() => Ok(text),
        _ => Err(refused(&format!("The header `{name}` must be there once, as plain text."), name)),
    }
}

fn refused(detail: &str, header: &'static str) -> Problem {
    Problem::new(Code::SignatureInvalid, detail.to_owned()).at_header(header, detail.to_owned())
}
