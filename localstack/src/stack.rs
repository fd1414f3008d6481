//! A stack: one folder, one set of processes, one file that describes them.
//!
//! Everything of a stack lives in its folder below `target/local/`, so that two stacks run side by
//! side (tests and a demo) and forgetting one means removing its folder.
//! Who may change a stack is decided by a lock that the kernel releases when its holder dies, and
//! what a dead holder left behind is found again by process id and by a marker in the environment
//! of every process: nothing depends on a command having ended well.

mod layout;
mod lock;
pub(crate) mod memory;
mod state;
mod sweep;

pub use layout::StackLayout;
pub(crate) use layout::remove_folder;
pub use lock::StackLock;
pub(crate) use lock::exclusive;
pub use state::{Component, Phase, StackState};
pub use sweep::{stop_all, stop_component, sweep};
