//! How a model is explored: to the end, or until the shortest way to a broken promise is known.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::Hash;

use stateright::{Checker, HasDiscoveries, Model};

/// No model here has a state deeper than this; reaching it means that a model grew out of hand.
const DEEPEST: usize = 200;

/// How much was explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Transitions followed.
    pub transitions: usize,
    /// Longest shortest path.
    pub depth: usize,
}

/// Visits every reachable state.
///
/// # Panics
/// With the way to the state, where a promise is broken; and where something that must be reachable
/// is not, because a model in which nothing happens keeps every promise.
#[must_use]
pub fn exhaust<M>(model: M) -> Explored
where
    M: Model + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    let checker = model.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    let (states, transitions) = (checker.unique_state_count(), checker.state_count());
    Explored { states, transitions, depth: checker.max_depth() }
}

/// The shortest way to break `property`; `None` if there is none.
///
/// The checker keeps the last discovery, not the first, so the depth is raised until there is one.
#[must_use]
pub fn shortest_way_to_break<M>(model: &M, property: &'static str) -> Option<Vec<M::Action>>
where
    M: Model + Clone + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + PartialEq,
{
    assert!(model.properties().iter().any(|x| x.name == property), "no property {property:?}");
    let mut known = 0;
    for depth in 1..DEEPEST {
        let wanted = HasDiscoveries::AnyOf(BTreeSet::from([property]));
        let builder = model.clone().checker().target_max_depth(depth);
        let checker = builder.finish_when(wanted).spawn_bfs().join();
        if let Some(path) = checker.discovery(property) {
            return Some(path.into_actions());
        }
        if checker.unique_state_count() == known {
            return None;
        }
        known = checker.unique_state_count();
    }
    None
}
