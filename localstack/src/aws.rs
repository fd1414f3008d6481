//! The emulator of AWS and what is deployed to it: the same `template.yaml` as on AWS.
//!
//! MiniStack speaks the API of LocalStack on one port; nothing here relies on more than that, so
//! another emulator can take its place by changing `emulator` alone.
//! The emulator keeps its state in memory, so a new process is an empty account: [`deploy`] follows
//! every [`start`] and may be repeated at any time.
//! Which functions exist is read from the template; it is written down nowhere else.

mod cli;
mod client;
mod deployment;
mod emulator;
mod install;
mod queue;
mod repairs;
mod staging;
mod template;
#[cfg(test)]
mod template_check;
mod unchanged;
mod yaml;

pub use client::AwsClient;
pub use deployment::{Target, deploy};
pub use emulator::{REGION, kill, start};
pub use install::install;
pub use queue::{Message, Queue};
pub use staging::build;
pub use template::{Function, Template};

pub const COMPONENT: &str = "aws";
/// Endpoint name in `stack.json`: the emulator's one address.
pub const URL: &str = "awsUrl";
/// Endpoint name in `stack.json`: base of `POST /orders/from-quote` and `GET /orders`.
pub const ORDERS_API_URL: &str = "ordersApiUrl";
/// Endpoint name in `stack.json`: base of `POST /callbacks/{tenantId}/{system}`.
pub const CALLBACKS_API_URL: &str = "callbacksApiUrl";
/// Endpoint name in `stack.json`: the queue behind the event bus.
pub const DOMAIN_EVENT_QUEUE_URL: &str = "domainEventQueueUrl";
