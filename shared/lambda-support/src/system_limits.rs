//! Calls at the same time to one target system, as its settings allow.
//!
//! A limit is per execution environment: environments know nothing of each other. What a system
//! sees at most is its limit times the environments, which reserved concurrency bounds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use order_domain::tenant::TenantId;
use tokio::sync::Semaphore;

type SystemKey = (TenantId, String, usize);

/// One semaphore per tenant, system and limit; changed settings begin a new one.
#[derive(Debug, Default)]
pub struct SystemLimits(Mutex<HashMap<SystemKey, Arc<Semaphore>>>);

impl SystemLimits {
    /// The semaphore of a system that takes `most` calls at the same time.
    #[must_use]
    pub fn of(&self, tenant: &TenantId, system: &str, most: usize) -> Arc<Semaphore> {
        let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), system.to_owned(), most);
        let new = || Arc::new(Semaphore::new(most.clamp(1, Semaphore::MAX_PERMITS)));
        Arc::clone(limits.entry(key).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_shared_by_all_calls_of_one_tenant_to_one_system() {
        let limits = SystemLimits::default();
        let (acme, globex) = ("acme".parse().unwrap(), "globex".parse().unwrap());

        let taken = limits.of(&acme, "BILLING", 1).try_acquire_owned().expect("free");

        assert!(limits.of(&acme, "BILLING", 1).try_acquire().is_err());
        assert!(limits.of(&acme, "INVENTORY", 1).try_acquire().is_ok());
        assert!(limits.of(&globex, "BILLING", 1).try_acquire().is_ok());
        drop(taken);
        assert!(limits.of(&acme, "BILLING", 1).try_acquire().is_ok());
    }
}
