//! Pages of orders, and cursors that fit one list only.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::json;
use test_support::tenant;

use super::fixture::{Answered, Fixture, newest_first};

/// Follows the list to its end.
async fn pages(f: &Fixture, first: &str) -> Vec<Answered> {
    let mut pages = vec![f.get(first).await];
    while let Some(next) = pages.last().and_then(Answered::next) {
        pages.push(f.get(&next).await);
        assert!(pages.len() < 20, "the list ends");
    }
    pages
}

#[tokio::test]
async fn pages_show_every_order_once_newest_first_and_cost_one_round_trip_each() {
    let f = Fixture::new().await;
    let orders = f.orders(&tenant(), 7).await;
    // Orders of one instant: the id decides.
    f.db().execute("update product_order set created_at = '2026-05-04T10:00:00.123456Z'").await;
    let before = f.store.cost();

    let pages = pages(&f, "/orders?limit=3").await;

    let sizes: Vec<usize> = pages.iter().map(|page| page.order_ids().len()).collect();
    assert_eq!(sizes, [3, 3, 1]);
    let listed: Vec<String> = pages.iter().flat_map(Answered::order_ids).collect();
    assert_eq!(listed, newest_first(&orders));
    assert_eq!(f.store.cost().round_trips - before.round_trips, 3);
    f.finish().await;
}

#[tokio::test]
async fn a_page_that_is_exactly_full_is_the_last_one() {
    let f = Fixture::new().await;
    f.orders(&tenant(), 4).await;

    let pages = pages(&f, "/orders?limit=2").await;

    assert_eq!(pages.len(), 2);
    assert_eq!(pages[1].body["links"], json!({}));
    f.finish().await;
}

#[tokio::test]
async fn an_order_placed_between_two_pages_neither_repeats_nor_hides_another() {
    let f = Fixture::new().await;
    let orders = f.orders(&tenant(), 4).await;
    let first = f.get("/orders?limit=2").await;
    f.order().await;

    let second = f.get(&first.next().unwrap()).await;

    let listed: Vec<String> = [first.order_ids(), second.order_ids()].concat();
    assert_eq!(listed, newest_first(&orders));
    f.finish().await;
}

#[tokio::test]
async fn the_filter_by_status_goes_along_to_the_next_page() {
    let f = Fixture::new().await;
    let orders = f.orders(&tenant(), 6).await;
    let chosen: BTreeSet<String> = [0, 2, 4].map(|n: usize| orders[n].to_string()).into();
    for order in &chosen {
        let sql = "update product_order set status = 'VALIDATED' where id";
        f.db().execute(&format!("{sql} = '{order}'")).await;
    }

    let pages = pages(&f, "/orders?status=VALIDATED&limit=2").await;

    let listed: Vec<String> = pages.iter().flat_map(Answered::order_ids).collect();
    assert_eq!((listed.len(), listed.into_iter().collect()), (3, chosen));
    let summary = &pages[0].body["orders"][0];
    assert_eq!(summary["status"], "VALIDATED");
    assert_eq!(summary["links"]["order"], format!("/orders/{}", orders[4]));
    f.finish().await;
}

#[tokio::test]
async fn cursors_that_were_not_made_for_this_list_are_refused() {
    let f = Fixture::new().await;
    f.orders(&tenant(), 3).await;
    let next = f.get("/orders?limit=2").await.next().unwrap();
    let cursor = next.split_once("cursor=").unwrap().1.to_owned();
    let mut forged = cursor.clone();
    forged.replace_range(10..11, if &cursor[10..11] == "A" { "B" } else { "A" });
    let of_another_filter = format!("/orders?limit=2&status=CREATED&cursor={cursor}");

    let mut refused = vec![f.get_for("globex", &next).await, f.get(&of_another_filter).await];
    for text in ["", "0", "%00", "AAAA", &forged, &format!("{cursor}A"), &"A".repeat(5_000)] {
        refused.push(f.get(&format!("/orders?limit=2&cursor={text}")).await);
    }

    for answer in refused {
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "CURSOR_INVALID"));
        assert!(!answer.body.to_string().contains(&cursor), "nothing is repeated");
    }
    let other_size = f.get(&format!("/orders?limit=1&cursor={cursor}")).await;
    assert_eq!(other_size.status, StatusCode::OK, "the size of a page may change");
    f.finish().await;
}

#[tokio::test]
async fn parameters_that_are_unknown_or_out_of_range_are_refused() {
    let f = Fixture::new().await;
    for query in ["limit=0", "limit=101", "limit=x", "status=OPEN", "order=asc", "limit=1&limit=2"]
    {
        let answer = f.get(&format!("/orders?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.code(), "PARAMETER_INVALID", "{query}");
    }
    f.finish().await;
}

#[tokio::test]
async fn without_a_usable_key_lists_of_one_page_still_work() {
    let f = Fixture::new().await;
    f.orders(&tenant(), 2).await;
    f.cursor_secret(&json!({"current": "c2hvcnQ="})).await;

    let short_list = f.get("/orders").await;
    let long_list = f.get("/orders?limit=1").await;

    assert_eq!(short_list.status, StatusCode::OK);
    assert_eq!(long_list.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(long_list.code(), "SOURCE_UNAVAILABLE");
    assert_eq!(long_list.headers["retry-after"], "5");
    f.finish().await;
}
