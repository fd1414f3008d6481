//! Whether what is deployed is what would be deployed: a second `up` or `demo` then skips it.
//!
//! The mark names the emulator's process, because a new process is an empty account.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::{COMPONENT, Function, Template};
use crate::stack::{StackLayout, StackState};

/// The state of everything that a deployment depends on.
pub(super) struct DeploymentMark {
    file: PathBuf,
    digest: String,
}

impl DeploymentMark {
    /// The mark of what is built now, for this emulator and these parameters.
    pub(super) fn of(
        layout: &StackLayout,
        template: &Template,
        functions: &[Function],
        parameters: &[String],
    ) -> Result<Self> {
        let state = StackState::load(layout)?;
        let mut text = template.text().to_owned();
        writeln!(text, "{parameters:?} {:?}", state.components.get(COMPONENT).map(|x| x.process))?;
        for function in functions {
            let binary = layout.build_dir().join("debug").join(&function.name).metadata()?;
            writeln!(text, "{} {} {:?}", function.name, binary.len(), binary.modified()?)?;
        }
        let digest = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { file: layout.component_dir(COMPONENT).join("deployed"), digest })
    }

    /// Whether exactly this is deployed.
    pub(super) fn is_deployed(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|deployed| deployed == self.digest)
    }

    /// Remembers that this is deployed.
    pub(super) fn keep(&self) -> Result<()> {
        Ok(std::fs::write(&self.file, &self.digest)?)
    }
}
