//! Starts the function: settings, connections, then one loop after the other.

use lambda_runtime::{Error, service_fn};
use notification_send_order_update::{Config, Deps, handler};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("notification-send-order-update")?;
    let config = Config::from_env()?;
    let deps = &Deps::connect(&config).await?;
    lambda_runtime::run(service_fn(|event| handler::handle(deps, event))).await
}
