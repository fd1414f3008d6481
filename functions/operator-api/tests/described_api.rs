//! Schemathesis against the served router: every role, a fixed seed, all phases.
//!
//! `.ci/run` installs it and says where it is (`OMS_SCHEMATHESIS`). Each caller meets a database of
//! its own, so that what one does is no other's answer.

#![expect(clippy::unwrap_used, reason = "what is not as expected fails the test")]
#![expect(clippy::print_stdout, reason = "Schemathesis reports there, caller by caller")]

use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use described_api::api::ServedApi;
use described_api::orders::{examples_of, orders_in_every_state};
use serde_json::{Value, json};
use tokio::process::Command;

mod described_api {
    pub(super) mod api;
    pub(super) mod orders;
}

/// Changes when the examples run dry: then new ones are tried.
const SEED: &str = "27";
/// Who calls: a name, the scopes of the token, its role; no role, no token.
const CALLERS: [(&str, &str, &str); 5] = [
    ("nobody", "", ""),
    ("viewer", "orders:read catalogues:read target-systems:read", "order-viewer"),
    ("operator", "orders:read orders:write catalogues:read target-systems:read", "order-operator"),
    (
        "supervisor",
        "orders:read orders:write catalogues:read target-systems:read target-systems:write",
        "order-supervisor",
    ),
    (
        "platform",
        "orders:read orders:write incidents:read incidents:write catalogues:read catalogues:write \
         target-systems:read target-systems:write",
        "platform-operator",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_anybody_sends_is_answered_as_described() {
    let mut failed = Vec::new();
    for (name, scopes, role) in CALLERS {
        let started = Instant::now();
        let stage = orders_in_every_state().await;
        let ids = examples_of(&stage).await;
        let api = ServedApi::start(&stage.db).await;
        let token = (!role.is_empty()).then(|| api.token(name, (scopes, role)));

        let status = schemathesis(&api.url(), token.as_deref(), &ids).await;

        println!("{name}: {status}, {:.0} s", started.elapsed().as_secs_f64());
        if !status.success() {
            failed.push(name);
        }
        api.stop().await;
        stage.db.finish().await;
    }
    assert!(failed.is_empty(), "not as described for {failed:?}");
}

/// Runs it on the document with ids that exist, in a folder of its own.
async fn schemathesis(url: &str, token: Option<&str>, ids: &[(&str, String)]) -> ExitStatus {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let document = std::fs::read_to_string(root.join("docs/openapi/operator-api.json")).unwrap();
    let config = std::fs::read_to_string(root.join(".ci/schemathesis/schemathesis.toml")).unwrap();
    let real = |text: String| ids.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let document = without_one_key_for_all(&real(document)).to_string();
    std::fs::write(folder.join("operator-api.json"), document).unwrap();
    std::fs::write(folder.join("schemathesis.toml"), real(config)).unwrap();

    let program = std::env::var_os("OMS_SCHEMATHESIS").unwrap_or_else(|| "schemathesis".into());
    let mut command = Command::new(program);
    command.current_dir(folder).args(["--config-file", "schemathesis.toml"]);
    command.args(["run", "operator-api.json", "--url", url, "--seed", SEED]);
    if let Some(token) = token {
        command.arg("--header").arg(format!("Authorization: Bearer {token}"));
    }
    command.status().await.expect("Schemathesis is installed")
}

/// The example of a key would be every request's key, and all but the first would be refused.
fn without_one_key_for_all(document: &str) -> Value {
    let mut document: Value = serde_json::from_str(document).unwrap();
    let paths = document["paths"].as_object_mut().unwrap().values_mut();
    for operation in paths.flat_map(|path| path.as_object_mut().unwrap().values_mut()) {
        for parameter in operation["parameters"].as_array_mut().unwrap() {
            match parameter["name"].as_str() {
                Some("Idempotency-Key") => {
                    drop(parameter.as_object_mut().unwrap().remove("example"))
                }
                Some("preview") => parameter["example"] = json!(true),
                _ => {}
            }
        }
    }
    document
}
