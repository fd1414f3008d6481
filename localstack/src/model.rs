//! Deploys the process models of `bpmn/` to the stack's engine.

use anyhow::{Context, Result, bail};
use camunda_client::{Deployment, EngineClient, EngineSettings, Resource};

use crate::progress::Progress;
use crate::stack::{StackLayout, StackState};
use crate::{engine, http};

/// Never changes: the engine looks for duplicates under this name and source.
const NAME: &str = "order-process";

/// Deploys all models together; unchanged ones make no new version.
///
/// # Errors
/// No models, or models the engine refuses.
pub async fn deploy(layout: &StackLayout, progress: &Progress) -> Result<()> {
    let step = progress.step("deploy models");
    let url = StackState::load(layout)?.endpoint(engine::URL)?.to_owned();
    let client = EngineClient::new(http::client()?, EngineSettings::parse(&url)?);
    let deployment =
        Deployment { name: NAME.to_owned(), source: NAME.to_owned(), resources: models(layout)? };
    let result = client.deploy(&deployment).await.context("the engine refuses the models")?;
    let count = result.definitions.len();
    step.done(&if count == 0 { "unchanged".to_owned() } else { format!("{count} new versions") });
    Ok(())
}

fn models(layout: &StackLayout) -> Result<Vec<Resource>> {
    let folder = layout.workspace().join("bpmn");
    let mut models = Vec::new();
    for file in std::fs::read_dir(&folder).context("cannot read bpmn/")?.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".bpmn") {
            let content = std::fs::read_to_string(file.path())?;
            models.push(Resource { file_name: name, content });
        }
    }
    if models.is_empty() {
        bail!("there is no model in bpmn/");
    }
    models.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    Ok(models)
}
