//! Starts the function: settings, connections, then one loop after the other.

use fulfillment_review_overdue_plan::{Config, Deps, handler};
use lambda_runtime::{Error, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_support::init("fulfillment-review-overdue-plan")?;
    let config = Config::from_env()?;
    let deps = &Deps::connect(&config).await?.asking_every(handler::ASKED_EVERY);
    lambda_runtime::run(service_fn(|event| handler::handle(deps, event))).await
}
