//! The one way a stored subscription is changed: read, apply, write if nobody was faster.

use crate::domain::clock::Timestamp;
use crate::domain::handshake;
use crate::domain::id::SubscriptionId;
use crate::domain::subscription::Subscription;
use crate::http::problem::{Code, Problem, Result};
use crate::http::{AppState, Caller, Shard};
use crate::store::{Conflict, StoreError};

/// How often a change is applied anew after somebody else's came first.
const TRIES: usize = 5;

/// Applies `apply` to the subscription and stores it, with what follows for the handshake with its sink. If somebody changed it in between, the change is applied to what it is
/// then; a change that leaves it as it is writes nothing.
///
/// # Errors
/// What `apply` refuses, 404, and 409 when others keep being faster.
pub(super) async fn change(
    app: &AppState,
    caller: &Caller,
    id: SubscriptionId,
    apply: impl Fn(&mut Subscription) -> Result<()>,
) -> Result<Subscription> {
    let Shard { store, dispatch, .. } = app.shard(caller)?;
    for _ in 0..TRIES {
        let stored = store.subscription(&caller.tenant, id).await?;
        let mut changed = stored.clone();
        apply(&mut changed)?;
        let now = after(stored.updated_at, app.clock.now());
        let policy = dispatch.asking().policy(&changed);
        handshake::follow(Some(&stored), &mut changed, policy, now);
        if changed == stored {
            return Ok(stored);
        }
        changed.updated_at = now;
        match store.update_subscription(&changed, stored.updated_at).await {
            Ok(()) => {
                if changed.spec.sink != stored.spec.sink {
                    // Another sink; what failed was the old one.
                    dispatch.forget_health(id).await?;
                }
                dispatch.ask_soon();
                return Ok(changed);
            }
            Err(StoreError::Conflict(Conflict::State(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Problem::new(Code::Conflict, "Others keep changing this subscription. Read it again, then try again."))
}

/// A moment later than `before` even if the clock stood still: it is what tells two changes apart.
fn after(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(Timestamp::from_micros(before.as_micros() + 1))
}
