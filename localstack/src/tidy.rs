//! Rules of the repository that no compiler knows, checked as tests and by `cargo local tidy`.
//!
//! Every finding names file and line and says what to do about it.
//! A folder a rule is about and that does not exist is a finding, not a reason to be content.

mod budgets;
mod codes;
mod dependencies;
mod evidence;
mod functions;
mod migrations;
mod paths;
mod pointers;
mod readme;
mod source;
mod topics;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::TidyArguments;
use crate::output;
use crate::stack::StackLayout;

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Relative to the workspace.
    pub file: PathBuf,
    /// Counted from 1; 0 when the finding is about the file as a whole.
    pub line: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    fn new(file: impl Into<PathBuf>, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

type Check = fn(&Path) -> Result<Vec<Finding>>;

/// Every check with the rule it stands for.
const CHECKS: [(&str, Check); 10] = [
    ("files, functions and migrations stay within their budgets", budgets::check),
    ("every crate has a README of 10 to 25 lines", readme::check),
    ("every function crate has its entry and alarm in the template", functions::check),
    ("every topic has a crate, or an issue that brings it", topics::check),
    ("every code a caller can see is documented", codes::check),
    ("who speaks to the engine has tests of what it says", pointers::check),
    ("tests that documents name as evidence exist", evidence::check),
    ("migrations are unchanged since they landed", migrations::check),
    ("dependencies point in the direction of the architecture", dependencies::check),
    ("no file names a path of somebody's machine", paths::check),
];

/// Prints all findings; exit code 1 if there are any.
pub(crate) fn print(stack: &str, arguments: &TidyArguments) -> Result<ExitCode> {
    let layout = StackLayout::open(stack)?;
    let root = layout.workspace();
    if arguments.record_migrations {
        migrations::record(root)?;
    }
    let mut count = 0;
    for (rule, check) in CHECKS {
        let findings = check(root)?;
        count += findings.len();
        output::line(&format!("{} {rule}", if findings.is_empty() { "✓" } else { "✗" }));
        for finding in findings {
            output::line(&format!("    {finding}"));
        }
    }
    Ok(if count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests;
