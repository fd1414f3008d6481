//! Why a command did not do what it was asked, and what to do next.

use crate::api::Problem;
use crate::codes;
use crate::exit::Exit;
use crate::terminal::{Colour, Terminal, printable};

/// A command's failure: what happened, and the next things to do.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Cause,
    next: Vec<String>,
}

/// What happened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// Something that the command needs was not said, or cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The API answered with a problem.
    #[error("the API refused: {}", .0.headline())]
    Problem(Box<Problem>),
    /// No answer came, after every repeat that is worth it.
    #[error("no answer from the API: {reason} (attempt {attempt})")]
    NoAnswer { attempt: u32, reason: String },
    /// An answer came, but not one of this API.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// The list has no order of that number.
    #[error("there is no order {0}")]
    UnknownOrder(String),
    /// `--explain` does not know it.
    #[error("there is no code {0}")]
    UnknownCode(String),
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self { cause, next: Vec::new() }
    }
}

impl Failure {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Cause::Usage(text.into()).into()
    }

    pub(crate) fn unreadable(text: impl Into<String>) -> Self {
        Cause::Unreadable(text.into()).into()
    }

    /// Adds a thing to do next, before what the code says.
    pub(crate) fn advise(mut self, next: String) -> Self {
        self.next.push(next);
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        match &self.cause {
            Cause::Usage(_) => Exit::Usage,
            Cause::Problem(problem) => problem.exit(),
            Cause::NoAnswer { .. } | Cause::Unreadable(_) => Exit::Technical,
            Cause::UnknownOrder(_) | Cause::UnknownCode(_) => Exit::NotFound,
        }
    }

    /// Prints what happened, the code, the sentence, and what to do next.
    pub(crate) fn report(&self, terminal: &Terminal) -> Exit {
        let error = terminal.paint(Colour::Red, "error:");
        terminal.message(&format!("{error} {}", printable(&self.cause.to_string())));
        if let Cause::Problem(problem) = &self.cause {
            for sentence in problem.sentences() {
                terminal.message(&format!("  {sentence}"));
            }
        }
        let mut advice: Vec<String> =
            self.next.iter().cloned().chain(self.advice_of_code()).collect();
        if advice.is_empty() {
            advice.push(self.general_advice().to_owned());
        }
        for next in advice {
            terminal.message(&format!("  next: {next}"));
        }
        self.exit()
    }

    /// What the document of codes says, and how to read all of it.
    fn advice_of_code(&self) -> Vec<String> {
        let Cause::Problem(problem) = &self.cause else { return Vec::new() };
        let Some(code) = problem.code() else { return Vec::new() };
        let roles = codes::find(code);
        let Some(first) = roles.first() else { return Vec::new() };
        let remedy = first.remedy().map(str::to_owned);
        remedy.into_iter().chain([format!("orderctl --explain {code}")]).collect()
    }

    /// What to do where neither the command nor a known code says so.
    fn general_advice(&self) -> &'static str {
        match self.exit() {
            Exit::Usage => "orderctl --help",
            Exit::NotAllowed => "check the token: ORDERCTL_TOKEN or --token-file",
            Exit::NotFound => "check the ids, and the address in ORDERCTL_API or --api",
            Exit::Technical => "check the address in ORDERCTL_API or --api, then repeat",
            Exit::Refused => "do as the sentence says; a newer orderctl may know the code",
            Exit::Stale => "read it again and decide again",
            Exit::Done | Exit::EndedOtherwise | Exit::TimedOut | Exit::WaitsForPerson => "nothing",
        }
    }
}
