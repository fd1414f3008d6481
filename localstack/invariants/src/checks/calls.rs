//! What callers were told, against what is stored.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use tokio_postgres::Client;

use crate::evidence::{CallAnswer, CallRecord};
use crate::invariant::Invariant as I;
use crate::report::Report;

pub(crate) async fn check(
    database: &Client,
    calls: &[CallRecord],
    report: &mut Report,
) -> Result<()> {
    same_answers(calls, report);
    let mut stored = BTreeSet::new();
    for row in database.query_typed("select id::text from product_order", &[]).await? {
        stored.insert(row.try_get::<_, String>(0)?);
    }
    for call in calls {
        let Some((201, body)) = &call.answer else { continue };
        report.look(I::I1, 1);
        let order = body["orderId"].as_str().unwrap_or_default();
        if !stored.contains(order) {
            report.violate(I::I1, order, format!("accepted under {}, but not stored", call.key));
        }
    }
    Ok(())
}

/// Same key and same request: the same answer. Same key and another request: 422.
fn same_answers(calls: &[CallRecord], report: &mut Report) {
    let mut first: BTreeMap<&str, (&str, &CallAnswer)> = BTreeMap::new();
    for call in calls {
        // 409 (still running) and 5xx say nothing about the order, and are followed by a repeat.
        let Some(answer) = call.answer.as_ref().filter(|x| x.0 != 409 && x.0 < 500) else {
            continue;
        };
        let Some((request, told)) = first.get(call.key.as_str()) else {
            first.insert(&call.key, (&call.request, answer));
            continue;
        };
        report.look(I::I10, 1);
        let is_right = if *request == call.request { *told == answer } else { answer.0 == 422 };
        if !is_right {
            let detail = format!("told {} first and {} then", told.0, answer.0);
            report.violate(I::I10, call.key.clone(), detail);
        }
    }
}
