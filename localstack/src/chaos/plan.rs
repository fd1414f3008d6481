//! What a run does, decided by its seed alone.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::dice::Dice;

/// Which kinds of faults a run injects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Callbacks that are doubled, late, early, missing, malformed or contradictory.
    Callbacks,
    /// External systems that refuse, fail, hang, or answer nonsense.
    Systems,
    /// Functions that are killed and frozen, and the emulator with all its queues.
    Workers,
    /// The engine killed.
    Engine,
    /// PostgreSQL killed.
    Postgres,
    /// Everything.
    Mixed,
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |x| x.get_name()))
    }
}

/// Something that is done to a part of the stack at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strike {
    /// kill -9 of some function processes.
    KillWorkers,
    /// SIGSTOP of all function processes for a while, then SIGCONT.
    FreezeWorkers(Duration),
    /// kill -9 of the engine, and a new one.
    KillEngine,
    /// An immediate stop of PostgreSQL, and a new start.
    KillPostgres,
    /// kill -9 of the external systems, and a new start.
    KillSystems,
    /// kill -9 of the emulator with all queues and functions, and a new deployment.
    LoseQueues,
    /// A wire between functions and a server is slow, cut or silent for a while.
    SpoilWire(Wire, WireFault),
}

/// Who functions talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    Database,
    Engine,
}

/// What is wrong with a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireFault {
    Latency,
    Reset,
    Blackhole,
}

impl Strike {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::KillWorkers => "WORKERS_KILLED",
            Self::FreezeWorkers(_) => "WORKERS_FROZEN",
            Self::KillEngine => "ENGINE_KILLED",
            Self::KillPostgres => "POSTGRES_KILLED",
            Self::KillSystems => "SYSTEMS_KILLED",
            Self::LoseQueues => "QUEUES_LOST",
            Self::SpoilWire(wire, fault) => super::wires::kinds(wire, fault),
        }
    }
}

impl fmt::Display for Strike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

/// One order to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedOrder {
    /// File name below `catalog/quotes/`, without its ending.
    pub(super) quote: &'static str,
    /// The caller asks twice with the same key.
    pub(super) is_repeated: bool,
    /// The caller then asks for something else under the same key.
    pub(super) is_abused: bool,
}

/// Faults of one external system, as its admin interface takes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SystemFaults {
    pub(super) system: &'static str,
    pub(super) faults: Vec<Value>,
}

/// Everything that a run does.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) orders: Vec<PlannedOrder>,
    pub(super) strikes: Vec<Strike>,
    pub(super) systems: Vec<SystemFaults>,
}

/// Quotes by weight. The large one comes once in a while: it is as much work as twenty others.
const QUOTES: [(&str, usize); 6] = [
    ("managed-connectivity-bundle", 8),
    ("change-order", 4),
    ("conditional-steps", 3),
    ("quantity-three", 3),
    ("no-change-only", 1),
    ("optional-step-fails", 1),
];
const LARGE_QUOTE: (&str, usize) = ("sd-wan-25-sites", 100);

const TARGETS: [&str; 5] = ["INVENTORY", "PROVISIONING", "LOGISTICS", "WORKFORCE", "BILLING"];
/// Only these report by callback.
const CALLERS_BACK: [&str; 3] = ["PROVISIONING", "LOGISTICS", "BILLING"];

/// How likely one attempt is hit by one kind, besides the one hit that each kind is sure of.
const PROBABILITY: f64 = 0.015;

impl Plan {
    pub(super) fn of(profile: Profile, seed: u64, orders: usize) -> Self {
        let mut dice = Dice::new(seed);
        let strikes = strikes(profile, &mut dice);
        let orders = (0..orders).map(|_| order(&mut dice)).collect();
        Self { seed, orders, strikes, systems: systems(profile, seed, &mut dice) }
    }

    /// The same plan with these kinds of strikes only; all of them when none is named.
    pub(super) fn only(mut self, kinds: &[String]) -> Result<Self> {
        let known: BTreeSet<&str> = self.strikes.iter().map(|x| x.kind()).collect();
        for kind in kinds {
            ensure!(known.contains(kind.as_str()), "{kind} is none of this profile's: {known:?}");
        }
        self.strikes.retain(|x| kinds.is_empty() || kinds.iter().any(|kind| kind == x.kind()));
        Ok(self)
    }
}

fn order(dice: &mut Dice) -> PlannedOrder {
    let total: usize = QUOTES.iter().map(|x| x.1).sum();
    let mut at = dice.below(total);
    let mut quote = QUOTES[0].0;
    for (name, weight) in QUOTES {
        if at < weight {
            quote = name;
            break;
        }
        at -= weight;
    }
    if dice.once_in(LARGE_QUOTE.1) {
        quote = LARGE_QUOTE.0;
    }
    PlannedOrder { quote, is_repeated: dice.once_in(5), is_abused: dice.once_in(20) }
}

fn strikes(profile: Profile, dice: &mut Dice) -> Vec<Strike> {
    let freeze = Strike::FreezeWorkers(Duration::from_millis(500 + dice.below(3000) as u64));
    let mut strikes = match profile {
        Profile::Callbacks | Profile::Systems => Vec::new(),
        Profile::Workers => vec![
            Strike::KillWorkers,
            freeze,
            Strike::KillWorkers,
            Strike::LoseQueues,
            Strike::KillWorkers,
        ],
        Profile::Engine => vec![
            Strike::KillEngine,
            Strike::SpoilWire(Wire::Engine, WireFault::Latency),
            Strike::SpoilWire(Wire::Engine, WireFault::Reset),
            Strike::SpoilWire(Wire::Engine, WireFault::Blackhole),
            Strike::KillEngine,
        ],
        Profile::Postgres => vec![
            Strike::KillPostgres,
            Strike::SpoilWire(Wire::Database, WireFault::Latency),
            Strike::KillPostgres,
            Strike::SpoilWire(Wire::Database, WireFault::Reset),
            Strike::SpoilWire(Wire::Database, WireFault::Blackhole),
            Strike::KillPostgres,
            Strike::KillPostgres,
        ],
        Profile::Mixed => vec![
            Strike::KillWorkers,
            freeze,
            Strike::KillEngine,
            Strike::KillPostgres,
            Strike::KillSystems,
            Strike::LoseQueues,
            Strike::KillWorkers,
            Strike::KillPostgres,
            Strike::SpoilWire(Wire::Database, WireFault::Latency),
            Strike::SpoilWire(Wire::Database, WireFault::Reset),
            Strike::SpoilWire(Wire::Database, WireFault::Blackhole),
            Strike::SpoilWire(Wire::Engine, WireFault::Latency),
            Strike::SpoilWire(Wire::Engine, WireFault::Reset),
            Strike::SpoilWire(Wire::Engine, WireFault::Blackhole),
        ],
    };
    dice.shuffle(&mut strikes);
    strikes
}

fn systems(profile: Profile, seed: u64, dice: &mut Dice) -> Vec<SystemFaults> {
    let mut planned: Vec<SystemFaults> = Vec::new();
    let mut add = |system: &'static str, fault: Value| match planned
        .iter_mut()
        .find(|x| x.system == system)
    {
        Some(faults) => faults.faults.push(fault),
        None => planned.push(SystemFaults { system, faults: vec![fault] }),
    };
    if matches!(profile, Profile::Systems | Profile::Mixed) {
        spread(&calls(), &TARGETS, (seed, dice), &mut add);
    }
    if matches!(profile, Profile::Callbacks | Profile::Mixed) {
        spread(&callbacks(), &CALLERS_BACK, (seed, dice), &mut add);
    }
    planned
}

/// Each kind is sure of one hit at one system, and has a chance at all of them.
fn spread(
    kinds: &[Value],
    systems: &[&'static str],
    (seed, dice): (u64, &mut Dice),
    add: &mut impl FnMut(&'static str, Value),
) {
    for (index, kind) in kinds.iter().enumerate() {
        let mut sure = kind.clone();
        sure["times"] = json!(1);
        add(systems[(index + dice.below(systems.len())) % systems.len()], sure);
    }
    for system in systems {
        for (index, kind) in kinds.iter().enumerate() {
            let mut likely = kind.clone();
            likely["probability"] = json!(PROBABILITY);
            likely["seed"] = json!(seed.wrapping_mul(1000).wrapping_add(index as u64));
            add(system, likely);
        }
    }
}

fn calls() -> Vec<Value> {
    vec![
        json!({"kind": "REFUSE"}),
        json!({"kind": "HANG"}),
        json!({"kind": "TOO_MANY_REQUESTS", "retryAfterSeconds": 1}),
        json!({"kind": "UNAVAILABLE", "retryAfterSeconds": 1}),
        json!({"kind": "REDIRECT"}),
        json!({"kind": "ERROR_500_BEFORE"}),
        json!({"kind": "ERROR_500_AFTER"}),
        json!({"kind": "ANSWER_LOST"}),
        json!({"kind": "RESET"}),
        json!({"kind": "SLOW_DRIP"}),
        json!({"kind": "INVALID_JSON"}),
        json!({"kind": "WRONG_CONTENT_TYPE"}),
        json!({"kind": "OVERSIZED"}),
    ]
}

fn callbacks() -> Vec<Value> {
    vec![
        json!({"kind": "DUPLICATED", "copies": 2}),
        json!({"kind": "DUPLICATED", "copies": 1, "newId": true}),
        json!({"kind": "DELAYED", "delayMs": 6000}),
        json!({"kind": "EARLY"}),
        json!({"kind": "MISSING"}),
        json!({"kind": "CONTRADICTORY"}),
        json!({"kind": "MALFORMED", "malformation": "NOT_JSON"}),
        json!({"kind": "MALFORMED", "malformation": "NO_REQUEST_ID"}),
        json!({"kind": "MALFORMED", "malformation": "WRONG_TYPES"}),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_its_seed() {
        let plan = |seed| {
            let plan = Plan::of(Profile::Mixed, seed, 50);
            (plan.orders, plan.strikes, format!("{:?}", plan.systems))
        };

        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn a_plan_can_be_cut_down_to_some_of_its_strikes() {
        let plan = Plan::of(Profile::Mixed, 3, 20);
        let only = |kind: &str| plan.clone().only(&[kind.to_owned()]);

        let kept = only("WORKERS_KILLED").unwrap();
        assert_eq!(kept.strikes, [Strike::KillWorkers; 2]);
        assert_eq!(kept.orders, plan.orders);
        assert!(only("EARTHQUAKE").is_err());
        assert_eq!(plan.clone().only(&[]).unwrap().strikes, plan.strikes);
    }

    #[test]
    fn a_mixed_plan_gives_every_kind_a_sure_hit() {
        let plan = Plan::of(Profile::Mixed, 3, 20);
        let sure = |x: &&Value| x["times"] == 1;
        let count: usize = plan.systems.iter().map(|x| x.faults.iter().filter(sure).count()).sum();

        assert_eq!(count, calls().len() + callbacks().len());
    }
}
