//! The connections of the server, each with a switch that cuts it while a handler still runs.
//!
//! An HTTP library answers every request; a connection that ends *without* an answer, or in the
//! middle of one, can only be had below it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const NO_LIMIT: usize = usize::MAX;

/// Cuts one connection.
#[derive(Debug, Clone)]
pub(crate) struct Switch(Arc<State>);

#[derive(Debug)]
struct State {
    /// Bytes that may still be written.
    left: AtomicUsize,
    is_reset: AtomicBool,
}

impl Switch {
    /// Closes the connection before anything else is written.
    pub(crate) fn close(&self) {
        self.0.left.store(0, Ordering::SeqCst);
    }

    /// Resets the connection (RST) after this many more bytes.
    pub(crate) fn reset_after(&self, bytes: usize) {
        self.0.is_reset.store(true, Ordering::SeqCst);
        self.0.left.store(bytes, Ordering::SeqCst);
    }
}

/// A listener whose connections can be cut.
#[derive(Debug)]
pub(crate) struct Wires(pub(crate) TcpListener);

impl Listener for Wires {
    type Io = Wire;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Wire, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let state = State { left: AtomicUsize::new(NO_LIMIT), is_reset: AtomicBool::new(false) };
        (Wire { stream, switch: Switch(Arc::new(state)) }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Wires>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Wires>) -> Self {
        stream.io().switch.clone()
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    switch: Switch,
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, switch: Switch(state) } = self.get_mut();
        let left = state.left.load(Ordering::SeqCst);
        if left == NO_LIMIT {
            return Pin::new(stream).poll_write(context, bytes);
        }
        if left == 0 {
            if state.is_reset.load(Ordering::SeqCst) {
                // With this, the close that follows is a reset.
                stream.set_zero_linger()?;
            }
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let allowed = &bytes[..bytes.len().min(left)];
        let written = Pin::new(stream).poll_write(context, allowed);
        if let Poll::Ready(Ok(count)) = written {
            state.left.store(left - count, Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
