//! `orderctl orders list`.

use jiff::Timestamp;
use serde_json::Value;

use crate::cli::ListOrders;
use crate::duration::between;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{NOTHING, elements, first_text, instant, shown, text};
use crate::pages::Listing;
use crate::session::Session;
use crate::table::Table;

pub(crate) async fn list(session: &Session, arguments: &ListOrders) -> Result<Exit, Failure> {
    let listing = Listing {
        path: "/orders",
        name: "orders",
        query: arguments.query(),
        is_whole: arguments.all,
    };
    let page = listing.read(session).await?;
    session.print(&page, |page| {
        let mut table = Table::new(&["ORDER", "NUMBER", "STATUS", "WAITS"]);
        for order in elements(page, "orders") {
            let number = shown(order, "/orderNumber");
            let waits = waits(order, session.clock.now());
            table.row([shown(order, "/orderId"), number, shown(order, "/status"), waits]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}

/// Since when, and for whom: a case, else a failed step, else a target system.
fn waits(order: &Value, now: Timestamp) -> String {
    let since = instant(order, "/waitingSince").map(|at| between(at, now));
    let whom = text(order, "/falloutCase/reasonCode")
        .or_else(|| first_text(order, &["/failedStep/failureCode", "/failedStep/stepKey"]))
        .or_else(|| first_text(order, &["/waitingFor/targetSystem", "/waitingFor/stepKey"]));
    match (since, whom) {
        (Some(since), Some(whom)) => format!("{since}, {whom}"),
        (Some(since), None) => since,
        (None, Some(whom)) => whom,
        (None, None) => NOTHING.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_case_is_shown_before_a_failure_and_a_failure_before_a_system() {
        let now = "2026-03-02T12:00:00Z".parse().unwrap();
        let since = "2026-03-02T07:48:00Z";
        let mut order = json!({
            "waitingSince": since,
            "waitingFor": {"targetSystem": "PROVISIONING", "stepKey": "access-link"},
        });
        assert_eq!(waits(&order, now), "4 h 12 min, PROVISIONING");

        order["failedStep"] = json!({"stepKey": "x", "failureCode": "NO_FREE_PORT"});
        assert_eq!(waits(&order, now), "4 h 12 min, NO_FREE_PORT");

        order["falloutCase"] = json!({"reasonCode": "UNKNOWN_OUTCOME"});
        assert_eq!(waits(&order, now), "4 h 12 min, UNKNOWN_OUTCOME");

        assert_eq!(waits(&json!({"waitingFor": null}), now), "-");
    }
}
