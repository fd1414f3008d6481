//! The faults of the external systems, set and counted over their admin interface.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use reqwest::Client;
use serde_json::Value;

use super::plan::Plan;
use crate::simulator;
use crate::stack::StackState;

/// How often each kind hit.
pub(super) type Hits = BTreeMap<String, u64>;

pub(super) async fn set(client: &Client, state: &StackState, plan: &Plan) -> Result<()> {
    for planned in &plan.systems {
        let url =
            format!("{}/admin/systems/{}/faults", state.endpoint(simulator::URL)?, planned.system);
        let answer = client.put(url).json(&planned.faults).send().await?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        anyhow::ensure!(status.is_success(), "{} refuses its faults: {text}", planned.system);
    }
    Ok(())
}

/// Stops all faults; answers how often each kind hit, 0 included.
pub(super) async fn stop(client: &Client, state: &StackState) -> Result<Hits> {
    let url = format!("{}/admin/faults", state.endpoint(simulator::URL)?);
    client.delete(&url).send().await?.error_for_status()?;
    let listing: Value = client.get(&url).send().await?.error_for_status()?.json().await?;
    let hits = listing["hitsByKind"].as_object().context("no hits")?;
    Ok(hits.iter().map(|(kind, n)| (kind.clone(), n.as_u64().unwrap_or(0))).collect())
}

/// Orders that an external system gave a business reason to stop: rejected, or told both ways.
pub(super) async fn business_faults(
    client: &Client,
    state: &StackState,
) -> Result<BTreeSet<String>> {
    let url = format!("{}/admin/requests", state.endpoint(simulator::URL)?);
    let all: Value = client.get(&url).send().await?.error_for_status()?.json().await?;
    let requests = all["requests"].as_array().context("no requests")?;
    Ok(requests.iter().filter_map(order_with_a_reason).collect())
}

/// The order of a request that was rejected, or told both ways.
fn order_with_a_reason(request: &Value) -> Option<String> {
    let has_reason =
        request["status"] == "REJECTED" || request["callbackFault"]["kind"] == "CONTRADICTORY";
    request["request"]["orderId"].as_str().filter(|_| has_reason).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rejection_and_a_contradiction_are_reasons_to_stop_and_a_delay_is_none() {
        let request = |status: &str, fault: Value| {
            let request =
                json!({"request": {"orderId": "o"}, "status": status, "callbackFault": fault});
            order_with_a_reason(&request)
        };
        let order = Some("o".to_owned());

        assert_eq!(request("COMPLETED", json!({"kind": "CONTRADICTORY"})), order);
        assert_eq!(request("REJECTED", Value::Null), order);
        assert_eq!(request("COMPLETED", json!({"kind": "DELAYED", "delayMs": 1})), None);
    }
}
