//! Who asked for a command: recorded with every audit entry (§22 §37).

use crate::text_enum::text_enum;

text_enum! {
    /// The kind of caller behind a command.
    ActorKind {
        /// A function of this product, acting for the process or a schedule.
        System = "SYSTEM",
        /// A caller of the API with a token: a person or a sales system.
        Caller = "CALLER",
        /// A target system, through a verified callback.
        TargetSystem = "TARGET_SYSTEM",
    }
}

text_enum! {
    /// What a person may do (§37); a token names the roles of its subject.
    Role {
        /// Reads orders.
        OrderViewer = "order-viewer",
        /// Works on fallout of orders.
        OrderOperator = "order-operator",
        /// Also waives, defers, approves and gives orders up.
        OrderSupervisor = "order-supervisor",
        /// Runs the platform, sees no customer data.
        PlatformOperator = "platform-operator",
    }
}

/// Who acts, as it is written into transitions and audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// What kind of caller it is.
    pub kind: ActorKind,
    /// Function name, token subject or target system.
    pub name: String,
    /// Roles from the token; empty for systems.
    pub roles: Vec<String>,
    /// The worker id of this invocation, for functions.
    pub worker_id: Option<String>,
}

impl Actor {
    /// A function of this product.
    #[must_use]
    pub fn function(name: &str, worker_id: Option<String>) -> Self {
        Self { kind: ActorKind::System, name: name.to_owned(), roles: Vec::new(), worker_id }
    }

    /// A caller with a verified token.
    #[must_use]
    pub fn caller(subject: &str, roles: Vec<String>) -> Self {
        Self { kind: ActorKind::Caller, name: subject.to_owned(), roles, worker_id: None }
    }

    /// The roles of ours that the token names; what is not a role of ours gives no rights.
    #[must_use]
    pub fn known_roles(&self) -> Vec<Role> {
        self.roles.iter().filter_map(|x| x.parse().ok()).collect()
    }

    /// A target system whose callback was verified.
    #[must_use]
    pub fn target_system(system: &str) -> Self {
        Self {
            kind: ActorKind::TargetSystem,
            name: system.to_owned(),
            roles: Vec::new(),
            worker_id: None,
        }
    }
}
