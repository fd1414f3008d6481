//! Many callers at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::StatusCode;
use tokio::sync::Barrier;

use super::fixture::{Answered, Fixture};

const CALLERS: usize = 12;

/// Sends all requests at the same moment.
async fn race(f: &Arc<Fixture>, key_of: fn(usize) -> String) -> Vec<Answered> {
    let barrier = Arc::new(Barrier::new(CALLERS));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let (f, barrier) = (Arc::clone(f), Arc::clone(&barrier));
            tokio::spawn(async move {
                let request = f.request(&key_of(number));
                barrier.wait().await;
                f.send(request).await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for caller in callers {
        answers.push(caller.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn one_key_used_many_times_at_once_makes_one_order() {
    let f = Arc::new(Fixture::new().await);

    let answers = race(&f, |_| "k-1".to_owned()).await;

    let created: Vec<_> = answers.iter().filter(|x| x.status == StatusCode::CREATED).collect();
    let orders: BTreeSet<String> = created.iter().map(|x| x.body["orderId"].to_string()).collect();
    assert!(!created.is_empty());
    assert_eq!(orders.len(), 1);
    for other in answers.iter().filter(|x| x.status != StatusCode::CREATED) {
        assert_eq!(other.code(), "REQUEST_IN_PROGRESS", "{}", other.body);
    }
    assert_eq!(f.written().await, [1, 5, 1, 2]);
    Arc::into_inner(f).expect("all callers are done").finish().await;
}

#[tokio::test]
async fn one_quote_ordered_under_many_keys_at_once_makes_one_order() {
    let f = Arc::new(Fixture::new().await);

    let answers = race(&f, |number| format!("k-{number}")).await;

    let created: Vec<_> = answers.iter().filter(|x| x.status == StatusCode::CREATED).collect();
    let [winner] = created[..] else { panic!("{} orders", created.len()) };
    for other in answers.iter().filter(|x| x.status != StatusCode::CREATED) {
        assert_eq!(other.code(), "ORDER_EXISTS_FOR_QUOTE_REVISION", "{}", other.body);
        assert_eq!(other.body["orderId"], winner.body["orderId"]);
    }
    assert_eq!(f.written().await, [1, 5, 1, 2]);
    // The tenant's audit chain has no gap and no fork, whoever was refused first.
    let refused = "select count(distinct sequence) from audit_entry where outcome = 'REFUSED'";
    assert_eq!(f.db.number(refused).await, i64::try_from(CALLERS).unwrap() - 1);
    Arc::into_inner(f).expect("all callers are done").finish().await;
}
