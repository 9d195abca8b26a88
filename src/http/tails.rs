//! Room for live tails: bounded in number, for all and for each tenant.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config;
use crate::domain::tenant::TenantName;

/// The tails that are open on this node.
#[derive(Debug)]
pub struct Tails {
    max: usize,
    max_per_tenant: usize,
    open: Mutex<HashMap<TenantName, usize>>,
}

/// A tail's room, until it is dropped.
#[derive(Debug)]
pub struct Room {
    tails: Arc<Tails>,
    tenant: TenantName,
}

impl Tails {
    /// None is open, and there may be as many as `config` says.
    #[must_use]
    pub fn new(config: &config::Server) -> Arc<Self> {
        let (max, max_per_tenant) = (config.max_tails, config.max_tails_per_tenant);
        Arc::new(Self { max, max_per_tenant, open: Mutex::default() })
    }

    /// Room for one more of the tenant; `None` if there is none.
    #[must_use]
    pub fn take(self: &Arc<Self>, tenant: &TenantName) -> Option<Room> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = open.get(tenant).copied().unwrap_or_default();
        if open.values().sum::<usize>() >= self.max || of_tenant >= self.max_per_tenant {
            return None;
        }
        open.insert(tenant.clone(), of_tenant + 1);
        Some(Room { tails: Arc::clone(self), tenant: tenant.clone() })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut open = self.tails.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.tenant) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.tenant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn room_is_bounded_for_all_and_for_each_and_comes_back() {
        let tails = Tails::new(&config::Server { max_tails: 3, max_tails_per_tenant: 2, ..Config::builtin().server });
        let tenant = |name: &str| name.parse::<TenantName>().unwrap();
        let first = tails.take(&tenant("a")).unwrap();
        let _second = tails.take(&tenant("a")).unwrap();
        assert!(tails.take(&tenant("a")).is_none());
        let _third = tails.take(&tenant("b")).unwrap();
        assert!(tails.take(&tenant("b")).is_none());
        drop(first);
        assert!(tails.take(&tenant("a")).is_some());
    }
}
