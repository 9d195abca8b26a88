//! The store on SQL: one control plane for both databases, one hot path for each.
