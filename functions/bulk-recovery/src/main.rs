//! Starts the function: settings, connections, then one run at a time.

use bulk_recovery::{Config, Deps, handler};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("bulk-recovery")?;
    let config = Config::from_env()?;
    let deps = Deps::connect(&config).await?;
    let deps = &deps;
    lambda_runtime::run(service_fn(|event| async move {
        Ok::<_, Error>(handler::handle(deps, event).await?)
    }))
    .await
}
