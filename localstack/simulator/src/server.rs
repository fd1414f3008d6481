//! Start and stop: journal, resumed work, routes.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::app::{App, Shared};
use crate::journal::Journal;
use crate::secrets::{self, SecretsFile};
use crate::wire::{Switch, Wires};
use crate::world::World;
use crate::{admin, cancel, sources, targets, work};

const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;
/// How long open connections are waited for.
const STOP_LIMIT: Duration = Duration::from_secs(1);

/// Where a simulator listens and what it keeps.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address and port; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Folder of the journal; made when it is missing.
    pub state_dir: PathBuf,
    /// JSON object from secret id to value; may be written later.
    pub secrets_file: PathBuf,
    /// Callbacks on their way at the same time; the others wait, the longest due first.
    pub callbacks_in_flight: NonZeroUsize,
}

/// The default of [`Options::callbacks_in_flight`]: enough to keep two cores busy, and as many
/// processes as a receiver on the same machine can start, which may be one per callback.
pub const CALLBACKS_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// A running simulator.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    app: Shared,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Simulator {
    /// Rebuilds the world from the journal, resumes unfinished work, and listens.
    ///
    /// # Errors
    /// The state folder cannot be used, its journal is damaged or in use, or the port is taken.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        // A second installation in one process is refused, which is fine: the first one serves.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        std::fs::create_dir_all(&options.state_dir)
            .with_context(|| format!("cannot make {}", options.state_dir.display()))?;
        let (journal, records) = Journal::open(&options.state_dir.join("journal.jsonl"))?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(2))
            .no_proxy()
            .build()?;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let address = listener.local_addr()?;
        let secrets = SecretsFile::new(options.secrets_file);
        let sender = (client, options.callbacks_in_flight.get());
        let app = App::new(World::replay(&records), journal, secrets, sender);
        for key in app.read(World::unfinished) {
            app.spawn(work::run(app.clone(), key, None));
        }
        let (stop, stopped) = oneshot::channel();
        let serve = axum::serve(
            Wires(listener),
            routes(app.clone()).into_make_service_with_connect_info::<Switch>(),
        )
        .with_graceful_shutdown(async {
            // Asked to stop, or the simulator was dropped: the same.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the server ended");
            }
        });
        Ok(Self { address, app, stop, server })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL of everything: `…/INVENTORY`, `…/CPQ`, `…/admin`, `…/secretsmanager`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends work in flight wherever it stands and releases port and journal.
    pub async fn stop(self) {
        // An error means that the server has ended by itself.
        let _ = self.stop.send(());
        self.app.close().await;
        let mut server = self.server;
        if tokio::time::timeout(STOP_LIMIT, &mut server).await.is_err() {
            server.abort();
        }
    }
}

fn routes(app: Shared) -> Router {
    let behaviour =
        || get(admin::behaviour).put(admin::put_behaviour).delete(admin::reset_behaviour);
    Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/secretsmanager/get", get(secrets::get))
        .route("/{system}/requests", post(targets::submit))
        .route("/{system}/requests/{request_id}", get(targets::query))
        .route("/{system}/requests/{request_id}/cancel", post(cancel::cancel))
        .route("/CPQ/quotes/{quote_id}/revisions/{revision}", get(sources::quote))
        .route("/CUSTOMER/customers/{id}", get(sources::customer))
        .route("/BILLING_ACCOUNT/billing-accounts/{id}", get(sources::billing_account))
        .route("/admin/ledger", get(admin::ledger))
        .route("/admin/requests", get(admin::requests))
        .route("/admin/quotes", get(admin::quotes).put(admin::put_quote))
        .route("/admin/customers/{id}", put(admin::put_customer))
        .route("/admin/billing-accounts/{id}", put(admin::put_billing_account))
        .route("/admin/systems/{system}/behaviour", behaviour())
        .route("/admin/systems/{system}/behaviour/{operation}", behaviour())
        .route("/admin/systems/{system}/faults", put(admin::put_faults))
        .route("/admin/systems/{system}/faults/{operation}", put(admin::put_faults))
        .route("/admin/faults", get(admin::faults).delete(admin::stop_faults))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(app)
}
