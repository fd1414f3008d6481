//! Adds up what the test binaries report.

use std::fmt;
use std::time::Duration;

/// The results of all test binaries of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Summary {
    passed: u32,
    failed: u32,
    ignored: u32,
    binaries: u32,
    pub(super) elapsed: Duration,
}

impl Summary {
    /// Takes `test result: ok. 12 passed; 0 failed; 1 ignored; …` and leaves other lines alone.
    pub(super) fn read(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        self.binaries += 1;
        for part in result.split([';', '.']) {
            let mut words = part.split_ascii_whitespace();
            let (Some(number), Some(kind)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u32>() else {
                continue;
            };
            match kind {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.failed == 0 { "✓" } else { "✗" };
        write!(
            f,
            "{mark} {} passed, {} failed, {} ignored in {} binaries, {:.1} s of tests",
            self.passed,
            self.failed,
            self.ignored,
            self.binaries,
            self.elapsed.as_secs_f32()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_are_added_up() {
        let mut summary = Summary::default();

        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s",
            "test result: \u{1b}[31mFAILED\u{1b}[0m. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s",
        ] {
            summary.read(line);
        }

        assert_eq!((summary.passed, summary.failed, summary.ignored), (14, 1, 1));
        assert_eq!(summary.binaries, 2);
    }
}
