//! What the template says and the emulator's CloudFormation does not do.
//!
//! Each of these is a plain call of the same API that AWS has, and changes nothing where the
//! emulator has learned it meanwhile.

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::{AwsClient, Function};

/// Reserved concurrency is dropped: without it a tick would start a second loop beside the first.
pub(super) async fn reserve_concurrency(client: &AwsClient, functions: &[Function]) -> Result<()> {
    for function in functions {
        if let Some(limit) = function.reserved_concurrency {
            client.put_concurrency(&function.deployed_name, limit).await?;
        }
    }
    Ok(())
}

/// `*~1*` is CloudFormation's spelling of `*/*` and stays undecoded: bodies would arrive as text,
/// and a signature over bytes that are no UTF-8 could not be verified.
pub(super) async fn decode_binary_media_types(client: &AwsClient) -> Result<()> {
    let answer = client
        .request(Method::GET, "apigateway", "/restapis")
        .send()
        .await?
        .error_for_status()
        .context("cannot list the APIs")?;
    let apis: Value = answer.json().await?;
    for api in apis["item"].as_array().or(apis["items"].as_array()).into_iter().flatten() {
        let types = api["binaryMediaTypes"].as_array().into_iter().flatten();
        let types: Vec<&str> = types.filter_map(Value::as_str).collect();
        if types.iter().any(|kind| kind.contains("~1")) {
            let decoded: Vec<String> = types.iter().map(|kind| kind.replace("~1", "/")).collect();
            let id = api["id"].as_str().context("an API without id")?;
            replace_binary_media_types(client, id, &decoded).await?;
        }
    }
    Ok(())
}

async fn replace_binary_media_types(client: &AwsClient, id: &str, types: &[String]) -> Result<()> {
    let operation = json!({"op": "replace", "path": "/binaryMediaTypes", "value": types});
    client
        .request(Method::PATCH, "apigateway", &format!("/restapis/{id}"))
        .json(&json!({ "patchOperations": [operation] }))
        .send()
        .await?
        .error_for_status()
        .with_context(|| format!("cannot set the media types of API {id}"))?;
    Ok(())
}
