//! Model (ii), second half: outbox rows, lanes, and two relays.
//!
//! | here | stands for |
//! |---|---|
//! | [`Action::Claim`]: not dead, not leased, the lowest of its lane; epoch + 1 | `CLAIM_DUE` of `order-store/src/outbox/claim.rs`: `dead_at is null`, `leased_until`, `not exists (… earlier.lane = m.lane and earlier.sequence < m.sequence)`, `for update skip locked` |
//! | [`Action::Expire`]: at any time, so that no clock is trusted | `leased_until < $1` |
//! | [`Action::Finish`] after a delivery: the newest epoch deletes | `DELETE_DELIVERED`, `m.lease_epoch = k.lease_epoch` |
//! | [`Action::Finish`] after a refusal: the newest epoch buries, the row stays | `BURY` |
//! | [`Action::Finish`] otherwise: the lease goes, the row stays | `RESCHEDULE` |
//!
//! Order is promised of *first* deliveries: a relay that lost its lease may deliver a row once more
//! after its successors, so receivers drop what they know (`domain_event` id, request id, task).

use stateright::{Model, Property};

const RELAYS: usize = 2;
/// Rows by sequence: two of one lane, one of another, and a third of the first.
const LANES: [u8; 4] = [0, 0, 1, 0];

/// A mistake that the checker must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// Any due row can be claimed.
    ClaimAnyOfLane,
    /// A row is deleted when it is claimed.
    DeleteBeforeDelivery,
    /// An answer that did not come counts as delivered.
    LostAnswerTakenAsDelivered,
    /// A dead row no longer holds its lane.
    DeadRowFreesItsLane,
}

/// The model and its configuration.
#[derive(Debug, Clone, Copy)]
pub struct LaneModel {
    /// The mistake, if there is one.
    pub bug: Option<Bug>,
}

impl LaneModel {
    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

/// An outbox row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// It is there.
    pub is_owed: bool,
    /// `dead_at`.
    pub is_dead: bool,
    /// `leased_until` is set.
    pub is_leased: bool,
    /// The relay whose claim has the newest epoch.
    pub holder: Option<usize>,
    /// The receiver has it.
    pub is_delivered: bool,
}

/// What a relay does with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relay {
    /// Nothing.
    Idle,
    /// Holds a claimed row.
    Claimed(usize),
    /// Heard what became of it.
    Heard(usize, Heard),
}

/// What a relay heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heard {
    /// The receiver took it.
    Taken,
    /// No answer: it may have arrived.
    Nothing,
    /// It will never be taken.
    Refused,
}

/// One state of the model.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The outbox, by sequence.
    pub rows: [Row; LANES.len()],
    /// The relays.
    pub relays: [Relay; RELAYS],
    /// Ghost: a row reached its receiver before an earlier one of its lane.
    pub is_out_of_order: bool,
}

/// Everything that can happen next; relays and rows by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// A relay claims a row.
    Claim(usize, usize),
    /// A row's lease ends.
    Expire(usize),
    /// The call arrives (or not), and the relay hears of it.
    Deliver(usize, bool, Heard),
    /// It writes down what it heard.
    Finish(usize),
    /// It dies.
    Crash(usize),
}

impl Model for LaneModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let row = Row {
            is_owed: true,
            is_dead: false,
            is_leased: false,
            holder: None,
            is_delivered: false,
        };
        let rows = [row; LANES.len()];
        vec![State { rows, relays: [Relay::Idle; RELAYS], is_out_of_order: false }]
    }

    fn actions(&self, _: &State, actions: &mut Vec<Action>) {
        for row in 0..LANES.len() {
            actions.push(Action::Expire(row));
            actions.extend((0..RELAYS).map(|relay| Action::Claim(relay, row)));
        }
        for relay in 0..RELAYS {
            actions.extend([Action::Finish(relay), Action::Crash(relay)]);
            actions.push(Action::Deliver(relay, true, Heard::Taken));
            actions.push(Action::Deliver(relay, true, Heard::Nothing));
            actions.push(Action::Deliver(relay, false, Heard::Nothing));
            actions.push(Action::Deliver(relay, false, Heard::Refused));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut s = last.clone();
        match action {
            Action::Claim(relay, row) => self.claim(&mut s, relay, row)?,
            Action::Expire(row) => s.rows[row].is_leased = false,
            Action::Crash(relay) => s.relays[relay] = Relay::Idle,
            Action::Deliver(relay, arrives, heard) => {
                let Relay::Claimed(row) = s.relays[relay] else { return None };
                if arrives && !s.rows[row].is_delivered {
                    let is_earlier =
                        |x: &usize| LANES[*x] == LANES[row] && !s.rows[*x].is_delivered;
                    s.is_out_of_order |= (0..row).any(|x| is_earlier(&x));
                    s.rows[row].is_delivered = true;
                }
                s.relays[relay] = Relay::Heard(row, heard);
            }
            Action::Finish(relay) => self.finish(&mut s, relay)?,
        }
        (s != *last).then_some(s)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(NOTHING_LOST, |_, s: &State| {
                s.rows.iter().all(|x| x.is_owed || x.is_delivered)
            }),
            Property::always(IN_ORDER, |_, s: &State| !s.is_out_of_order),
            Property::sometimes("everything is delivered", |_, s: &State| {
                s.rows.iter().all(|x| !x.is_owed)
            }),
            Property::sometimes("a dead row holds its lane and no other", |_, s: &State| {
                s.rows[0].is_dead && !s.rows[2].is_owed
            }),
            Property::sometimes("two relays have one row in hand", |_, s: &State| {
                s.relays.iter().all(|x| matches!(x, Relay::Claimed(0)))
            }),
        ]
    }
}

impl LaneModel {
    fn claim(&self, s: &mut State, relay: usize, row: usize) -> Option<()> {
        let holds = |x: &usize| {
            let other = s.rows[*x];
            let is_out = other.is_dead && self.has(Bug::DeadRowFreesItsLane);
            LANES[*x] == LANES[row] && other.is_owed && !is_out
        };
        let is_lowest = self.has(Bug::ClaimAnyOfLane) || !(0..row).any(|x| holds(&x));
        let x = &s.rows[row];
        let is_due = x.is_owed && !x.is_dead && !x.is_leased && is_lowest;
        (is_due && s.relays[relay] == Relay::Idle).then_some(())?;
        s.rows[row].is_leased = true;
        s.rows[row].holder = Some(relay);
        s.rows[row].is_owed = !self.has(Bug::DeleteBeforeDelivery);
        s.relays[relay] = Relay::Claimed(row);
        Some(())
    }

    fn finish(&self, s: &mut State, relay: usize) -> Option<()> {
        let Relay::Heard(row, heard) = s.relays[relay] else { return None };
        s.relays[relay] = Relay::Idle;
        let x = &mut s.rows[row];
        if x.holder != Some(relay) || !x.is_owed {
            return Some(()); // LeaseLost: whoever has it now finishes it.
        }
        match heard {
            Heard::Taken => x.is_owed = false,
            Heard::Nothing => x.is_owed = !self.has(Bug::LostAnswerTakenAsDelivered),
            Heard::Refused => x.is_dead = true,
        }
        x.is_leased = false;
        Some(())
    }
}

/// I5: deleted only after delivery.
pub const NOTHING_LOST: &str = "a row goes only after its delivery";
/// Lane order of first deliveries.
pub const IN_ORDER: &str = "rows of a lane are first delivered in order";
