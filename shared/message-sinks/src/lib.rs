#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod aws_client;
mod callback_queue;
mod connection;
mod dead_letters;
mod environment;
mod event_bus;
mod in_memory;
mod refusal;
mod send_message;
mod step_queue;

pub use callback_queue::{CallbackQueue, SendError};
pub use connection::{AwsConnection, ConnectionError};
pub use dead_letters::{DeadLetter, DeadLetterError, DeadLetterQueue, DeadLetters};
pub use event_bus::{BusEvent, EventBus};
pub use refusal::{SinkRefusal, Taken};
pub use step_queue::{StepMessage, StepQueue};

/// Most entries of one call, to the step queue and to the bus: the limit of SQS and EventBridge.
pub const BATCH: usize = 10;

#[cfg(test)]
mod testing;
