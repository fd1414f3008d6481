//! Starts the function: settings, connections, then one event at a time.

use std::sync::Arc;

use callback_intake::{Config, Deps, routes};
use message_sinks::CallbackQueue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_support::init("callback-intake")?;
    let config = Config::from_env()?;
    let queue = CallbackQueue::connect(config.queue_url.as_str())?;
    let deps = Deps::new(&config, queue)?;
    lambda_support::edge::serve(routes::router(Arc::new(deps))).await
}
