//! What can go wrong between us and PostgreSQL. Business refusals are not errors here.

use fault_points::Struck;
use tokio_postgres::error::SqlState;

/// A technical failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had.
    #[error("no database connection")]
    Connect(#[source] deadpool_postgres::PoolError),
    /// A statement failed; `operation` names the function that sent it.
    #[error("{operation} failed")]
    Statement {
        /// The store function.
        operation: &'static str,
        /// PostgreSQL's or the driver's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// PostgreSQL took the statement and did not answer in time; a COMMIT may have happened.
    #[error("{operation} was not answered in time")]
    NoAnswer {
        /// The store function.
        operation: &'static str,
    },
    /// A stored value is not one that this code knows.
    #[error("row of {table} holds an unreadable {column}")]
    CorruptRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A row that must exist does not.
    #[error("{what} not found")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// Values could not be turned into JSON for a statement.
    #[error("values of {operation} cannot be encoded")]
    Encode {
        /// The store function.
        operation: &'static str,
        /// The encoder's answer.
        #[source]
        source: serde_json::Error,
    },
    /// The settings do not name a usable database.
    #[error("database settings: {0}")]
    Settings(String),
    /// Migrating failed.
    #[error("migration failed")]
    Migrate(#[source] Box<refinery::Error>),
}

impl StoreError {
    /// Whether the same call may succeed when repeated. The only place that knows.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Connect(_) | Self::NoAnswer { .. } => true,
            Self::Statement { source, .. } => {
                source.is_closed()
                    || source.code().is_none_or(|code| {
                        [
                            SqlState::T_R_SERIALIZATION_FAILURE,
                            SqlState::T_R_DEADLOCK_DETECTED,
                            SqlState::QUERY_CANCELED,
                            SqlState::ADMIN_SHUTDOWN,
                            SqlState::CRASH_SHUTDOWN,
                            SqlState::CANNOT_CONNECT_NOW,
                            SqlState::TOO_MANY_CONNECTIONS,
                            // A demoted writer, a full disk or memory, a lock not had in time.
                            SqlState::READ_ONLY_SQL_TRANSACTION,
                            SqlState::DISK_FULL,
                            SqlState::OUT_OF_MEMORY,
                            SqlState::LOCK_NOT_AVAILABLE,
                        ]
                        .contains(code)
                    })
            }
            Self::CorruptRow { .. }
            | Self::NotFound { .. }
            | Self::Encode { .. }
            | Self::Settings(_)
            | Self::Migrate(_) => false,
        }
    }

    /// Whether the role may not do this: somebody else's command, or a grant that is missing.
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        match self {
            Self::Statement { source, .. } => {
                source.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
            }
            _ => false,
        }
    }

    /// The name of the violated constraint, if that is what failed.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Statement { source, .. } => source.as_db_error().and_then(|x| x.constraint()),
            _ => None,
        }
    }
}

/// A point that fails is a database that took the statement and did not answer.
impl From<Struck> for StoreError {
    fn from(struck: Struck) -> Self {
        Self::NoAnswer { operation: struck.operation() }
    }
}

/// Names the operation of a driver error.
pub(crate) fn statement(
    operation: &'static str,
) -> impl Fn(tokio_postgres::Error) -> StoreError + Copy {
    move |source| StoreError::Statement { operation, source }
}
