//! Places in the queue, as the transitions on SQLite write them.

/// Queues a delivery by subscription, moment and identifier.
pub(super) const ENQUEUE: &str = "INSERT INTO queue (subscription_id, due_at, delivery_id) VALUES (?1, ?2, ?3)
    ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING";

/// Queues a delivery as its own row says.
pub(super) const REQUEUE: &str = "INSERT INTO queue (subscription_id, due_at, delivery_id)
    SELECT subscription_id, next_attempt_at, id FROM deliveries WHERE id = ?1
    ON CONFLICT (subscription_id, due_at, delivery_id) DO NOTHING";

/// The statements of this module.
pub(super) const STATEMENTS: &[&str] = &[ENQUEUE, REQUEUE];
