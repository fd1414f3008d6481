//! What is to be measured; written by `cargo local bench cold-start`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// One run.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// Rounds times starts are the turns; in each turn everything is started once.
    pub rounds: usize,
    pub starts_per_round: usize,
    /// The limit: a runtime that does nothing else.
    pub probe: Subject,
    pub subjects: Vec<Subject>,
    /// Secret id → value, as the simulator reads it.
    pub secrets_file: PathBuf,
    /// Takes what the started programs print.
    pub logs: PathBuf,
}

/// A binary with its settings; the variables that Lambda itself sets are added by the bench.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Subject {
    pub name: String,
    pub binary: PathBuf,
    pub environment: BTreeMap<String, String>,
}

impl Plan {
    /// # Errors
    /// The file cannot be read or is no plan.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no plan", path.display()))
    }
}
