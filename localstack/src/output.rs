//! Answers on stdout; whatever is progress goes to stderr.

use std::io::Write;

/// Prints a line; a reader who has seen enough (`| head`) is no failure.
pub fn line(text: &str) {
    let _closed = writeln!(std::io::stdout(), "{text}");
}
