//! `orderctl <command>`.

use std::process::ExitCode;

use orderctl::world::World;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    orderctl::run(std::env::args_os(), &World::of_process()).await.into()
}
