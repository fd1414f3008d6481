//! From staged binaries to a deployed, migrated and working stack.
//!
//! Order matters: the schema is there before the first function that reads it is invoked, and
//! every scheduled function is invoked once, because the first tick comes a minute later.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::cli::AwsCli;
use super::unchanged::DeploymentMark;
use super::{AwsClient, Function, Template, install, repairs, staging};
use crate::progress::{Progress, Step};
use crate::stack::{StackLayout, StackState};
use crate::{engine, secrets, simulator, token};

const STACK: &str = "oms";
const BUCKET: &str = "deploy";
const MIGRATION: &str = "schema-migrate";

/// Where the deployed functions find their neighbours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub engine_url: String,
    /// `host:port`.
    pub database_address: String,
    pub simulator_url: String,
    /// Public keys of token issuers, as JSON.
    pub jwks: String,
    pub log_level: String,
}

impl Target {
    /// The neighbours of this stack.
    ///
    /// # Errors
    /// PostgreSQL, engine or simulator were never started.
    pub fn of(layout: &StackLayout) -> Result<Self> {
        let state = StackState::load(layout)?;
        Ok(Self {
            database_address: secrets::database_address(layout)?,
            engine_url: engine::url(state.way_to(engine::COMPONENT)?),
            simulator_url: state.endpoint(simulator::URL)?.to_owned(),
            jwks: token::jwks(layout)?.to_string(),
            log_level: "info".to_owned(),
        })
    }

    fn parameters(&self, endpoint: &str) -> Vec<String> {
        let base = &self.simulator_url;
        [
            ("LocalEndpoint", endpoint),
            ("SecretsEndpoint", base),
            ("DatabaseAddress", &self.database_address),
            ("EngineUrl", &self.engine_url),
            ("EngineSecretId", ""),
            ("JwtIssuer", token::ISSUER),
            ("JwtAudience", token::AUDIENCE),
            ("JwtJwks", &self.jwks),
            ("CpqUrl", &format!("{base}/CPQ")),
            ("CustomerUrl", &format!("{base}/CUSTOMER")),
            ("BillingAccountUrl", &format!("{base}/BILLING_ACCOUNT")),
            ("LogLevel", &self.log_level),
            // A load test on this machine measures the product, not a limit.
            ("ApiRequestsPerSecond", "10000"),
            ("ApiBurst", "5000"),
        ]
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
    }
}

/// Packages and deploys the built functions, migrates, and starts the loops; may be repeated.
///
/// Afterwards `stack.json` has every output whose name ends in `Url` as an endpoint.
///
/// # Errors
/// A function was not built, the template is refused, or the migration fails.
pub async fn deploy(layout: &StackLayout, progress: &Progress, target: &Target) -> Result<()> {
    let template = Template::read(layout.workspace())?;
    let functions = template.functions()?;
    let state = StackState::load(layout)?;
    let client = AwsClient::of(&state)?;
    let python = install(layout, progress).await?;
    let endpoint = state.endpoint(super::URL)?.to_owned();
    let cli = AwsCli { layout, python, endpoint };

    let step = progress.step("deploy template.yaml");
    let parameters = target.parameters(&cli.endpoint);
    let mark = DeploymentMark::of(layout, &template, &functions, &parameters)?;
    if mark.is_deployed() {
        step.done("unchanged");
        return start_loops(&client, &functions).await;
    }
    create_bucket(&client).await?;
    let packaged = package(&cli, &step, &template).await?;
    deploy_packaged(&cli, &step, &packaged, target).await?;
    record_outputs(layout, outputs(&cli).await?)?;
    repairs::reserve_concurrency(&client, &functions).await?;
    repairs::decode_binary_media_types(&client).await?;
    step.done(&format!("{} functions", functions.len()));

    migrate(&client, progress, &functions).await?;
    mark.keep()?;
    start_loops(&client, &functions).await
}

async fn create_bucket(client: &AwsClient) -> Result<()> {
    let answer = client.request(Method::PUT, "s3", &format!("/{BUCKET}")).send().await?;
    // 409: it is there already, and ours.
    if answer.status() != reqwest::StatusCode::CONFLICT {
        answer.error_for_status().context("cannot create the bucket for packages")?;
    }
    Ok(())
}

/// Uploads the binaries; answers the template that refers to the uploads.
async fn package(cli: &AwsCli<'_>, step: &Step, template: &Template) -> Result<PathBuf> {
    let binaries = cli.layout.component_dir("functions");
    staging::stage(&cli.layout.build_dir(), &binaries, &template.functions()?)?;
    let folder = cli.layout.component_dir(super::COMPONENT);
    let (built, packaged) = (folder.join("template.yaml"), folder.join("packaged.yaml"));
    std::fs::write(&built, template.with_binaries(&binaries)?)?;
    let arguments = [
        "cloudformation",
        "package",
        "--template-file",
        &built.to_string_lossy(),
        "--s3-bucket",
        BUCKET,
        "--output-template-file",
        &packaged.to_string_lossy(),
    ];
    cli.run(step, "aws-package", &arguments).await?;
    Ok(packaged)
}

async fn deploy_packaged(
    cli: &AwsCli<'_>,
    step: &Step,
    packaged: &Path,
    target: &Target,
) -> Result<()> {
    // A file, because values with commas and quotes are no arguments of this command line.
    let file = cli.layout.component_dir(super::COMPONENT).join("parameters.json");
    std::fs::write(&file, serde_json::to_vec(&target.parameters(&cli.endpoint))?)?;
    let arguments = [
        "cloudformation",
        "deploy",
        "--template-file",
        &packaged.to_string_lossy(),
        "--stack-name",
        STACK,
        // The template is larger than what a request may carry.
        "--s3-bucket",
        BUCKET,
        "--capabilities",
        "CAPABILITY_IAM",
        "CAPABILITY_AUTO_EXPAND",
        "--no-fail-on-empty-changeset",
        "--parameter-overrides",
        &format!("file://{}", file.display()),
    ];
    cli.run(step, "aws-deploy", &arguments).await
}

async fn outputs(cli: &AwsCli<'_>) -> Result<BTreeMap<String, String>> {
    let arguments = ["cloudformation", "describe-stacks", "--stack-name", STACK];
    let answer = cli.query(&arguments).await?;
    let list = answer["Stacks"][0]["Outputs"].as_array().context("the stack has no outputs")?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(list
        .iter()
        .filter_map(|output| Some((text(&output["OutputKey"])?, text(&output["OutputValue"])?)))
        .collect())
}

fn record_outputs(layout: &StackLayout, outputs: BTreeMap<String, String>) -> Result<()> {
    StackState::update(layout, |state| {
        let urls = outputs.into_iter().filter(|(name, _)| name.ends_with("Url"));
        state.endpoints.extend(urls.map(|(name, url)| (endpoint_name(&name), url)));
        Ok(())
    })
}

/// `OrdersApiUrl` of the template is `ordersApiUrl` in `stack.json`.
fn endpoint_name(output: &str) -> String {
    let mut letters = output.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}

async fn migrate(client: &AwsClient, progress: &Progress, functions: &[Function]) -> Result<()> {
    let migration = functions
        .iter()
        .find(|function| function.name == MIGRATION)
        .with_context(|| format!("template.yaml has no {MIGRATION}"))?;
    let step = progress.step("migrate database");
    let summary = client
        .invoke(&migration.deployed_name, &json!({}))
        .await
        .with_context(|| format!("see `cargo local logs {MIGRATION}`"))?;
    step.done(&summary.to_string());
    Ok(())
}

/// As a schedule does it; a loop that still runs refuses a second one.
async fn start_loops(client: &AwsClient, functions: &[Function]) -> Result<()> {
    for function in functions.iter().filter(|function| function.is_scheduled) {
        client.invoke_later(&function.deployed_name, &json!({})).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_recorded_under_a_name_that_starts_small() {
        assert_eq!(endpoint_name("OrdersApiUrl"), super::super::ORDERS_API_URL);
        assert_eq!(endpoint_name("DomainEventQueueUrl"), super::super::DOMAIN_EVENT_QUEUE_URL);
        assert_eq!(endpoint_name("CallbacksApiUrl"), super::super::CALLBACKS_API_URL);
    }

    #[test]
    fn every_parameter_without_a_default_is_given() {
        let text = include_str!("../../../template.yaml");
        let template = super::super::yaml::parse(text).unwrap();
        let target = Target {
            database_address: "d:1".to_owned(),
            engine_url: "e".to_owned(),
            simulator_url: "s".to_owned(),
            jwks: "{}".to_owned(),
            log_level: "info".to_owned(),
        };
        let given = target.parameters("http://127.0.0.1:1");

        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            let is_given = given.iter().any(|pair| pair.starts_with(&format!("{name}=")));
            assert!(is_given || parameter.get("Default").is_some(), "{name}");
        }
    }
}
