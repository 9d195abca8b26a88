//! Opening the databases: home first, then those beside it, each of which must be what it is named as.

use std::sync::Arc;

use uuid::Uuid;

use super::shard::Node;
use crate::config::{Config, Database, Encryption};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;
use crate::domain::id::uuid_v7;
use crate::domain::shard::ShardNumber;
use crate::metrics::Metrics;
use crate::store::sql::{OpenError, SqlStore};
use crate::store::{Identity, Measured, Store};

/// Opens home, and makes sure that it is one and that no shard is missing. Gives the installation with it.
pub(super) async fn home(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
    metrics: &Metrics,
) -> Result<(Arc<dyn Store>, Uuid), OpenError> {
    let store = open(&config.database, &config.encryption, entropy, metrics).await?;
    let wanted = Identity { installation: uuid_v7(clock.now(), &**entropy), shard: ShardNumber::HOME };
    let Identity { installation, shard } = store.identify(wanted).await?;
    if shard != ShardNumber::HOME {
        return Err(misplaced(format!(
            "database.url names shard {shard} of an installation, not its home: set it to the database that was database.url when \
             shard {shard} was added"
        )));
    }
    let known = config.database.shards.len();
    let counts = store.tenants_by_shard().await?;
    if let Some((missing, count)) = counts.into_iter().find(|(number, _)| number.index() > known) {
        return Err(misplaced(format!(
            "{count} tenants are pinned to shard {missing}, and database.shards has {known} entries: add the missing ones again, in \
             the order they had"
        )));
    }
    Ok((store, installation))
}

/// Opens a database beside home. A new one is taken in for good.
pub(super) async fn further(number: ShardNumber, installation: Uuid, node: &Node) -> Result<Arc<dyn Store>, OpenError> {
    let Some(options) = node.config.database.of_shard(number) else {
        return Err(misplaced(format!("database.shards has no entry {number}")));
    };
    let opened = async {
        let store = open(&options, &node.config.encryption, &node.entropy, &node.metrics).await?;
        let wanted = Identity { installation, shard: number };
        let found = store.identify(wanted).await?;
        if found == wanted {
            return Ok(store);
        }
        store.close().await;
        Err(mixed_up(wanted, found))
    };
    opened.await.map_err(|error| error.of(number))
}

async fn open(
    options: &Database,
    encryption: &Encryption,
    entropy: &Arc<dyn Entropy>,
    metrics: &Metrics,
) -> Result<Arc<dyn Store>, OpenError> {
    let store = SqlStore::open(options, encryption, Arc::clone(entropy)).await?;
    Ok(Arc::new(Measured::new(Arc::new(store), metrics)))
}

/// A database that is another one than the settings say.
fn mixed_up(wanted: Identity, found: Identity) -> OpenError {
    let Identity { shard: place, installation } = wanted;
    misplaced(match found.shard {
        shard if found.installation != installation => format!(
            "entry {place} of database.shards names a database of another installation (its {}): name this installation's own, or an \
             empty one to begin a new shard",
            if shard == ShardNumber::HOME { "home".to_owned() } else { format!("shard {shard}") }
        ),
        ShardNumber::HOME => format!("entry {place} of database.shards names the database of database.url: name another one"),
        shard => format!(
            "entry {place} of database.shards names shard {shard}: the order of the entries never changes, so put it back to place {shard}"
        ),
    })
}

const fn misplaced(detail: String) -> OpenError {
    OpenError::Misplaced { detail }
}
