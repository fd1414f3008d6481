//! The secrets of a stack, as a file of the form the simulator serves them in.
//!
//! On AWS the same ids stand in Secrets Manager; here every value is generated once per stack.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::postgres::{self, OWNER_ROLE};
use crate::stack::{StackLayout, StackState};

/// The tenant of the demo.
pub const TENANT: &str = "acme";
pub const TARGET_SYSTEMS: [&str; 6] =
    ["INVENTORY", "PROVISIONING", "LOGISTICS", "WORKFORCE", "BILLING", "NOTIFICATION"];

const HOST: &str = "127.0.0.1";

/// Writes the secrets file and names it; may run on every start.
///
/// # Errors
/// No randomness, or files that cannot be read or written.
pub fn write(layout: &StackLayout) -> Result<PathBuf> {
    let functions = functions_with_a_role(layout)?;
    let state = StackState::load(layout)?;
    let port = state.way_to(postgres::COMPONENT)?;
    let mut secrets = Map::new();
    let mut role_passwords = Map::new();
    for function in &functions {
        let role = database_role(function);
        let password = StackState::password(layout, &role)?;
        secrets.insert(format!("oms/database/{function}"), database(port, &role, &password));
        role_passwords.insert(role, Value::String(password));
    }
    let owner = owner_database(layout)?;
    secrets.insert("oms/database/schema-migrate".to_owned(), owner.clone());
    secrets.insert("oms/database/owner".to_owned(), owner);
    secrets.insert("oms/role-passwords".to_owned(), Value::Object(role_passwords));
    secrets.insert("oms/cursor".to_owned(), json!({"current": key(layout, "cursor")?}));
    for system in TARGET_SYSTEMS {
        let key = key(layout, &format!("webhook-{TENANT}-{system}"))?;
        let webhook = json!({"current": format!("whsec_{key}"), "previous": null});
        secrets.insert(format!("oms/webhook/{TENANT}/{system}"), webhook);
        let token = StackState::password(layout, &format!("target-{TENANT}-{system}"))?;
        secrets.insert(format!("oms/target/{TENANT}/{system}"), json!({"token": token}));
    }
    store(layout, &Value::Object(secrets))
}

/// `host:port` of the database, as the secrets of functions have it.
///
/// # Errors
/// PostgreSQL was not started.
pub fn database_address(layout: &StackLayout) -> Result<String> {
    Ok(format!("{HOST}:{}", StackState::load(layout)?.way_to(postgres::COMPONENT)?))
}

/// What the owner of the schema logs in with, as its secret holds it.
///
/// # Errors
/// PostgreSQL was not started.
pub fn owner_database(layout: &StackLayout) -> Result<Value> {
    let state = StackState::load(layout)?;
    let port = *state.ports.get(postgres::COMPONENT).context("PostgreSQL has no port yet")?;
    Ok(database(port, OWNER_ROLE, &StackState::password(layout, OWNER_ROLE)?))
}

/// The database role of a function.
#[must_use]
pub fn database_role(function: &str) -> String {
    format!("oms_{}", function.replace('-', "_"))
}

/// The functions of this workspace: the folders of `functions/`.
///
/// # Errors
/// The folder cannot be read.
pub fn function_names(layout: &StackLayout) -> Result<Vec<String>> {
    let folder = layout.workspace().join("functions");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Some functions never touch the database (`callback-intake`), or do as its owner.
fn functions_with_a_role(layout: &StackLayout) -> Result<Vec<String>> {
    let folder = layout.workspace().join("migrations");
    let mut migrations = String::new();
    for file in std::fs::read_dir(&folder).context("cannot read migrations/")?.flatten() {
        if file.path().extension().is_some_and(|ending| ending == "sql") {
            migrations.push_str(&std::fs::read_to_string(file.path())?);
        }
    }
    let mut names = function_names(layout)?;
    names.retain(|name| migrations.contains(&format!("'{}'", database_role(name))));
    Ok(names)
}

fn database(port: u16, role: &str, password: &str) -> Value {
    json!({
        "host": HOST, "port": port, "dbname": "oms",
        "username": role, "password": password, "sslmode": "disable",
    })
}

/// A key of 256 bits that stays the same as long as the stack's passwords do.
fn key(layout: &StackLayout, name: &str) -> Result<String> {
    let material = StackState::password(layout, name)?;
    Ok(STANDARD.encode(Sha256::digest(material)))
}

fn store(layout: &StackLayout, secrets: &Value) -> Result<PathBuf> {
    let path = layout.dir().join("secrets.json");
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(&serde_json::to_vec_pretty(secrets)?)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_role_is_named_after_its_function() {
        assert_eq!(database_role("order-intake"), "oms_order_intake");
    }
}
