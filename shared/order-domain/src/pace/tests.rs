use super::*;

fn pace(per_minute: u32) -> Pace {
    Pace::per_minute(per_minute, SignedDuration::from_secs(1))
}

/// Who went in each second, when somebody looks every second but during a pause.
fn seconds(per_minute: u32, pause: std::ops::Range<i64>, seconds: i64) -> Vec<u32> {
    let mut next_at = None;
    let looks = (0..seconds).map(|second| {
        if pause.contains(&second) {
            return 0;
        }
        let now = Timestamp::from_second(1_000_000 + second).unwrap();
        let (granted, next) = pace(per_minute).grant(next_at, now, 1_000);
        next_at = next;
        granted
    });
    looks.collect()
}

#[test]
fn whoever_looks_every_second_keeps_the_pace() {
    // The first second counts as well, once.
    assert_eq!(seconds(60, 0..0, 60).iter().sum::<u32>(), 61);
    assert_eq!(seconds(600, 0..0, 60).iter().sum::<u32>(), 601);
    assert_eq!(seconds(1, 0..0, 121).iter().sum::<u32>(), 3);
}

#[test]
fn a_pause_is_not_caught_up_with() {
    let gone = seconds(60, 10..40, 60);

    assert_eq!(gone[40], 2, "the second that counts, and this one");
    assert!(gone.iter().sum::<u32>() <= 60 - 30 + 2);
}

#[test]
fn nobody_goes_before_the_moment_that_is_kept() {
    let now = Timestamp::from_second(1_000_000).unwrap();
    let later = now + SignedDuration::from_secs(5);

    assert_eq!(pace(60).grant(Some(later), now, 3), (0, Some(later)));
    assert_eq!(pace(60).grant(None, now, 0), (0, None));
}
