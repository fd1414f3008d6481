//! An order that falls out at two steps at once, and the two people who repair it with orderctl.
//!
//! Nothing is done behind the product's back: what people do here, they do by the commands that are
//! printed, with tokens of their own.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::Client;
use serde_json::json;

use super::view::{CaseView, OrderView};
use crate::aws::ORDERS_API_URL;
use crate::cli::TokenArguments;
use crate::orders_api::OrdersApi;
use crate::progress::Progress;
use crate::secrets::TENANT;
use crate::session::Session;
use crate::stack::{StackLayout, StackState};
use crate::{simulator, token, tools, wait};

/// Who rejects what: system, operation, reason.
const REJECTIONS: [(&str, &str, &str); 2] = [
    ("LOGISTICS", "ship-router", "INVENTORY_NOT_AVAILABLE"),
    ("PROVISIONING", "provision-firewall-policy", "POLICY_TEMPLATE_MISSING"),
];
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(250);
/// Longer than any demo.
const TOKEN_SECONDS: u32 = 3600;

/// Works on cases, and who approves what she asks for.
const OPERATOR: (&str, &str) = ("olga", "order-operator");
const SUPERVISOR: (&str, &str) = ("sven", "order-supervisor");

/// The systems that reject, and the command line that repairs.
pub(super) struct Trouble {
    client: Client,
    simulator: String,
    api: String,
    orderctl: PathBuf,
}

/// Builds orderctl and lets two systems reject their steps.
pub(super) async fn prepare(
    session: &Session,
    client: &Client,
    state: &StackState,
) -> Result<Trouble> {
    let step = session.progress.step("build orderctl");
    let mut cargo = tools::command(&session.layout, "cargo");
    cargo
        .args(["build", "--locked", "--package", "orderctl", "--bin", "orderctl"])
        .current_dir(session.layout.workspace());
    tools::run(&session.layout, &step, "build-orderctl", &mut cargo).await?;
    step.done("built");
    let trouble = Trouble {
        client: client.clone(),
        simulator: state.endpoint(simulator::URL)?.to_owned(),
        api: state.endpoint(ORDERS_API_URL)?.to_owned(),
        orderctl: session.layout.build_dir().join("debug/orderctl"),
    };
    for (system, operation, reason) in REJECTIONS {
        let behaviour = json!({"mode": "SYNC", "outcome": "REJECTED", "reasonCode": reason});
        let call = client.put(trouble.behaviour(system, operation)).json(&behaviour);
        call.send().await?.error_for_status().context("the simulator refuses the behaviour")?;
    }
    Ok(trouble)
}

impl Trouble {
    fn behaviour(&self, system: &str, operation: &str) -> String {
        format!("{}/admin/systems/{system}/behaviour/{operation}", self.simulator)
    }

    /// Waits until both steps have a case, and lets two people repair them.
    pub(super) async fn repair(
        &self,
        session: &Session,
        api: &OrdersApi,
        order_id: &str,
    ) -> Result<()> {
        let [stock, policy] = self.two_cases(session, api, order_id).await?;
        for (system, operation, _) in REJECTIONS {
            let call = self.client.delete(self.behaviour(system, operation));
            call.send().await?.error_for_status().context("the simulator keeps rejecting")?;
        }
        let say = |text: &str| session.progress.say(&format!("\n● {text}"));
        let layout = &session.layout;
        say("Olga, an operator, asks why the order does not go on.");
        let explain = ["orders", "explain", order_id];
        self.orderctl(layout, &session.progress, (OPERATOR, &explain)).await?;
        say("Routers are in stock again: she looks at what a retry does, and does it.");
        let stock = stock.fallout_case_id.as_str();
        let retry = ["cases", "act", order_id, stock, "retry-step", "--reason", "STOCK_ARRIVED"];
        let preview = [&retry[..], &["--preview"]].concat();
        self.orderctl(layout, &session.progress, (OPERATOR, &preview)).await?;
        self.orderctl(layout, &session.progress, (OPERATOR, &retry)).await?;
        say("The firewall was set up by hand meanwhile: that takes evidence and a second person.");
        let policy = policy.fallout_case_id.as_str();
        let settle = [
            &["cases", "act", order_id, policy, "settle-outcome", "--reason", "DONE_BY_HAND"][..],
            &["--finding", "DONE_OUTSIDE", "--evidence", "change CHG-4711, seen on the device"],
        ]
        .concat();
        self.orderctl(layout, &session.progress, (OPERATOR, &settle)).await?;
        say("Sven, a supervisor, approves.");
        let approve = ["cases", "act", order_id, policy, "approve", "--reason", "EVIDENCE_SEEN"];
        self.orderctl(layout, &session.progress, (SUPERVISOR, &approve)).await?;
        say("The order goes on by itself.");
        Ok(())
    }

    /// The story of the order, as operations sees it.
    pub(super) async fn show_timeline(&self, session: &Session, order_id: &str) -> Result<()> {
        let timeline = ["orders", "timeline", order_id];
        self.orderctl(&session.layout, &session.progress, (OPERATOR, &timeline)).await
    }

    async fn two_cases(
        &self,
        session: &Session,
        api: &OrdersApi,
        order_id: &str,
    ) -> Result<[CaseView; 2]> {
        let step = session.progress.step("fallout");
        let started = Instant::now();
        loop {
            if let Ok(view) = api.order::<OrderView>(order_id).await {
                step.note(&view.headline());
                let with = |reason: &str| {
                    view.fallout_cases
                        .iter()
                        .find(|x| x.reason_code == reason && x.status == "OPEN")
                };
                if let (Some(one), Some(other)) = (with(REJECTIONS[0].2), with(REJECTIONS[1].2)) {
                    let both = [one.clone(), other.clone()];
                    step.done("two steps are rejected, the order is in FALLOUT");
                    return Ok(both);
                }
            }
            if started.elapsed() > PATIENCE {
                bail!("order {order_id} did not fall out within {} s", PATIENCE.as_secs());
            }
            wait::pause(PAUSE).await;
        }
    }

    /// Runs a command of orderctl as this person, and shows both.
    async fn orderctl(
        &self,
        layout: &StackLayout,
        progress: &Progress,
        ((subject, role), arguments): ((&str, &str), &[&str]),
    ) -> Result<()> {
        let caller = TokenArguments {
            tenant: TENANT.to_owned(),
            scope: vec!["orders:write".to_owned(), "orders:read".to_owned()],
            role: vec![role.to_owned()],
            subject: subject.to_owned(),
            ttl: TOKEN_SECONDS,
        };
        progress.say(&format!("{subject}$ orderctl {}", shown(arguments)));
        let output = tools::command(layout, &self.orderctl)
            .args(arguments)
            .env("ORDERCTL_API", &self.api)
            .env("ORDERCTL_TOKEN", token::mint(layout, &caller)?)
            .output()
            .await
            .context("cannot run orderctl")?;
        let text = String::from_utf8_lossy(&output.stdout);
        progress.say(text.trim_end());
        if !output.status.success() {
            bail!("orderctl failed: {}", String::from_utf8_lossy(&output.stderr).trim_end());
        }
        Ok(())
    }
}

/// The arguments as a shell would take them.
fn shown(arguments: &[&str]) -> String {
    let quoted = |x: &&str| if x.contains(' ') { format!("'{x}'") } else { (*x).to_owned() };
    arguments.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_can_be_typed() {
        assert_eq!(shown(&["cases", "--evidence", "seen by me"]), "cases --evidence 'seen by me'");
    }
}
