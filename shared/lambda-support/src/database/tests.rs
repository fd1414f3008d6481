use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::secrets::SecretsEndpoint;

const MISSING_BUNDLE: &str = "/does/not/exist.pem";

fn login(sslmode: &str) -> Value {
    json!({ "host": "127.0.0.1", "port": 1, "dbname": "oms", "username": "oms_order_intake",
        "password": "p4ss", "sslmode": sslmode })
}

/// Reads the login from an endpoint that answers every question with `secret`.
async fn read(secret: &Value, ca_path: Option<&str>) -> Result<DatabaseLogin, DatabaseError> {
    read_with(secret, ca_path.map(|path| ("OMS_DATABASE_CA_PATH", path.to_owned()))).await
}

/// The same with one more setting.
async fn read_with(
    secret: &Value,
    setting: Option<(&'static str, String)>,
) -> Result<DatabaseLogin, DatabaseError> {
    let server = MockServer::start().await;
    let answer = json!({ "SecretString": secret.to_string() });
    Mock::given(path("/secretsmanager/get"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let mut pairs = vec![
        ("OMS_SECRETS_ENDPOINT", server.uri()),
        ("OMS_DATABASE_SECRET_ID", "oms/database/order-intake".to_owned()),
    ];
    pairs.extend(setting);
    let settings = Settings::from_pairs(pairs);
    let config = DatabaseConfig::from_settings(&settings).expect("complete settings");
    let endpoint = SecretsEndpoint::from_settings(&settings).expect("complete settings");
    let secrets = SecretsClient::new(endpoint).expect("a client");
    config.dialed_login(&secrets).await
}

#[test]
fn a_missing_secret_id_is_noted_and_the_bundle_is_optional() {
    let settings = Settings::default();
    let config = DatabaseConfig::from_settings(&settings);

    let error = settings.finish(|| config).expect_err("the id is missing");

    assert_eq!(error.problems(), ["OMS_DATABASE_SECRET_ID is missing"]);
}

#[test]
fn an_address_that_is_no_host_and_port_is_noted() {
    let settings = Settings::from_pairs([
        ("OMS_DATABASE_SECRET_ID", "oms/database/order-intake"),
        ("OMS_DATABASE_ADDRESS", "db.example.com"),
    ]);
    let config = DatabaseConfig::from_settings(&settings);

    let error = settings.finish(|| config).expect_err("there is no port");

    assert_eq!(error.problems(), ["OMS_DATABASE_ADDRESS must be host:port"]);
}

#[tokio::test]
async fn where_the_address_is_known_it_is_dialed_while_the_secret_is_read() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address").to_string();
    let dialing = Some(("OMS_DATABASE_ADDRESS", address));

    let dialed = read_with(&login("disable"), dialing.clone()).await.expect("a login");
    drop(listener);
    let nobody = read_with(&login("disable"), dialing).await.expect("a login all the same");

    assert!(dialed.dialed.is_some());
    assert!(nobody.dialed.is_none());
}

#[tokio::test]
async fn the_bundle_is_read_only_where_the_secret_wants_tls() {
    let plain = read(&login("disable"), Some(MISSING_BUNDLE)).await.expect("no bundle is needed");
    let checked = read(&login("verify-full"), Some(MISSING_BUNDLE)).await;

    assert!(plain.tls.is_none());
    assert!(matches!(checked, Err(DatabaseError::Bundle(_))), "{checked:?}");
}

#[tokio::test]
async fn without_a_bundle_the_public_authorities_are_trusted() {
    let login = read(&login("verify-full"), None).await.expect("the built-in authorities");

    assert!(login.tls.is_some());
}

#[tokio::test]
async fn a_secret_that_is_no_login_is_not_quoted() {
    let error = read(&json!({ "password": "p4ss" }), None).await.expect_err("no login");

    let said = format!("{} {error:?}", crate::error_chain(&error));
    assert!(matches!(error, DatabaseError::Store(_)), "{said}");
    assert!(!said.contains("p4ss"), "{said}");
}
