//! One database per test, copied from a migrated template.

use order_store::{DatabaseSettings, Store, migrate};
use secrecy::SecretString;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use uuid::Uuid;

/// Login password of every role in the test cluster; it listens on loopback only.
const ROLE_PASSWORD: &str = "test-role-password";
/// Serialises template building between test processes.
const TEMPLATE_LOCK: i64 = 0x6f6d_735f_7465_7374;
/// Every test database begins with this.
const NAME_PREFIX: &str = "oms_test_";

const ROLES: [&str; 16] = [
    "oms_order_intake",
    "oms_outbox_relay",
    "oms_order_validate_readiness",
    "oms_order_decompose",
    "oms_order_create_fulfillment_plan",
    "oms_fulfillment_execute_ready_steps",
    "oms_fulfillment_review_overdue_plan",
    "oms_billing_activate",
    "oms_order_complete",
    "oms_order_escalate_fallout",
    "oms_notification_send_order_update",
    "oms_fulfillment_step_executor",
    "oms_callback_processor",
    "oms_reconciliation",
    "oms_operator_api",
    "oms_bulk_recovery",
];

/// A private database, dropped by [`TestDatabase::finish`] or by a later run.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    cluster: Config,
    owner: Client,
}

impl TestDatabase {
    /// A fresh, migrated database.
    ///
    /// # Panics
    /// Without `OMS_TEST_POSTGRES_URL`, and when PostgreSQL refuses: tests fail, they never skip.
    pub async fn create() -> Self {
        let cluster = cluster();
        let admin = connect(&cluster).await;
        let template = template(&cluster, &admin).await;
        let name = format!("{NAME_PREFIX}{}", Uuid::now_v7().simple());
        admin
            .batch_execute(&format!("create database {name} template {template} owner oms_owner"))
            .await
            .expect("a database from the template");
        Self::open(cluster, name).await
    }

    /// Takes over a migrated database of this name, if the cluster has one: large ones are written
    /// beforehand, and are used up.
    ///
    /// # Panics
    /// As [`TestDatabase::create`].
    pub async fn take_over(prepared: &str) -> Option<Self> {
        let cluster = cluster();
        let admin = connect(&cluster).await;
        // Building the template sets the passwords of the roles.
        template(&cluster, &admin).await;
        let known = [(&prepared as &(dyn ToSql + Sync), Type::TEXT)];
        let exists = "select 1 from pg_database where datname = $1";
        if admin.query_typed(exists, &known).await.expect("the list of databases").is_empty() {
            return None;
        }
        let name = format!("{NAME_PREFIX}{}", Uuid::now_v7().simple());
        let sql = format!("alter database {prepared} rename to {name}");
        admin.batch_execute(&sql).await.expect("nobody uses it");
        Some(Self::open(cluster, name).await)
    }

    /// A database without any schema, for tests of the migrations themselves.
    ///
    /// # Panics
    /// As [`TestDatabase::create`].
    pub async fn create_empty() -> Self {
        let cluster = cluster();
        let admin = connect(&cluster).await;
        // Building the template creates the owner role.
        template(&cluster, &admin).await;
        let name = format!("{NAME_PREFIX}{}", Uuid::now_v7().simple());
        let sql = format!("create database {name} owner oms_owner");
        admin.batch_execute(&sql).await.expect("an empty database");
        Self::open(cluster, name).await
    }

    async fn open(cluster: Config, name: String) -> Self {
        let mut config = cluster.clone();
        config.dbname(&name);
        let owner = connect(&config).await;
        Self { name, cluster, owner }
    }

    /// A store connected as `role`, for example `oms_order_intake`.
    ///
    /// # Panics
    /// When the role cannot log in.
    pub async fn store(&self, role: &str) -> Store {
        let settings = self.settings(role);
        Store::connect(&settings, None, 4).await.expect("the role's connection")
    }

    /// Connection settings of `role`, read from the secret of its function.
    ///
    /// # Panics
    /// When the cluster's URL names no TCP host.
    #[must_use]
    pub fn settings(&self, role: &str) -> DatabaseSettings {
        settings(&self.cluster, &self.name, role, ROLE_PASSWORD)
    }

    /// The secret of a function with `role`, for one that runs in a process of its own.
    #[must_use]
    pub fn secret(&self, role: &str) -> String {
        secret(&self.cluster, &self.name, role, ROLE_PASSWORD)
    }

    /// The connection of a superuser, for checkers that look past row security.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.owner
    }

    /// Rows read past row security, for looking at what was stored.
    ///
    /// # Panics
    /// When the statement fails.
    pub async fn rows(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Vec<Row> {
        self.owner.query_typed(sql, params).await.expect("a readable statement")
    }

    /// One number read past row security, for example `select count(*) from product_order`.
    ///
    /// # Panics
    /// When the statement fails or yields no number.
    pub async fn number(&self, sql: &str) -> i64 {
        let rows = self.rows(sql, &[]).await;
        rows.first().expect("one row").try_get(0).expect("a bigint in the first column")
    }

    /// One text read past row security; `None` for NULL or no row.
    ///
    /// # Panics
    /// When the statement fails or the column is no text.
    pub async fn text(&self, sql: &str) -> Option<String> {
        let rows = self.rows(sql, &[]).await;
        rows.first().and_then(|row| row.try_get(0).expect("a text in the first column"))
    }

    /// Runs SQL past row security, to arrange what no command would do.
    ///
    /// # Panics
    /// When the statement fails.
    pub async fn execute(&self, sql: &str) {
        self.owner.batch_execute(sql).await.expect("a working statement");
    }

    /// Drops the database.
    ///
    /// # Panics
    /// When PostgreSQL refuses.
    pub async fn finish(self) {
        drop(self.owner);
        let admin = connect(&self.cluster).await;
        admin
            .batch_execute(&format!("drop database {} with (force)", self.name))
            .await
            .expect("the database goes");
    }
}

fn cluster() -> Config {
    #[expect(clippy::disallowed_methods, reason = "tests are told their cluster by the launcher")]
    let url = std::env::var("OMS_TEST_POSTGRES_URL")
        .expect("OMS_TEST_POSTGRES_URL is not set: run through `cargo local test`");
    url.parse().expect("OMS_TEST_POSTGRES_URL is a PostgreSQL URL")
}

fn settings(cluster: &Config, dbname: &str, user: &str, password: &str) -> DatabaseSettings {
    let secret = SecretString::from(secret(cluster, dbname, user, password));
    DatabaseSettings::parse(&secret).expect("complete settings")
}

fn secret(cluster: &Config, dbname: &str, user: &str, password: &str) -> String {
    let host = match cluster.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        _ => "127.0.0.1".to_owned(),
    };
    let port = cluster.get_ports().first().copied().unwrap_or(5432);
    let json = serde_json::json!({ "host": host, "port": port, "dbname": dbname,
        "username": user, "password": password, "sslmode": "disable" });
    json.to_string()
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("the test cluster answers");
    tokio::spawn(async move {
        // The end of the connection is the end of the test; there is nobody to tell.
        let _ended = connection.await;
    });
    client
}

/// The migrated template's name; built by the first test that needs it.
async fn template(cluster: &Config, admin: &Client) -> String {
    let name = format!("oms_template_{}", order_store::schema_digest());
    let lock = [(&TEMPLATE_LOCK as &(dyn ToSql + Sync), Type::INT8)];
    admin.query_typed("select pg_advisory_lock($1)", &lock).await.expect("the template lock");
    let exists = "select 1 from pg_database where datname = $1";
    let known = [(&name as &(dyn ToSql + Sync), Type::TEXT)];
    if admin.query_typed(exists, &known).await.expect("the list of databases").is_empty() {
        build_template(cluster, admin, &name).await;
    }
    admin.query_typed("select pg_advisory_unlock($1)", &lock).await.expect("the lock goes");
    name
}

async fn build_template(cluster: &Config, admin: &Client, name: &str) {
    let building = format!("{name}_building");
    let sql = [
        format!("drop database if exists {building} with (force)"),
        "do $$ begin create role oms_owner login createrole; exception when duplicate_object then null; end $$"
            .to_owned(),
        format!("alter role oms_owner password '{ROLE_PASSWORD}'"),
        format!("create database {building} owner oms_owner"),
    ];
    for statement in sql {
        admin.batch_execute(&statement).await.expect("a database for the template");
    }
    let passwords: Vec<(String, String)> =
        ROLES.iter().map(|role| ((*role).to_owned(), ROLE_PASSWORD.to_owned())).collect();
    let owner = settings(cluster, &building, "oms_owner", ROLE_PASSWORD);
    migrate(&owner, None, &passwords).await.expect("the migrations apply to an empty database");
    admin
        .batch_execute(&format!("alter database {building} rename to {name}"))
        .await
        .expect("the template is ready");
}
