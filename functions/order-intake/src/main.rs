//! Starts the function: settings, connections, then one request at a time.

use std::sync::Arc;

use order_intake::{Config, Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_support::init("order-intake")?;
    let config = Config::from_env()?;
    let deps = Deps::connect(&config).await?;
    lambda_support::edge::serve(routes::router(Arc::new(deps))).await
}
