//! What ships has no crash point and no seeded bug.

use std::path::{Path, PathBuf};
use std::process::Command;

use fault_points::CrashPoint;

/// Function crates that pass crash points.
const FUNCTIONS: [&str; 8] = [
    "bulk-recovery",
    "callback-intake",
    "callback-processor",
    "fulfillment-step-executor",
    "order-decompose",
    "order-intake",
    "outbox-relay",
    "reconciliation",
];
const SWITCHES: [&str; 2] = ["OMS_CRASH_POINT", "OMS_SEEDED_BUG"];

fn names() -> impl Iterator<Item = &'static str> {
    CrashPoint::ALL.into_iter().map(CrashPoint::name).chain(SWITCHES)
}

/// The binary as text, because the search for text is the quick one.
fn read(binary: &Path) -> String {
    let bytes = std::fs::read(binary);
    let bytes = bytes.unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Built as `cargo local up` and a release build select them: functions, and nothing that tests.
fn built() -> PathBuf {
    let worker = PathBuf::from(env!("CARGO_BIN_EXE_crash-matrix"));
    let target = worker.parent().and_then(Path::parent).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--locked", "--bins"]);
    for function in FUNCTIONS {
        cargo.args(["--package", function]);
    }
    let built = cargo.env("CARGO_TARGET_DIR", &target).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("debug")
}

#[test]
fn a_binary_built_as_it_ships_holds_no_crash_point() {
    let folder = built();

    for function in FUNCTIONS {
        let binary = read(&folder.join(function));
        let found: Vec<&str> = names().filter(|name| binary.contains(name)).collect();
        assert!(found.is_empty(), "{function} holds {found:?}");
    }
    let armed = read(Path::new(env!("CARGO_BIN_EXE_crash-matrix")));
    assert!(names().all(|name| armed.contains(name)), "a binary with them is told apart");
}
