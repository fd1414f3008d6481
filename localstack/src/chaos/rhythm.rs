//! When strikes fall: spread evenly among the orders, or by the clock.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::dice::Dice;
use super::plan::{Plan, Strike};

/// The pause between two strikes, in whole seconds: `5-40`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrikeEvery {
    least: u64,
    most: u64,
}

impl FromStr for StrikeEvery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        match (least.parse(), most.parse()) {
            (Ok(least), Ok(most)) if least <= most => Ok(Self { least, most }),
            _ => Err(format!("{text} is no pause; for example 5-40, in seconds")),
        }
    }
}

impl fmt::Display for StrikeEvery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.least, self.most)
    }
}

/// Says which strikes are due.
#[derive(Debug)]
pub(super) struct Rhythm<'a> {
    strikes: &'a [Strike],
    fallen: usize,
    beat: Beat,
}

#[derive(Debug)]
enum Beat {
    /// Each strike once, one after every portion of the orders but the last.
    Orders(usize),
    /// The strikes over and over, with pauses between them, as long as orders are placed.
    Clock { every: StrikeEvery, dice: Dice, at: Instant },
}

impl<'a> Rhythm<'a> {
    pub(super) fn of(plan: &'a Plan, every: Option<StrikeEvery>, now: Instant) -> Self {
        let beat = match every {
            None => Beat::Orders(plan.orders.len()),
            Some(every) => {
                // Apart from the plan's own: the same orders and faults, whatever the rhythm.
                let mut dice = Dice::new(plan.seed.wrapping_add(1));
                let at = now + every.pause(&mut dice);
                Beat::Clock { every, dice, at }
            }
        };
        Self { strikes: &plan.strikes, fallen: 0, beat }
    }

    /// The next strike, if it is due after so many orders; each is answered once.
    pub(super) fn due(&mut self, placed: usize, now: Instant) -> Option<Strike> {
        let (strikes, fallen) = (self.strikes, self.fallen);
        let strike = match &mut self.beat {
            Beat::Orders(all) => {
                // One portion more than strikes, equal but for one order.
                let border = (fallen + 1) * *all / (strikes.len() + 1);
                *strikes.get(fallen).filter(|_| placed >= border)?
            }
            Beat::Clock { every, dice, at } => {
                let strike = *strikes.get(fallen % strikes.len().max(1)).filter(|_| now >= *at)?;
                *at = now + every.pause(dice);
                strike
            }
        };
        self.fallen += 1;
        Some(strike)
    }
}

impl StrikeEvery {
    fn pause(self, dice: &mut Dice) -> Duration {
        let width = usize::try_from((self.most - self.least) * 1000 + 1).unwrap_or(usize::MAX);
        Duration::from_millis(self.least * 1000 + dice.below(width) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Profile;
    use super::*;

    #[test]
    fn every_strike_falls_once_and_has_orders_before_and_after_it() {
        for orders in [15, 20, 300] {
            let plan = Plan::of(Profile::Mixed, 7, orders);
            let now = Instant::now();
            let mut rhythm = Rhythm::of(&plan, None, now);
            let mut fallen = Vec::new();
            for placed in 1..orders {
                fallen.extend(std::iter::from_fn(|| rhythm.due(placed, now)));
            }

            assert_eq!(fallen, plan.strikes, "{orders}");
        }
    }

    #[test]
    fn by_the_clock_strikes_come_over_and_over_within_their_pauses() {
        let plan = Plan::of(Profile::Engine, 7, 10);
        let begin = Instant::now();
        let mut rhythm = Rhythm::of(&plan, Some("5-40".parse().unwrap()), begin);
        let mut last = 0;
        let mut fallen = Vec::new();
        for second in 0..1000 {
            if let Some(strike) = rhythm.due(1, begin + Duration::from_secs(second)) {
                assert!((5..=41).contains(&(second - last)), "{second} after {last}");
                last = second;
                fallen.push(strike);
            }
        }

        assert!(fallen.len() > plan.strikes.len() * 2, "{}", fallen.len());
        assert_eq!(fallen[..plan.strikes.len()], plan.strikes);
        assert_eq!(fallen[plan.strikes.len()], plan.strikes[0]);
    }

    #[test]
    fn a_pause_is_a_number_or_a_range_of_seconds() {
        assert_eq!("5-40".parse(), Ok(StrikeEvery { least: 5, most: 40 }));
        assert_eq!("7".parse(), Ok(StrikeEvery { least: 7, most: 7 }));
        for text in ["", "40-5", "5-", "soon"] {
            assert!(text.parse::<StrikeEvery>().is_err(), "{text}");
        }
    }
}
