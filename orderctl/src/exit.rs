//! How a command ends, so that a script can decide what to do next.

use std::process::ExitCode;

macro_rules! exits {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $meaning:literal;)+) => {
        /// The end of a command; the number is a promise to scripts.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit { $($(#[doc = $doc])+ $name = $code,)+ }

        impl Exit {
            /// Every end, by number.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// What it means, in one line of the help.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }
        }
    };
}

exits! {
    /// What was asked for happened.
    Done = 0, "done";
    /// Nobody knows, or something is broken: no answer, an unreadable one, 5xx.
    Technical = 1, "technical: no usable answer; repeat it, an action with the same --idempotency-key";
    /// The command line, or the request that it made, was not understood.
    Usage = 2, "usage: the command line or the request was not understood";
    /// The product says no, with a code.
    Refused = 3, "refused by a business rule; the message has the code";
    /// There is no such order, case, bulk action or code.
    NotFound = 4, "not found, for this tenant";
    /// Somebody changed it since it was read.
    Stale = 5, "stale: somebody changed it; read it again and decide again";
    /// The token is missing, invalid, or does not allow this.
    NotAllowed = 6, "not authenticated or not allowed";
    /// What was followed came to rest somewhere else.
    EndedOtherwise = 7, "watch, prepare: it ended otherwise than asked";
    /// What was followed is still on its way.
    TimedOut = 8, "watch, prepare: not there yet when the time was over";
    /// A bulk action does not go on by itself.
    WaitsForPerson = 9, "bulk watch: it waits for a person before it goes on";
}

impl Exit {
    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The section of the help that documents every end.
    #[must_use]
    pub fn help() -> String {
        let lines = Self::ALL.iter().map(|exit| format!("  {}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:\n{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_documents_every_exit_code_as_the_help_does() {
        let readme = include_str!("../README.md");

        for exit in Exit::ALL {
            let row = format!("| {} | {} |", exit.code(), exit.meaning());
            assert!(readme.contains(&row), "missing in the README: {row}");
        }
    }
}
