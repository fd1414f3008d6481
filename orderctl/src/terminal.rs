//! Where a command prints: stdout is data, stderr is messages and progress.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The two streams of a command.
#[derive(Debug, Clone)]
pub struct Terminal {
    sink: Sink,
    person: Person,
    has_colours: bool,
    has_progress: bool,
}

#[derive(Debug, Clone)]
enum Sink {
    Process,
    Memory(Arc<Mutex<Written>>),
}

/// Who can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Person {
    /// Whoever sits at the terminal of the process, if it has one.
    OfProcess,
    /// Somebody who always answers so.
    Says(String),
    /// Nobody.
    Absent,
}

/// What a person answers to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Agrees.
    Yes,
    /// Anything else.
    No,
    /// There is no person.
    NobodyThere,
}

/// What a command printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// The data.
    pub stdout: String,
    /// The messages.
    pub stderr: String,
}

/// How urgent a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colour {
    Red,
    Yellow,
    Green,
}

impl Terminal {
    /// The streams of the process; colours and spinners on a terminal only.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            sink: Sink::Process,
            person: Person::OfProcess,
            has_colours: std::io::stdout().is_terminal(),
            has_progress: std::io::stderr().is_terminal(),
        }
    }

    /// Keeps what is printed, for [`Self::written`].
    #[must_use]
    pub fn in_memory() -> Self {
        Self {
            sink: Sink::Memory(Arc::default()),
            person: Person::Absent,
            has_colours: false,
            has_progress: false,
        }
    }

    /// The same with somebody who answers every question so.
    #[must_use]
    pub fn answered(self, reply: &str) -> Self {
        Self { person: Person::Says(reply.to_owned()), ..self }
    }

    /// What was printed so far, if it was kept.
    #[must_use]
    pub fn written(&self) -> Written {
        match &self.sink {
            Sink::Process => Written::default(),
            Sink::Memory(written) => written.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// The same streams without colours.
    #[must_use]
    pub fn without_colours(self) -> Self {
        Self { has_colours: false, ..self }
    }

    /// Data; a reader who has seen enough (`| head`) is no failure.
    pub(crate) fn answer(&self, text: &str) {
        match &self.sink {
            Sink::Process => {
                let _closed = writeln!(std::io::stdout(), "{text}");
            }
            Sink::Memory(written) => {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.stdout.push_str(text);
                written.stdout.push('\n');
            }
        }
    }

    /// A message to the person at the terminal.
    pub(crate) fn message(&self, text: &str) {
        match &self.sink {
            Sink::Process => {
                let _closed = writeln!(std::io::stderr(), "{text}");
            }
            Sink::Memory(written) => {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.stderr.push_str(text);
                written.stderr.push('\n');
            }
        }
    }

    /// Asks the person at the terminal; only a plain yes is one.
    pub(crate) fn ask(&self, question: &str) -> Reply {
        let reply = match &self.person {
            Person::Absent => return Reply::NobodyThere,
            Person::Says(reply) => {
                self.message(&format!("{question} [y/N]"));
                reply.clone()
            }
            Person::OfProcess => {
                if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
                    return Reply::NobodyThere;
                }
                self.message(&format!("{question} [y/N]"));
                let mut line = String::new();
                match std::io::stdin().read_line(&mut line) {
                    Ok(_) => line,
                    Err(_unreadable) => return Reply::NobodyThere,
                }
            }
        };
        let is_yes = ["y", "yes"].contains(&reply.trim().to_ascii_lowercase().as_str());
        if is_yes { Reply::Yes } else { Reply::No }
    }

    /// A spinner on stderr, invisible where nobody looks.
    pub(crate) fn spinner(&self) -> ProgressBar {
        if !self.has_progress {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}");
        let bar = ProgressBar::new_spinner()
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// A bar on stderr that fills, hidden where nobody looks.
    pub(crate) fn bar(&self) -> ProgressBar {
        if !self.has_progress {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template("{elapsed} [{bar:30}] {wide_msg}");
        let bar = ProgressBar::new(1).with_style(
            style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "),
        );
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// The text in a colour, where there are colours.
    pub(crate) fn paint(&self, colour: Colour, text: &str) -> String {
        if !self.has_colours {
            return text.to_owned();
        }
        let number = match colour {
            Colour::Red => 31,
            Colour::Yellow => 33,
            Colour::Green => 32,
        };
        format!("\u{1b}[{number}m{text}\u{1b}[0m")
    }

    /// Help, or what is wrong with a command line.
    pub(crate) fn render(&self, text: &clap::Error) -> String {
        let text = text.render();
        let text = if self.has_colours { text.ansi().to_string() } else { text.to_string() };
        text.trim_end().to_owned()
    }

    /// A status as people look for it: red needs somebody, green is done.
    pub(crate) fn paint_status(&self, text: &str) -> String {
        match text.trim_end() {
            "FALLOUT" | "FAILED" | "CRITICAL" | "LOST" | "FAILED_AGAIN" | "REFUSED" | "ABORTED" => {
                self.paint(Colour::Red, text)
            }
            "UNKNOWN"
            | "WAITING_FOR_INFORMATION"
            | "AWAITING_APPROVAL"
            | "MAJOR"
            | "PAUSED"
            | "STILL_RUNNING" => self.paint(Colour::Yellow, text),
            "COMPLETED" | "FULFILLED" | "RESOLVED" | "APPLIED" | "DONE" => {
                self.paint(Colour::Green, text)
            }
            _ => text.to_owned(),
        }
    }
}

/// Text of others without what could steer a terminal; lines stay lines.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\u{7}\nc"), "a [2Jb  \nc");
    }

    #[test]
    fn colours_are_for_terminals_only() {
        let colourful = Terminal { has_colours: true, ..Terminal::in_memory() };

        assert_eq!(colourful.paint_status("FALLOUT"), "\u{1b}[31mFALLOUT\u{1b}[0m");
        assert_eq!(colourful.paint_status("CREATED"), "CREATED");
        assert_eq!(colourful.without_colours().paint_status("FALLOUT"), "FALLOUT");
    }
}
