//! The databases `oms` and `camunda` with their owners.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::{ENGINE_DATABASE, OWNER_ROLE};
use crate::stack::{StackLayout, StackState};

/// Whether a client that knows the password gets an answer.
pub(super) async fn answers(url: &str) -> bool {
    let Ok(client) = connect(url).await else {
        return false;
    };
    client.simple_query("select 1").await.is_ok()
}

/// Creates what is missing; may run on every start.
pub(super) async fn create(layout: &StackLayout, url: &str) -> Result<()> {
    let client = connect(url).await?;
    for (database, owner) in [("oms", OWNER_ROLE), (ENGINE_DATABASE, ENGINE_DATABASE)] {
        let password = StackState::password(layout, owner)?;
        if !exists(&client, &format!("pg_roles where rolname = '{owner}'")).await? {
            client.batch_execute(&format!("create role {owner} login")).await?;
        }
        // Passwords are generated without characters that a literal would need escaped.
        client.batch_execute(&format!("alter role {owner} password '{password}'")).await?;
        if !exists(&client, &format!("pg_database where datname = '{database}'")).await? {
            let sql = format!("create database {database} owner {owner}");
            client.batch_execute(&sql).await.with_context(|| format!("cannot {sql}"))?;
        }
    }
    // The owner makes the role of every function when it migrates, and hands out its privileges.
    client.batch_execute(&format!("alter role {OWNER_ROLE} createrole")).await?;
    Ok(())
}

async fn exists(client: &Client, from_where: &str) -> Result<bool> {
    let rows = client.simple_query(&format!("select 1 from {from_where}")).await?;
    Ok(rows.iter().any(|row| matches!(row, SimpleQueryMessage::Row(_))))
}

/// A connection that ends when the client is dropped.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(Duration::from_secs(2));
    let (client, connection) = config.connect(NoTls).await?;
    // Ends by itself when the client is dropped; a broken connection shows in the query.
    tokio::spawn(connection);
    Ok(client)
}
