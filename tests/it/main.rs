//! One binary; modules that need the real engine are prefixed `process_`, the deployed template `journey_`.

mod process_paths;
