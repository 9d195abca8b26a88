//! From a received event to committed deliveries: the compiled subscriptions and the group commit.
