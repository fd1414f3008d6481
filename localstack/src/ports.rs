//! Free loopback ports, chosen once per stack.
//!
//! Ports come from below the kernel's ephemeral range, because a port from inside it can be taken
//! by any outgoing connection between the moment it is chosen and the moment a server binds it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Result, bail};

use crate::random;

const FIRST: u16 = 21_000;
const LAST: u16 = 31_999;

/// Whether a server could bind the port on loopback right now.
#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port nobody listens on and no other stack has reserved.
///
/// The search starts at a random place, so that two stacks that start at once rarely meet.
///
/// # Errors
/// When the whole range is taken.
pub fn choose(reserved: &BTreeSet<u16>) -> Result<u16> {
    let count = LAST - FIRST + 1;
    let offset = random::below(count)?;
    let candidates = (0..count).map(|index| FIRST + (offset + index) % count);
    for port in candidates {
        if !reserved.contains(&port) && is_free(port) {
            return Ok(port);
        }
    }
    bail!("no free loopback port between {FIRST} and {LAST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_port_is_free_and_outside_the_ephemeral_range() {
        let port = choose(&BTreeSet::new()).unwrap();

        assert!((FIRST..=LAST).contains(&port) && is_free(port));
    }

    #[test]
    fn a_reserved_port_is_not_chosen_although_nobody_listens_on_it() {
        let all_but_one: BTreeSet<u16> = (FIRST..=LAST).collect();

        assert!(choose(&all_but_one).is_err());
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();

        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
