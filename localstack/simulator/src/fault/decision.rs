//! Whether a plan with a probability hits: a function of seed, request and attempt, of no clock.

use super::{Fault, Place};

/// The draw of one attempt, evenly distributed in 0 to 1 without 1.
///
/// Kind and place are mixed in, so that two plans with one seed do not always hit together.
pub(super) fn draw(seed: u64, fault: &Fault, place: Place, (subject, attempt): (&str, u32)) -> f64 {
    let mut hash = Fnv::default();
    hash.add(&seed.to_be_bytes());
    hash.add(fault.kind().as_bytes());
    hash.add(&[place as u8]);
    hash.add(subject.as_bytes());
    hash.add(&attempt.to_be_bytes());
    // The upper 53 bits are exactly what a double can hold.
    (hash.finish() >> 11) as f64 / (1_u64 << 53) as f64
}

/// FNV-1a; the standard library's hasher may change between versions of the compiler.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Mixed once more (murmur's finaliser), because neighbours differ in their low bits only.
    const fn finish(&self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        x ^ (x >> 33)
    }
}
