//! Who is calling: what a verified token says, and nothing else.

use std::collections::BTreeSet;

use order_domain::tenant::TenantId;

use crate::problem::{Problem, ProblemCode};

pub use order_domain::actor::Role;

/// The caller of a request, made only by [`crate::jwt::TokenVerifier`] and by tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The tenant whose orders the caller sees.
    pub tenant: TenantId,
    /// The audit actor (`sub`).
    pub subject: String,
    /// The operations that the token was issued for.
    pub scopes: BTreeSet<String>,
    /// The roles of the person or machine.
    pub roles: BTreeSet<Role>,
}

impl Caller {
    /// Refuses a caller whose token lacks `scope`; scopes have no hierarchy and no wildcard.
    ///
    /// # Errors
    ///
    /// A problem SCOPE_MISSING.
    pub fn require_scope(&self, scope: &str) -> Result<(), Problem> {
        if self.scopes.contains(scope) {
            return Ok(());
        }
        let detail = format!("the operation needs the scope {scope}");
        Err(Problem::new(ProblemCode::ScopeMissing).with_detail(detail))
    }

    /// Refuses a caller who has none of `roles`.
    ///
    /// # Errors
    ///
    /// A problem ROLE_MISSING.
    pub fn require_any_role(&self, roles: &[Role]) -> Result<(), Problem> {
        if roles.iter().any(|role| self.roles.contains(role)) {
            return Ok(());
        }
        Err(Problem::new(ProblemCode::RoleMissing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            tenant: "acme".parse().unwrap(),
            subject: "u-1".to_owned(),
            scopes: ["orders:read".to_owned()].into(),
            roles: [Role::OrderViewer].into(),
        }
    }

    #[test]
    fn a_scope_is_needed_exactly() {
        assert!(caller().require_scope("orders:read").is_ok());
        for scope in ["orders", "orders:*", "orders:read ", "ORDERS:READ", "orders:write"] {
            assert_eq!(caller().require_scope(scope).unwrap_err().code(), "SCOPE_MISSING");
        }
    }

    #[test]
    fn one_of_the_roles_is_needed() {
        assert!(caller().require_any_role(&[Role::OrderOperator, Role::OrderViewer]).is_ok());
        let refused = caller().require_any_role(&[Role::OrderSupervisor]).unwrap_err();
        assert_eq!(refused.code(), "ROLE_MISSING");
        assert!(caller().require_any_role(&[]).is_err(), "no role listed means nobody");
    }
}
