//! Deploying models: once per release, all files that call each other in one deployment.
//!
//! Duplicate filtering is always on and judges the whole deployment; "changed only" is never
//! used, because it splits models that call each other.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use crate::calls::CallKind;
use crate::checks::check_name;
use crate::client::EngineClient;
use crate::date;
use crate::error::EngineError;

/// Files that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Compared with the last deployment of this name and source.
    pub name: String,
    /// Who deploys.
    pub source: String,
    /// The files.
    pub resources: Vec<Resource>,
}

/// One file of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// With its extension: the engine knows a model by it.
    pub file_name: String,
    /// The file's text.
    pub content: String,
}

/// What the engine made of a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentResult {
    /// Id of the new deployment, or of the existing one when nothing changed.
    pub id: String,
    /// When it was made.
    pub deployed_at: Timestamp,
    /// New definitions; empty when nothing changed.
    pub definitions: Vec<DeployedDefinition>,
}

/// A process in its new version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeployedDefinition {
    /// Id of the definition in this version.
    pub id: String,
    /// The process key.
    pub key: String,
    /// The version.
    pub version: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultBody {
    id: String,
    #[serde(with = "date::required")]
    deployment_time: Timestamp,
    deployed_process_definitions: Option<BTreeMap<String, DeployedDefinition>>,
}

impl EngineClient {
    /// Deploys models; the same files again change nothing.
    ///
    /// # Errors
    /// [`EngineError::ModelRefused`] with the parser's complaints; may be repeated.
    pub async fn deploy(&self, deployment: &Deployment) -> Result<DeploymentResult, EngineError> {
        let kind = CallKind::Deploy;
        kind.check(check_name("deployment name", &deployment.name))?;
        let mut form = Form::new()
            .text("deployment-name", deployment.name.clone())
            .text("deployment-source", deployment.source.clone())
            .text("enable-duplicate-filtering", "true");
        for Resource { file_name, content } in &deployment.resources {
            kind.check(check_name("file name", file_name))?;
            // The engine recognises a file by the part's file name.
            let part = Part::text(content.clone()).file_name(file_name.clone());
            form = form.part(file_name.clone(), part);
        }
        let call = self.post(kind, &["deployment", "create"])?.multipart(form);
        let body: ResultBody = self.ask(call).await?;
        let definitions = body.deployed_process_definitions.unwrap_or_default();
        Ok(DeploymentResult {
            id: body.id,
            deployed_at: body.deployment_time,
            definitions: definitions.into_values().collect(),
        })
    }
}
