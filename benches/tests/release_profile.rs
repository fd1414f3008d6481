//! The profile that ships; `src/lib.rs` refuses to compile in a release build that aborts.

use std::path::Path;

fn workspace_file(path: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(file).expect("a file of this workspace")
}

/// The lines of a table of a TOML file, without its sub-tables.
fn table<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let header = format!("[{name}]");
    text.lines()
        .map(str::trim)
        .skip_while(|line| *line != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .collect()
}

#[test]
fn the_shipped_profile_unwinds() {
    for path in ["Cargo.toml", ".cargo/config.toml"] {
        let text = workspace_file(path);
        let keys = text.lines().map(|line| line.split(['#', '=']).next().unwrap_or_default());
        let panics: Vec<&str> = keys.map(str::trim).filter(|key| *key == "panic").collect();

        // Unwinding is the default; the SQS batch lift catches panics per record.
        assert_eq!(panics, [""; 0], "{path} sets what a panic does");
    }
}

#[test]
fn the_shipped_profile_is_small_and_stripped() {
    let manifest = workspace_file("Cargo.toml");
    let release = table(&manifest, "profile.release");

    for setting in ["codegen-units = 1", "lto = \"fat\"", "strip = true"] {
        assert!(release.contains(&setting), "{setting} is missing in {release:?}");
    }
}
