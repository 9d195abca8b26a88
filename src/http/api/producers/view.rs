//! Producers as JSON shows and takes them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::clock::Timestamp;
use crate::domain::entropy::Entropy;
use crate::domain::id::ProducerId;
use crate::domain::producer::{self, ProducerKind};
use crate::domain::secret::Secret;
use crate::domain::shard::ShardNumber;
use crate::domain::signature::{SigningKey, generate_secret};
use crate::domain::tenant::TenantName;
use crate::http::problem::{Problem, Result};

/// The most characters of a name.
const MAX_NAME: usize = 200;

/// The most secrets at once: each costs a signature check per request.
const MAX_SECRETS: usize = 5;

/// A producer, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Producer {
    /// Its identifier.
    id: ProducerId,
    /// What it is, in its creator's words.
    name: String,
    /// How it proves itself.
    kind: ProducerKind,
    /// Where it posts to, below this server's address.
    path: String,
    /// When it was created.
    created_at: Timestamp,
}

impl From<producer::Producer> for Producer {
    fn from(producer: producer::Producer) -> Self {
        let producer::Producer { id, name, kind, created_at, .. } = producer;
        Self { id, name, kind, path: format!("/v1/producers/{id}/events"), created_at }
    }
}

/// A producer with its secrets, as just created.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedProducer {
    #[serde(flatten)]
    producer: Producer,
    /// Its secrets (`whsec_…`), newest first.
    secrets: Vec<Secret>,
}

impl From<producer::Producer> for CreatedProducer {
    fn from(producer: producer::Producer) -> Self {
        Self { secrets: producer.secrets.clone(), producer: producer.into() }
    }
}

/// A producer's secrets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProducerSecrets {
    /// The secrets (`whsec_…`), newest first; any of them may sign.
    data: Vec<Secret>,
}

impl From<producer::Producer> for ProducerSecrets {
    fn from(producer: producer::Producer) -> Self {
        Self { data: producer.secrets }
    }
}

/// A producer to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewProducer {
    /// What it is, in its creator's words.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How it proves itself.
    #[serde(default = "standard_webhooks")]
    #[schema(required = false)]
    kind: ProducerKind,
    /// Its secrets (`whsec_` and base64 of 24 to 64 bytes), newest first; absent, one is made.
    #[schema(min_items = 1, max_items = 5)]
    secrets: Option<Vec<Secret>>,
}

const fn standard_webhooks() -> ProducerKind {
    ProducerKind::StandardWebhooks
}

impl NewProducer {
    /// The producer, made at `created_at` for a tenant of `shard`.
    pub(super) fn into_producer(
        self,
        shard: ShardNumber,
        tenant: TenantName,
        created_at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<producer::Producer> {
        let secrets = self.secrets.unwrap_or_else(|| vec![generate_secret(entropy)]);
        validate(&self.name, &secrets)?;
        let id = ProducerId::on(shard, created_at, entropy);
        Ok(producer::Producer { id, tenant, name: self.name, kind: self.kind, secrets, created_at })
    }
}

/// What is to change of a producer; absent members stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProducerPatch {
    /// What it is, in its creator's words.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All of its secrets from now on, newest first.
    #[schema(min_items = 1, max_items = 5)]
    secrets: Option<Vec<Secret>>,
}

impl ProducerPatch {
    /// `producer` with the changes made.
    pub(super) fn apply(self, mut producer: producer::Producer) -> Result<producer::Producer> {
        if let Some(name) = self.name {
            producer.name = name;
        }
        if let Some(secrets) = self.secrets {
            producer.secrets = secrets;
        }
        validate(&producer.name, &producer.secrets)?;
        Ok(producer)
    }
}

fn validate(name: &str, secrets: &[Secret]) -> Result<()> {
    let mut faults = Vec::new();
    if !(1..=MAX_NAME).contains(&name.chars().count()) {
        faults.push(("/name".to_owned(), format!("must have between 1 and {MAX_NAME} characters")));
    }
    if !(1..=MAX_SECRETS).contains(&secrets.len()) {
        faults.push(("/secrets".to_owned(), format!("must have between 1 and {MAX_SECRETS} secrets")));
    }
    for (index, secret) in secrets.iter().enumerate() {
        if let Err(error) = SigningKey::parse(secret.expose()) {
            faults.push((format!("/secrets/{index}"), error.to_string()));
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let problem = Problem::invalid_request("The producer is not valid; nothing was changed.");
    Err(faults.into_iter().fold(problem, |problem, (pointer, detail)| problem.at_pointer(pointer, detail)))
}
