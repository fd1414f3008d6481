//! A sink that keeps what it takes, for tests.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::refusal::{SinkRefusal, Taken};

/// What a test's sink took, in the order in which it came.
#[derive(Debug)]
pub(crate) struct InMemory<T> {
    kept: Mutex<Vec<T>>,
    refusals: Mutex<VecDeque<SinkRefusal>>,
}

impl<T: Clone> InMemory<T> {
    pub(crate) const fn new() -> Self {
        Self { kept: Mutex::new(Vec::new()), refusals: Mutex::new(VecDeque::new()) }
    }

    /// Given to one later entry instead of taking it.
    pub(crate) fn refuse_next(&self, refusal: SinkRefusal) {
        locked(&self.refusals).push_back(refusal);
    }

    pub(crate) fn take(&self, entries: &[T]) -> Vec<Taken> {
        entries.iter().map(|entry| self.take_one(entry)).collect()
    }

    pub(crate) fn kept(&self) -> Vec<T> {
        locked(&self.kept).clone()
    }

    fn take_one(&self, entry: &T) -> Taken {
        match locked(&self.refusals).pop_front() {
            Some(refusal) => Err(refusal),
            None => {
                locked(&self.kept).push(entry.clone());
                Ok(())
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_concerns_one_entry_and_the_others_are_kept_in_their_order() {
        let sink = InMemory::new();
        sink.refuse_next(SinkRefusal::for_now("full"));

        let taken = sink.take(&["a", "b", "c"]);

        assert_eq!(taken, [Err(SinkRefusal::for_now("full")), Ok(()), Ok(())]);
        assert_eq!(sink.kept(), ["b", "c"]);
    }
}
