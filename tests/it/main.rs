//! One binary; modules that need the real engine are prefixed `process_`, the deployed template `journey_`.

mod journey_demo;
mod process_paths;
mod process_reconciliation;
