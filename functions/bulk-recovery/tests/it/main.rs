//! Bulk actions on a real database: prepared by people, carried out by this worker.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod life;
mod many;
mod world;
