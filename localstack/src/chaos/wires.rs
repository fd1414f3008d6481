//! The wires between functions and their database and engine, spoilt on purpose.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::Result;
use fault_proxy::{Connections, Fault, FaultProxy, Hits as ProxyHits};

use super::plan::{Wire, WireFault};
use crate::stack::{StackLayout, StackState};
use crate::{engine, postgres, wait};

/// What a slow wire adds each way.
const LATENCY: Duration = Duration::from_millis(150);
/// Scheduled functions begin anew once a minute.
const TICK: Duration = Duration::from_secs(65);
const LOOK: Duration = Duration::from_millis(100);

/// One proxy per wire; functions are deployed with their addresses.
pub(super) struct Wires {
    database: FaultProxy,
    engine: FaultProxy,
}

impl Wires {
    /// Puts a proxy before both; the servers need not run yet.
    pub(super) async fn lay(layout: &StackLayout) -> Result<Self> {
        let database = proxy(layout, postgres::COMPONENT).await?;
        let engine = proxy(layout, engine::COMPONENT).await?;
        StackState::update(layout, |state| {
            state.detours.insert(postgres::COMPONENT.to_owned(), database.addr().port());
            state.detours.insert(engine::COMPONENT.to_owned(), engine.addr().port());
            Ok(())
        })?;
        Ok(Self { database, engine })
    }

    /// Spoils one wire for a while, and until something went over it: functions that were killed
    /// just before wait for their next tick. Answers whether anything did.
    pub(super) async fn spoil(&self, wire: Wire, fault: WireFault) -> Result<bool> {
        let proxy = match wire {
            Wire::Database => &self.database,
            Wire::Engine => &self.engine,
        };
        let before = count(fault, proxy.hits());
        let (set, time) = match fault {
            WireFault::Latency => {
                let fault = Fault::Latency { towards_upstream: LATENCY, towards_client: LATENCY };
                (fault, Duration::from_secs(4))
            }
            WireFault::Reset => (Fault::Reset(Connections::All), Duration::from_secs(2)),
            WireFault::Blackhole => (Fault::Blackhole, Duration::from_secs(12)),
        };
        proxy.set(set).await?;
        wait::pause(time).await;
        let spoilt = Instant::now();
        while count(fault, proxy.hits()) == before && spoilt.elapsed() < TICK {
            wait::pause(LOOK).await;
        }
        proxy.set(Fault::None).await?;
        if fault == WireFault::Blackhole {
            // What was swallowed stays swallowed: those connections are of no use any more.
            proxy.set(Fault::Reset(Connections::Established)).await?;
            proxy.set(Fault::None).await?;
        }
        Ok(count(fault, proxy.hits()) > before)
    }

    /// Functions that are deployed from now on go straight again.
    pub(super) fn clear(layout: &StackLayout) -> Result<()> {
        StackState::update(layout, |state| {
            state.detours.clear();
            Ok(())
        })
    }
}

/// Every kind of fault of every wire, for the table: 0 hits is a finding.
pub(super) fn kinds(wire: Wire, fault: WireFault) -> &'static str {
    match (wire, fault) {
        (Wire::Database, WireFault::Latency) => "DATABASE_SLOW",
        (Wire::Database, WireFault::Reset) => "DATABASE_RESET",
        (Wire::Database, WireFault::Blackhole) => "DATABASE_SILENT",
        (Wire::Engine, WireFault::Latency) => "ENGINE_SLOW",
        (Wire::Engine, WireFault::Reset) => "ENGINE_RESET",
        (Wire::Engine, WireFault::Blackhole) => "ENGINE_SILENT",
    }
}

const fn count(fault: WireFault, hits: ProxyHits) -> u64 {
    match fault {
        WireFault::Latency => hits.latency,
        WireFault::Reset => hits.reset,
        WireFault::Blackhole => hits.blackhole,
    }
}

async fn proxy(layout: &StackLayout, component: &str) -> Result<FaultProxy> {
    let port = match StackState::load(layout)?.alive(component).and_then(|x| x.port) {
        Some(port) => port,
        None => StackState::reserve_port(layout, component)?,
    };
    let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Ok(FaultProxy::start(upstream).await?)
}
