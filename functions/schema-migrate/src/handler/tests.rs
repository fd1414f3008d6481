mod catalogue;

use lambda_runtime::Context;
use lambda_support::config::Settings;
use order_store::{DatabaseSettings, Store};
use serde_json::json;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// An empty database, a role without a password, and the endpoint that knows the secrets.
struct Fixture {
    admin: Client,
    cluster: tokio_postgres::Config,
    secrets: MockServer,
    name: String,
    role: String,
}

impl Fixture {
    async fn new() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests are told their cluster by the launcher"
        )]
        let url = std::env::var("OMS_TEST_POSTGRES_URL")
            .expect("OMS_TEST_POSTGRES_URL is not set: run through `cargo local test`");
        let cluster: tokio_postgres::Config = url.parse().expect("a PostgreSQL URL");
        let (admin, connection) = cluster.connect(NoTls).await.expect("the cluster answers");
        tokio::spawn(connection);
        let unique = Uuid::now_v7().simple().to_string();
        let (name, role) = (format!("oms_empty_{unique}"), format!("oms_role_{unique}"));
        for sql in [format!("create database {name}"), format!("create role {role} nologin")] {
            admin.batch_execute(&sql).await.expect("a place to migrate");
        }
        let oms = Self { admin, cluster, secrets: MockServer::start().await, name, role };
        let login = (oms.cluster.get_user().unwrap_or_default().to_owned(), oms.password());
        oms.know("oms/database/owner", &oms.login(&login.0, &login.1)).await;
        oms
    }

    fn password(&self) -> String {
        let password = self.cluster.get_password().unwrap_or_default();
        String::from_utf8(password.to_vec()).expect("a readable password")
    }

    fn login(&self, username: &str, password: &str) -> Value {
        let host = match self.cluster.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            _ => "127.0.0.1".to_owned(),
        };
        json!({ "host": host, "port": self.cluster.get_ports()[0], "dbname": self.name,
            "username": username, "password": password, "sslmode": "disable" })
    }

    async fn know(&self, id: &str, secret: &Value) {
        let answer = json!({ "SecretString": secret.to_string() });
        Mock::given(path("/secretsmanager/get"))
            .and(query_param("secretId", id))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .mount(&self.secrets)
            .await;
    }

    async fn migrate(&self) -> Result<SchemaMigrateSummary, Error> {
        self.invoke(Value::Null).await
    }

    pub(super) async fn invoke(&self, event: Value) -> Result<SchemaMigrateSummary, Error> {
        let settings = Settings::from_pairs([
            ("OMS_SECRETS_ENDPOINT", self.secrets.uri()),
            ("OMS_DATABASE_SECRET_ID", "oms/database/owner".to_owned()),
            ("OMS_ROLE_SECRETS_ID", "oms/role-passwords".to_owned()),
        ]);
        let config = Config::from_settings(&settings).expect("complete settings");
        handle(&config, LambdaEvent::new(event, Context::default())).await
    }

    /// One text of the migrated database, read as its administrator.
    pub(super) async fn text(&self, sql: &str) -> Option<String> {
        let mut config = self.cluster.clone();
        let (client, connection) =
            config.dbname(&self.name).connect(NoTls).await.expect("the database answers");
        tokio::spawn(connection);
        let rows = client.query_typed(sql, &[]).await.expect("a readable statement");
        rows.first().and_then(|row| row.try_get(0).expect("a text"))
    }

    async fn finish(self) {
        for sql in [
            format!("drop database {} with (force)", self.name),
            format!("drop role {}", self.role),
        ] {
            self.admin.batch_execute(&sql).await.expect("nothing is left");
        }
    }
}

#[tokio::test]
async fn an_empty_database_is_migrated_once_and_roles_can_log_in() {
    let oms = Fixture::new().await;
    oms.know("oms/role-passwords", &json!({ &oms.role: "it's secret" })).await;

    let first = oms.migrate().await.expect("the first run migrates");
    let again = oms.migrate().await.expect("the second run finds nothing to do");

    assert_eq!(first.applied, (1..=first.current).collect::<Vec<_>>());
    assert_eq!(first.roles.join(" "), oms.role);
    assert_eq!((again.applied, again.current), (Vec::new(), first.current));
    let login = SecretString::from(oms.login(&oms.role, "it's secret").to_string());
    let settings = DatabaseSettings::parse(&login).expect("complete settings");
    Store::connect(&settings, None, 1).await.expect("the role can log in");
    oms.finish().await;
}

#[tokio::test]
async fn two_deployments_at_once_end_with_one_schema() {
    let oms = Fixture::new().await;
    oms.know("oms/role-passwords", &json!({})).await;

    let (one, other) = tokio::join!(oms.migrate(), oms.migrate());

    let (one, other) = (one.expect("one migrates"), other.expect("the other waits"));
    assert_eq!(one.current, other.current);
    let applied = one.applied.len() + other.applied.len();
    assert_eq!(applied, usize::try_from(one.current).expect("a small number"));
    oms.finish().await;
}

#[tokio::test]
async fn a_password_for_a_foreign_role_stops_the_run_before_anything_is_changed() {
    let oms = Fixture::new().await;
    for role in ["postgres", "oms_owner"] {
        oms.secrets.reset().await;
        let password = oms.password();
        let user = oms.cluster.get_user().unwrap_or_default().to_owned();
        oms.know("oms/database/owner", &oms.login(&user, &password)).await;
        oms.know("oms/role-passwords", &json!({ role: "x" })).await;

        let error = oms.migrate().await.expect_err("the role is not a function's");

        assert_eq!(error.to_string(), format!("{role} is not the role of a function"));
    }
    oms.finish().await;
}
