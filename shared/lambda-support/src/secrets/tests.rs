use serde_json::json;
use wiremock::matchers::{header, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

const ID: &str = "oms/database/order-intake";
const LONG: Duration = Duration::from_secs(600);

fn secret(value: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({"SecretString": value, "Name": ID}))
}

async fn answer(server: &MockServer, response: ResponseTemplate) {
    server.reset().await;
    Mock::given(path("/secretsmanager/get")).respond_with(response).mount(server).await;
}

fn client_of(server: &MockServer, ttl: Duration, min_refetch_interval: Duration) -> SecretsClient {
    let settings = Settings::from_pairs([
        ("OMS_SECRETS_ENDPOINT", server.uri()),
        ("AWS_SESSION_TOKEN", "session".to_owned()),
    ]);
    let endpoint = SecretsEndpoint::from_settings(&settings).unwrap();
    SecretsClient::new(endpoint).unwrap().with_times(ttl, min_refetch_interval)
}

async fn text(client: &SecretsClient) -> String {
    client.text(ID).await.unwrap().expose_secret().to_owned()
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn the_request_follows_the_protocol_of_the_extension() {
    let server = MockServer::start().await;
    Mock::given(path("/secretsmanager/get"))
        .and(query_param("secretId", ID))
        .and(header("X-Aws-Parameters-Secrets-Token", "session"))
        .respond_with(secret("s3cret"))
        .expect(1)
        .mount(&server)
        .await;

    assert_eq!(text(&client_of(&server, LONG, LONG)).await, "s3cret");
}

#[tokio::test]
async fn a_secret_is_kept_until_its_time_is_over() {
    let server = MockServer::start().await;
    answer(&server, secret("one")).await;
    let client = client_of(&server, LONG, LONG);

    assert_eq!((text(&client).await, text(&client).await), ("one".into(), "one".into()));
    assert_eq!(asked(&server).await, 1);

    let forgetful = client_of(&server, Duration::ZERO, LONG);
    let _ = (text(&forgetful).await, text(&forgetful).await);
    assert_eq!(asked(&server).await, 3);
}

#[tokio::test]
async fn an_older_value_is_used_while_the_endpoint_fails() {
    let server = MockServer::start().await;
    answer(&server, secret("old")).await;
    let client = client_of(&server, Duration::ZERO, LONG);
    assert_eq!(text(&client).await, "old");

    answer(&server, ResponseTemplate::new(500)).await;
    assert_eq!(text(&client).await, "old");
}

#[tokio::test]
async fn without_an_older_value_a_failure_is_unavailable_and_names_the_id() {
    let server = MockServer::start().await;
    answer(&server, ResponseTemplate::new(500)).await;

    let error = client_of(&server, LONG, LONG).text(ID).await.expect_err("the endpoint fails");

    assert_eq!(error.to_string(), format!("the secret {ID} could not be fetched"));
    assert!(matches!(error, SecretsError::Unavailable { source: FetchError::Refused(500), .. }));
}

#[tokio::test]
async fn an_unknown_id_is_not_found_and_is_not_asked_for_again_at_once() {
    let server = MockServer::start().await;
    let refusals = [
        ResponseTemplate::new(404),
        ResponseTemplate::new(400).set_body_string("{\"__type\":\"ResourceNotFoundException\"}"),
    ];
    for refusal in refusals {
        answer(&server, refusal).await;
        let client = client_of(&server, LONG, LONG);
        for _ in 0..2 {
            assert!(matches!(client.text(ID).await, Err(SecretsError::NotFound { .. })));
        }
        assert_eq!(asked(&server).await, 1);
    }
}

#[tokio::test]
async fn a_refused_secret_is_fetched_once_more_and_told_apart_when_rotated() {
    let server = MockServer::start().await;
    answer(&server, secret("old")).await;
    let client = client_of(&server, LONG, Duration::ZERO);
    assert_eq!(text(&client).await, "old");
    assert!(matches!(client.refetch(ID).await, Ok(Refetched::Unchanged)));

    answer(&server, secret("new")).await;
    let Ok(Refetched::Changed(new)) = client.refetch(ID).await else { panic!("was rotated") };
    assert_eq!(new.expose_secret(), "new");
    assert_eq!(text(&client).await, "new");
}

#[tokio::test]
async fn refusals_in_a_row_do_not_ask_the_endpoint_each_time() {
    let server = MockServer::start().await;
    answer(&server, secret("old")).await;
    let client = client_of(&server, LONG, LONG);
    let _ = text(&client).await;

    for _ in 0..3 {
        assert!(matches!(client.refetch(ID).await, Ok(Refetched::Unchanged)));
    }
    assert_eq!(asked(&server).await, 1);
}

#[tokio::test]
async fn an_endpoint_that_starts_later_is_asked_again() {
    let server = MockServer::start().await;
    let starting = ResponseTemplate::new(400).set_body_string("not ready to serve traffic");
    Mock::given(path("/secretsmanager/get"))
        .respond_with(starting)
        .up_to_n_times(2)
        .mount(&server)
        .await;
    Mock::given(path("/secretsmanager/get")).respond_with(secret("late")).mount(&server).await;

    assert_eq!(text(&client_of(&server, LONG, LONG)).await, "late");
}

#[tokio::test]
async fn json_fields_are_read_and_a_malformed_secret_is_not_quoted() {
    #[derive(Debug, serde::Deserialize)]
    struct Login {
        username: String,
        password: SecretString,
    }
    let server = MockServer::start().await;
    answer(&server, secret(r#"{"username":"oms","password":"s3cret"}"#)).await;
    let login: Login = client_of(&server, LONG, LONG).json(ID).await.unwrap();
    assert_eq!((login.username.as_str(), login.password.expose_secret()), ("oms", "s3cret"));
    assert!(!format!("{login:?}").contains("s3cret"));

    answer(&server, secret(r#"{"username":"oms","password":17}"#)).await;
    let error = client_of(&server, LONG, LONG).json::<Login>(ID).await.expect_err("a number");
    assert!(matches!(error, SecretsError::Malformed { .. }));
    assert!(!error.to_string().contains("17"));
}

#[test]
fn the_cache_is_bounded_and_forgets_absent_ids_first() {
    let settings = Settings::from_pairs([("OMS_SECRETS_ENDPOINT", "http://localhost:1")]);
    let endpoint = SecretsEndpoint::from_settings(&settings).unwrap();
    let client = SecretsClient::new(endpoint).unwrap();
    let entry = |value: Option<&str>| Entry {
        value: value.map(SecretString::from),
        fetched_at: Instant::now(),
    };
    client.keep(ID, entry(Some("kept")));

    for number in 0..3 * MAX_ENTRIES {
        client.keep(&format!("oms/webhook/guess-{number}"), entry(None));
        assert!(client.locked().len() <= MAX_ENTRIES);
    }
    assert!(client.entry(ID).is_some());
}
