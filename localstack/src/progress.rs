//! Progress on stderr: one line per step that is rewritten while it works.
//!
//! stdout stays free for what a command answers (`--json`, `token`).
//! Without a terminal every step is one line when it starts and one when it ends.

use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Where the steps of one command are shown.
#[derive(Debug, Clone)]
pub struct Progress {
    bars: MultiProgress,
    is_terminal: bool,
    is_silent: bool,
}

/// One step: a spinner until `done`; dropped without `done` it is shown as failed.
#[derive(Debug)]
pub struct Step {
    bar: ProgressBar,
    is_terminal: bool,
    is_silent: bool,
    title: String,
    started: Instant,
    is_finished: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    #[must_use]
    pub fn new() -> Self {
        let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Self { bars: MultiProgress::new(), is_terminal, is_silent: false }
    }

    /// Shows nothing, for what happens within somebody else's step.
    #[must_use]
    pub fn silent() -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
        Self { bars, is_terminal: false, is_silent: true }
    }

    /// Starts a step; several may run at once.
    #[must_use]
    pub fn step(&self, title: &str) -> Step {
        let bar = self.bars.add(ProgressBar::new_spinner());
        if self.is_terminal {
            bar.set_style(spinner());
            bar.set_prefix(title.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
        } else if !self.is_silent {
            eprintln!("… {title}");
        }
        Step {
            bar,
            is_terminal: self.is_terminal,
            is_silent: self.is_silent,
            title: title.to_owned(),
            started: Instant::now(),
            is_finished: false,
        }
    }

    /// One line above the running steps.
    pub fn say(&self, line: &str) {
        if self.is_terminal {
            self.bars.suspend(|| eprintln!("{line}"));
        } else {
            eprintln!("{line}");
        }
    }
}

impl Step {
    /// What the step is doing now; shown on a terminal only, because it changes often.
    pub fn note(&self, text: &str) {
        self.bar.set_message(text.to_owned());
    }

    /// Ends the step well, with what a reader wants to know about the result.
    pub fn done(mut self, result: &str) {
        self.finish("✓", result);
    }

    fn finish(&mut self, mark: &str, result: &str) {
        self.is_finished = true;
        let seconds = self.started.elapsed().as_secs_f32();
        let line = format!("{mark} {:<22} {result} ({seconds:.1} s)", self.title);
        if self.is_terminal {
            self.bar.set_style(plain());
            self.bar.finish_with_message(line);
        } else if !self.is_silent {
            eprintln!("{line}");
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.is_finished {
            self.finish("✗", "not finished");
        }
    }
}

fn spinner() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {prefix:<22} {wide_msg} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn plain() -> ProgressStyle {
    ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
