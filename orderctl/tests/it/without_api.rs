//! What needs no API: help, codes, completions; and who is asked for what is missing.

use std::process::Command;

use orderctl::exit::Exit;
use orderctl::terminal::{Terminal, Written};
use orderctl::world::World;

async fn run(words: &[&str]) -> (Exit, Written) {
    let world = World { terminal: Terminal::in_memory(), ..World::of_process() };
    let exit = orderctl::run(["orderctl"].iter().chain(words), &world).await;
    (exit, world.terminal.written())
}

/// The program itself, in an environment without its variables.
fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orderctl"));
    command.args(words).env_remove("ORDERCTL_API").env_remove("ORDERCTL_TOKEN");
    command
}

#[tokio::test]
async fn a_code_is_explained_without_asking_anybody() {
    let (exit, written) = run(&["--explain", "UNKNOWN_OUTCOME"]).await;

    assert_eq!(exit, Exit::Done);
    insta::assert_snapshot!("code_explained", written.stdout);
}

#[tokio::test]
async fn an_unknown_code_gets_suggestions() {
    let (exit, written) = run(&["--explain", "VERSION_CONFLIT"]).await;

    assert_eq!(exit, Exit::NotFound);
    assert_eq!(written.stdout, "");
    assert!(written.stderr.starts_with("error: there is no code VERSION_CONFLIT\n"));
    assert!(written.stderr.contains("did you mean VERSION_CONFLICT"), "{}", written.stderr);
}

#[tokio::test]
async fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (exit, written) = run(&["completions", shell]).await;

        assert_eq!(exit, Exit::Done, "{shell}");
        // The generator for fish goes two words deep.
        let deepest = if shell == "fish" { "stuck-longer-than" } else { "idempotency-key" };
        for word in ["signatures", "settle-outcome", deepest] {
            assert!(written.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[tokio::test]
async fn help_is_data_and_a_mistake_is_a_message() {
    let (exit, help) = run(&["orders", "--help"]).await;
    assert_eq!((exit, help.stderr.as_str()), (Exit::Done, ""));
    assert!(help.stdout.contains("Usage: orderctl orders"));

    let (exit, mistake) = run(&["orders", "lst"]).await;
    assert_eq!((exit, mistake.stdout.as_str()), (Exit::Usage, ""));
    assert!(mistake.stderr.contains("a similar subcommand exists: 'list'"), "{}", mistake.stderr);
}

#[test]
fn the_program_ends_with_the_number_of_its_exit() {
    for (words, expected) in [
        (&["--explain", "NOT_FOUND"][..], Exit::Done),
        (&["--explain", "NO_SUCH_CODE"], Exit::NotFound),
        (&[], Exit::Usage),
        (&["orders", "show", "../orders"], Exit::Usage),
        (&["orders", "list"], Exit::Usage),
    ] {
        let output = program(words).output().unwrap();

        assert_eq!(output.status.code(), Some(expected.code().into()), "{words:?}");
    }
}

#[test]
fn who_says_neither_where_nor_who_is_told_how_to() {
    let nowhere = program(&["orders", "list"]).output().unwrap();
    let message = String::from_utf8(nowhere.stderr).unwrap();
    assert!(message.contains("next: --api URL, or set ORDERCTL_API"), "{message}");

    let nobody = program(&["orders", "list"]).env("ORDERCTL_API", "http://localhost:9").output();
    let message = String::from_utf8(nobody.unwrap().stderr).unwrap();
    assert!(message.contains("next: --token-file FILE, or set ORDERCTL_TOKEN"), "{message}");
}

#[test]
fn a_token_comes_from_a_file_before_it_comes_from_the_environment() {
    let file = std::env::temp_dir().join(format!("orderctl-token-{}", std::process::id()));
    std::fs::write(&file, "two words").unwrap();
    let path = file.to_string_lossy();

    let output = program(&["orders", "list", "--api", "http://localhost:9", "--token-file", &path])
        .env("ORDERCTL_TOKEN", "good")
        .output();
    let gone =
        program(&["orders", "list", "--api", "http://localhost:9", "--token-file", "no/file"])
            .output();
    std::fs::remove_file(&file).unwrap();

    let message = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(message.contains("the token is not one word of ASCII"), "{message}");
    let message = String::from_utf8(gone.unwrap().stderr).unwrap();
    assert!(message.contains("cannot read the token file no/file"), "{message}");
}
