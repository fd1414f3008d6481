//! Starts the function: settings, connections, then one loop after the other.

use lambda_runtime::{Error, service_fn};
use order_escalate_fallout::{Config, Deps, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("order-escalate-fallout")?;
    let config = Config::from_env()?;
    let deps = &Deps::connect(&config).await?.asking_every(handler::ASKED_EVERY);
    lambda_runtime::run(service_fn(|event| handler::handle(deps, event))).await
}
