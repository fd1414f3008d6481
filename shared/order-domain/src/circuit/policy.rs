//! The numbers of circuits.

use jiff::SignedDuration;

/// Answers are counted in windows of this length.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// Fewer answers than this in a window prove nothing about a system.
pub const LEAST_ANSWERS: u32 = 10;
/// The same while it drains: whoever has just been down is trusted less.
pub const LEAST_ANSWERS_WHILE_DRAINING: u32 = 5;
/// From the opening to the first probe; doubles with each probe that fails.
pub const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// Longest time between probes.
pub const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// A probe that is not answered in this time is given up, and another one is made: way to the queue, a
/// call of two minutes at most, and its recording.
pub const PROBE_PATIENCE: SignedDuration = SignedDuration::from_mins(3);
/// Longest hold by an operator; whoever needs more holds again.
pub const LONGEST_HOLD: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Steps let go in a minute unless an operator says otherwise.
pub const DRAIN_RATE: u32 = 60;
/// Most that an operator may ask for.
pub const HIGHEST_DRAIN_RATE: u32 = 6000;
/// What a draining that stood still makes up for at most: about one round.
pub const CATCH_UP: SignedDuration = SignedDuration::from_secs(2);
