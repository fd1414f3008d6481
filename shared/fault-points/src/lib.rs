#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod crash_point;
mod seeded_bug;
mod strike;

pub use crash_point::CrashPoint;
pub use seeded_bug::SeededBug;
#[cfg(feature = "armed")]
pub use strike::struck;
pub use strike::{Struck, reach};
