//! `template.yaml` as this crate sees it: which functions there are and what starts them.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::yaml;

const FILE: &str = "template.yaml";
/// Where the crate of a function lies, followed by the function's name.
const CODE_FOLDER: &str = "functions/";

/// A parsed template.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
    root: Value,
}

/// One function of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Name of its folder, crate and binary, for example `order-intake`.
    pub name: String,
    /// The name it is deployed and invoked under, for example `oms-order-intake`.
    pub deployed_name: String,
    pub is_scheduled: bool,
    pub reserved_concurrency: Option<u64>,
}

impl Template {
    /// Reads `template.yaml` of the workspace.
    ///
    /// # Errors
    /// The file cannot be read or is no YAML.
    pub fn read(workspace: &Path) -> Result<Self> {
        let path = workspace.join(FILE);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is damaged", path.display()))
    }

    /// # Errors
    /// It is no YAML.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: text.to_owned(), root: yaml::parse(text)? })
    }

    /// The text as it was read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The functions, in the order of their logical ids.
    ///
    /// # Errors
    /// A function without a name, or whose code lies elsewhere than in `functions/<name>/`.
    pub fn functions(&self) -> Result<Vec<Function>> {
        self.resources("AWS::Serverless::Function")
            .map(|(id, properties)| function(properties).with_context(|| format!("function {id}")))
            .collect()
    }

    /// The text with binaries in place of crates, as `sam build` leaves it.
    ///
    /// A textual change, so that everything else is deployed exactly as it stands in the file.
    ///
    /// # Errors
    /// As for [`Template::functions`].
    pub fn with_binaries(&self, folder: &Path) -> Result<String> {
        Ok(self.functions()?.iter().fold(self.text.clone(), |text, function| {
            let crate_folder = format!("CodeUri: {CODE_FOLDER}{}/\n", function.name);
            let binary_folder = format!("CodeUri: {}/{}/\n", folder.display(), function.name);
            text.replace(&crate_folder, &binary_folder)
        }))
    }

    /// Logical id and properties of every resource of a type.
    pub fn resources<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.root["Resources"].as_object().into_iter().flatten();
        resources
            .filter(move |(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
    }
}

fn function(properties: &Value) -> Result<Function> {
    let name = properties["CodeUri"]
        .as_str()
        .and_then(|uri| uri.strip_prefix(CODE_FOLDER)?.strip_suffix('/'))
        .with_context(|| format!("CodeUri must be {CODE_FOLDER}<function>/"))?;
    let deployed_name = properties["FunctionName"].as_str().context("has no FunctionName")?;
    let mut events = properties["Events"].as_object().into_iter().flatten();
    Ok(Function {
        name: name.to_owned(),
        deployed_name: deployed_name.to_owned(),
        is_scheduled: events.any(|(_, event)| event["Type"] == "Schedule"),
        reserved_concurrency: properties["ReservedConcurrentExecutions"].as_u64(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_described_by_its_entry() {
        let template = Template::parse(
            "Resources:\n  X:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
             FunctionName: oms-x\n      CodeUri: functions/x/\n      \
             ReservedConcurrentExecutions: 1\n      Events: { Tick: { Type: Schedule } }",
        );

        let expected = Function {
            name: "x".to_owned(),
            deployed_name: "oms-x".to_owned(),
            is_scheduled: true,
            reserved_concurrency: Some(1),
        };
        assert_eq!(template.unwrap().functions().unwrap(), [expected]);
    }

    #[test]
    fn every_crate_of_the_template_is_replaced_by_its_binary() {
        let template = Template::parse(include_str!("../../../template.yaml")).unwrap();

        let text = template.with_binaries(Path::new("/bin")).unwrap();

        assert!(text.contains("CodeUri: /bin/order-intake/\n"));
        assert!(!text.contains("CodeUri: functions/"));
        assert_eq!(text.lines().count(), template.text.lines().count());
    }
}
