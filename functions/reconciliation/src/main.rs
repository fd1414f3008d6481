//! Starts the function: settings, connections, then one run at a time.

use lambda_runtime::{Error, service_fn};
use reconciliation::{Config, Deps, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("reconciliation")?;
    let config = Config::from_env()?;
    let deps = Deps::connect(&config).await?;
    let deps = &deps;
    lambda_runtime::run(service_fn(|event| async move {
        Ok::<_, Error>(handler::handle(deps, event).await?)
    }))
    .await
}
