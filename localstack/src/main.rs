//! `cargo local <command>`.

use std::process::ExitCode;

use clap::Parser;
use local::cli::Cli;
use local::session::Interrupted;

#[tokio::main]
async fn main() -> ExitCode {
    match local::commands::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) if error.is::<Interrupted>() => {
            eprintln!("{error}");
            ExitCode::from(130)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
