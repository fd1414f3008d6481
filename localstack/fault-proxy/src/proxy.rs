//! The listener, and the one task that owns all connections.
//!
//! Setting a fault is a message to that task: no connection is accepted while it takes effect, and
//! the answer comes when it holds everywhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::fault::{Board, Fault, Hits};
use crate::link::{Link, reset};

const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const BACKLOG: u32 = 128;

/// A proxy in this process; everything ends when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    board: Arc<Board>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Order {
    fault: Fault,
    done: oneshot::Sender<io::Result<()>>,
}

/// Whether anybody listens at the address.
#[derive(Debug)]
enum Port {
    Open(TcpListener),
    /// Bound without listening: connecting is refused, and nobody else can have the port.
    Closed(TcpSocket),
    /// It could not be had again.
    Lost,
}

#[derive(Debug)]
struct Keeper {
    address: SocketAddr,
    upstream: SocketAddr,
    board: Arc<Board>,
    port: Port,
    links: Vec<Link>,
}

impl FaultProxy {
    /// Listens on a free port of this machine and passes everything on to `upstream`.
    ///
    /// # Errors
    /// No port can be had.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let board = Arc::new(Board::new());
        let (orders, inbox) = mpsc::unbounded_channel();
        let port = Port::Open(listener);
        let keeper = Keeper { address, upstream, board: board.clone(), port, links: Vec::new() };
        let task = tokio::spawn(keeper.run(inbox));
        Ok(Self { address, board, orders, task })
    }

    /// Where clients connect.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the fault; it holds for all connections when this returns.
    ///
    /// # Errors
    /// The port cannot be opened again after [`Fault::Refuse`].
    pub async fn set(&self, fault: Fault) -> io::Result<()> {
        let (done, answer) = oneshot::channel();
        let ended = || io::Error::other("the proxy has ended");
        self.orders.send(Order { fault, done }).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    /// How often each fault struck since the start.
    #[must_use]
    pub fn hits(&self) -> Hits {
        self.board.hits()
    }

    /// Ends all connections and frees the port.
    pub async fn shutdown(mut self) {
        self.task.abort();
        // Aborted, which is what was asked for.
        let _ = (&mut self.task).await;
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Keeper {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Order>) {
        loop {
            tokio::select! {
                biased;
                order = inbox.recv() => {
                    let Some(Order { fault, done }) = order else { return };
                    let result = self.set(fault).await;
                    let _ = done.send(result);
                }
                client = self.port.accept() => self.take(client).await,
            }
        }
    }

    async fn set(&mut self, fault: Fault) -> io::Result<()> {
        self.board.set(fault);
        for mut link in std::mem::take(&mut self.links) {
            let is_blackhole = fault == Fault::Blackhole;
            if link.is_finished() {
                continue;
            }
            if link.is_silent() && !is_blackhole {
                link.reset().await;
                continue;
            }
            match fault {
                Fault::Reset(which) if which.has_established() => {
                    self.board.hit(fault);
                    link.reset().await;
                    continue;
                }
                Fault::Blackhole => link.silence(),
                Fault::HalfClose => link.half_close().await,
                Fault::None
                | Fault::Latency { .. }
                | Fault::Reset(_)
                | Fault::Truncate { .. }
                | Fault::Refuse => {}
            }
            self.links.push(link);
        }
        self.turn_port(fault != Fault::Refuse)
    }

    fn turn_port(&mut self, is_open: bool) -> io::Result<()> {
        self.port = match (std::mem::replace(&mut self.port, Port::Lost), is_open) {
            (Port::Closed(socket), true) => Port::Open(socket.listen(BACKLOG)?),
            (Port::Lost, true) => Port::Open(bound(self.address)?.listen(BACKLOG)?),
            (Port::Open(listener), false) => {
                drop(listener);
                Port::Closed(bound(self.address)?)
            }
            (unchanged, _) => unchanged,
        };
        Ok(())
    }

    async fn take(&mut self, client: TcpStream) {
        self.links.retain(|link| !link.is_finished());
        let (fault, _) = self.board.fault();
        match fault {
            Fault::Reset(which) if which.has_new() => {
                self.board.hit(fault);
                return reset(client);
            }
            Fault::Blackhole => {
                return self.links.push(Link::silent(client, self.board.clone()));
            }
            Fault::None
            | Fault::Latency { .. }
            | Fault::Reset(_)
            | Fault::HalfClose
            | Fault::Truncate { .. }
            | Fault::Refuse => {}
        }
        let connect = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(self.upstream));
        let Ok(Ok(upstream)) = connect.await else { return reset(client) };
        // Small messages of a dialogue must not wait for each other.
        let _ = (client.set_nodelay(true), upstream.set_nodelay(true));
        let mut link = Link::join(client, upstream, self.board.clone());
        if fault == Fault::HalfClose {
            link.half_close().await;
        }
        self.links.push(link);
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections of the past may still be in their time of waiting.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Port {
    /// The next connection; never, while nobody listens.
    async fn accept(&self) -> TcpStream {
        loop {
            match self {
                Self::Open(listener) => match listener.accept().await {
                    Ok((client, _)) => return client,
                    // One that was gone again; another one may come.
                    Err(_) => tokio::task::yield_now().await,
                },
                Self::Closed(_) | Self::Lost => std::future::pending().await,
            }
        }
    }
}
