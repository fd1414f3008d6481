//! Files that are made from code and checked in, so that a review sees what callers will see.

use std::path::Path;

/// Set it to anything to write the files anew.
pub const UPDATE: &str = "OMS_UPDATE_OPENAPI";

/// The file holds exactly this text; with [`UPDATE`] set it is written first.
///
/// # Panics
/// The file is missing or another; the message says how to make it anew.
pub fn assert_checked_in(path: &Path, text: &str) {
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, text).expect("the checkout can be written");
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    let line = found.lines().zip(text.lines()).take_while(|(a, b)| a == b).count() + 1;
    let name = path.file_name().unwrap_or_default().display();
    assert!(
        found == text,
        "{name} is not what the code says, from line {line} on. If that is meant:\n  \
         {UPDATE}=1 cargo local test --no-fsync -p operator-api -p order-intake description"
    );
}
