//! `orderctl orders list`.

use serde_json::Value;

use crate::cases::owner;
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
        let mut table = Table::new(&["ORDER", "STATUS", "SINCE", "WAITS FOR"]);
        for order in elements(page, "orders") {
            let since = instant(order, "/waitingSince");
            let since = since.map(|at| between(at, session.clock.now()));
            table.row([
                first_text(order, &["/orderNumber", "/orderId"]).unwrap_or_else(nothing),
                shown(order, "/status"),
                since.unwrap_or_else(nothing),
                waits_for(order).unwrap_or_else(nothing),
            ]);
        }
        table.print(&session.terminal);
    });
    Ok(Exit::Done)
}

/// Whom it waits for: the owner of a case, else of a failed step, else a target system.
fn waits_for(order: &Value) -> Option<String> {
    let case = ["/openCase", "/falloutCase"].iter().find_map(|field| order.pointer(field));
    if let Some(reason) = case.and_then(|case| text(case, "/reasonCode")) {
        let owner = case.and_then(owner).map(|owner| format!(", {owner}"));
        return Some(format!("{reason}{}", owner.unwrap_or_default()));
    }
    if let Some(key) = text(order, "/failedStep/stepKey") {
        let code = text(order, "/failedStep/failureCode").map(|code| format!(": {code}"));
        return Some(format!("failed {key}{}", code.unwrap_or_default()));
    }
    let system = text(order, "/waitingFor/targetSystem")?;
    let key = text(order, "/waitingFor/stepKey").map(|key| format!(" {key}"));
    let attempt = text(order, "/retry/attempt").map(|attempt| {
        let of = first_text(order, &["/retry/maxAttempts", "/retry/of"]);
        format!(", attempt {attempt}{}", of.map(|of| format!(" of {of}")).unwrap_or_default())
    });
    Some(format!("{system}{}{}", key.unwrap_or_default(), attempt.unwrap_or_default()))
}

fn nothing() -> String {
    NOTHING.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_case_is_shown_before_a_failure_and_a_failure_before_a_system() {
        let mut order = json!({"waitingFor": {"targetSystem": "PROVISIONING", "stepKey": "link"}});
        assert_eq!(waits_for(&order).as_deref(), Some("PROVISIONING link"));

        order["retry"] = json!({"attempt": 3, "maxAttempts": 5});
        assert_eq!(waits_for(&order).as_deref(), Some("PROVISIONING link, attempt 3 of 5"));

        order["failedStep"] = json!({"stepKey": "port", "failureCode": "NO_FREE_PORT"});
        assert_eq!(waits_for(&order).as_deref(), Some("failed port: NO_FREE_PORT"));

        order["openCase"] = json!({"reasonCode": "UNKNOWN_OUTCOME", "ownerGroup": "operations"});
        assert_eq!(waits_for(&order).as_deref(), Some("UNKNOWN_OUTCOME, operations"));

        assert_eq!(waits_for(&json!({"waitingFor": null, "openCase": null})), None);
    }
}
