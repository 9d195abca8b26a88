//! `waypost api-key`: keys made beside the server, for when nobody holds one any more.

use std::sync::Arc;

use anyhow::Context;
use clap::Subcommand;

use crate::config::Config;
use crate::domain::clock::{Clock, SystemClock};
use crate::domain::credential::{ApiKey, Reach, Scope};
use crate::domain::entropy::SystemEntropy;
use crate::domain::id::ApiKeyId;
use crate::domain::tenant::TenantName;
use crate::http::auth::api_key;
use crate::store::Store;
use crate::store::sql::SqlStore;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key and print it. It is shown only now.
    Create {
        /// What it is for.
        #[arg(long, default_value = "command line")]
        name: String,
        /// The one tenant it reaches; without this it reaches all.
        #[arg(long)]
        tenant: Option<TenantName>,
        /// What it allows: any of the scopes, separated by commas.
        #[arg(long = "scope", value_delimiter = ',', default_value = "admin", value_parser = scope)]
        scopes: Vec<Scope>,
    },
}

fn scope(name: &str) -> Result<Scope, String> {
    Scope::parse(name).ok_or_else(|| format!("no such scope; there are {}", Scope::ALL.map(Scope::as_str).join(", ")))
}

pub(super) async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    let Command::Create { name, tenant, scopes } = command;
    crate::telemetry::start(&config.log)?;
    let entropy = Arc::new(SystemEntropy::new());
    let store = SqlStore::attach(&config.database, &config.encryption, entropy.clone()).await?;
    if let Some(tenant) = &tenant {
        store.tenant(tenant).await.with_context(|| format!("tenant {tenant}"))?;
    }
    let key = api_key::generate(&*entropy);
    let now = SystemClock.now();
    let stored = ApiKey {
        id: ApiKeyId::new(now, &*entropy),
        name,
        reach: tenant.map_or(Reach::All, Reach::Tenant),
        scopes,
        hint: api_key::hint(key.expose()),
        created_at: now,
        expires_at: None,
    };
    store.create_api_key(&stored, &api_key::hash(key.expose())).await?;
    store.close().await;
    super::print(key.expose());
    Ok(())
}
