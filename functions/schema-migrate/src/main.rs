//! Starts the function: settings, then one migration per invocation.

use lambda_runtime::{Error, service_fn};
use schema_migrate::{Config, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("schema-migrate")?;
    let config = &Config::from_env()?;
    lambda_runtime::run(service_fn(|event| handler::handle(config, event))).await
}
