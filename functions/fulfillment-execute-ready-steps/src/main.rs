//! Starts the function: settings, connections, then one loop after the other.

use fulfillment_execute_ready_steps::{Config, Deps, handler};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("fulfillment-execute-ready-steps")?;
    let config = Config::from_env()?;
    let deps = &Deps::connect(&config).await?;
    lambda_runtime::run(service_fn(|event| handler::handle(deps, event))).await
}
