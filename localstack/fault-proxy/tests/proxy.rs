//! Every fault on real sockets: an upstream that echoes, a client that looks.
//!
//! Nothing sleeps: a byte that went through and came back proves that a connection is established.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use fault_proxy::{Connections, Fault, FaultProxy, Hits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
/// How long silence is listened to.
const SILENCE: Duration = Duration::from_millis(150);

/// Echoes everything and tells what it has read; an empty text is the end of a stream.
struct Upstream {
    address: SocketAddr,
    heard: mpsc::UnboundedReceiver<Result<String, ErrorKind>>,
}

impl Upstream {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(echo(stream, tell.clone()));
            }
        });
        Self { address, heard }
    }

    async fn heard(&mut self) -> Result<String, ErrorKind> {
        timeout(PATIENCE, self.heard.recv()).await.expect("the upstream hears").unwrap()
    }
}

async fn echo(mut stream: TcpStream, tell: mpsc::UnboundedSender<Result<String, ErrorKind>>) {
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await;
        let text = read.map(|count| String::from_utf8_lossy(&buffer[..count]).into_owned());
        let is_end = text.as_ref().map_or(true, String::is_empty);
        let _ = tell.send(text.as_ref().map(String::clone).map_err(std::io::Error::kind));
        if is_end || stream.write_all(text.unwrap().as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn stage() -> (Upstream, FaultProxy) {
    let upstream = Upstream::start().await;
    let proxy = FaultProxy::start(upstream.address).await.unwrap();
    (upstream, proxy)
}

/// What the next read yields.
async fn read(stream: &mut TcpStream) -> Result<String, ErrorKind> {
    let mut buffer = [0; 1024];
    let read = timeout(PATIENCE, stream.read(&mut buffer)).await.expect("a read that ends");
    read.map(|count| String::from_utf8_lossy(&buffer[..count]).into_owned())
        .map_err(|error| error.kind())
}

async fn ask(stream: &mut TcpStream, text: &str) -> Result<String, ErrorKind> {
    stream.write_all(text.as_bytes()).await.map_err(|error| error.kind())?;
    read(stream).await
}

/// A connection that has been through the proxy and back.
async fn established(proxy: &FaultProxy, upstream: &mut Upstream) -> TcpStream {
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(ask(&mut stream, "hello").await.unwrap(), "hello");
    assert_eq!(upstream.heard().await.unwrap(), "hello");
    stream
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 16];
    timeout(SILENCE, stream.read(&mut buffer)).await.is_err()
}

#[tokio::test]
async fn without_a_fault_bytes_and_both_ends_of_the_stream_pass() {
    let (mut upstream, proxy) = stage().await;
    let mut stream = established(&proxy, &mut upstream).await;

    stream.shutdown().await.unwrap();

    assert_eq!(upstream.heard().await.unwrap(), "");
    assert_eq!(read(&mut stream).await.unwrap(), "");
    assert_eq!(proxy.hits(), Hits::default());
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_slow_line_takes_its_time_each_way() {
    let (mut upstream, proxy) = stage().await;
    let mut stream = established(&proxy, &mut upstream).await;
    let (towards_upstream, towards_client) = (Duration::from_millis(60), Duration::from_millis(30));
    proxy.set(Fault::Latency { towards_upstream, towards_client }).await.unwrap();
    let begun = Instant::now();

    let answer = ask(&mut stream, "x").await.unwrap();

    assert!(begun.elapsed() >= towards_upstream + towards_client, "{:?}", begun.elapsed());
    assert_eq!((answer.as_str(), proxy.hits().latency), ("x", 2));
    proxy.shutdown().await;
}

#[tokio::test]
async fn new_connections_are_reset_and_established_ones_left_alone() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Reset(Connections::New)).await.unwrap();

    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    let end = read(&mut new).await;

    assert_eq!(end, Err(ErrorKind::ConnectionReset));
    assert_eq!(ask(&mut old, "still").await.unwrap(), "still");
    assert_eq!(proxy.hits().reset, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn established_connections_are_reset_at_both_ends_and_new_ones_pass() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;

    proxy.set(Fault::Reset(Connections::Established)).await.unwrap();

    assert_eq!(read(&mut old).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(upstream.heard().await, Err(ErrorKind::ConnectionReset));
    established(&proxy, &mut upstream).await;
    assert_eq!(proxy.hits().reset, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn all_connections_are_reset_until_the_fault_is_lifted() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Reset(Connections::All)).await.unwrap();
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();

    assert_eq!(read(&mut old).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(read(&mut new).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(upstream.heard().await, Err(ErrorKind::ConnectionReset));
    proxy.set(Fault::None).await.unwrap();
    established(&proxy, &mut upstream).await;
    assert_eq!(proxy.hits().reset, 2);
    proxy.shutdown().await;
}

/// Nothing arrived, nothing comes back, and one connection was silenced.
async fn swallowed(mut stream: TcpStream, upstream: &mut Upstream, proxy: FaultProxy) {
    assert!(is_silent(&mut stream).await);
    assert!(upstream.heard.try_recv().is_err(), "nothing arrived");
    assert_eq!(proxy.hits().blackhole, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_black_hole_swallows_what_established_connections_say() {
    let (mut upstream, proxy) = stage().await;
    let mut stream = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Blackhole).await.unwrap();

    stream.write_all(b"lost").await.unwrap();

    swallowed(stream, &mut upstream, proxy).await;
}

#[tokio::test]
async fn a_black_hole_accepts_new_connections_and_never_answers() {
    let (mut upstream, proxy) = stage().await;
    proxy.set(Fault::Blackhole).await.unwrap();

    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(b"lost").await.unwrap();

    swallowed(stream, &mut upstream, proxy).await;
}

#[tokio::test]
async fn a_silenced_connection_is_reset_when_the_black_hole_is_lifted() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Blackhole).await.unwrap();
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    new.write_all(b"lost").await.unwrap();
    assert!(is_silent(&mut new).await);

    proxy.set(Fault::None).await.unwrap();

    assert_eq!(read(&mut old).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(read(&mut new).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(upstream.heard().await, Err(ErrorKind::ConnectionReset));
    established(&proxy, &mut upstream).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_half_closed_connection_ends_for_the_client_and_still_brings_its_bytes() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;
    proxy.set(Fault::HalfClose).await.unwrap();
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();

    for stream in [&mut old, &mut new] {
        assert_eq!(read(stream).await.unwrap(), "");
        stream.write_all(b"one way").await.unwrap();
        assert_eq!(upstream.heard().await.unwrap(), "one way");
    }

    assert_eq!(proxy.hits().half_close, 2);
    proxy.shutdown().await;
}

#[tokio::test]
async fn an_answer_is_cut_after_so_many_bytes_counted_from_the_setting() {
    let (mut upstream, proxy) = stage().await;
    let mut stream = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Truncate { after: 7 }).await.unwrap();

    assert_eq!(ask(&mut stream, "1234").await.unwrap(), "1234");
    assert_eq!(ask(&mut stream, "567890").await.unwrap(), "567");

    assert_eq!(read(&mut stream).await.unwrap(), "");
    assert_eq!(upstream.heard().await.unwrap(), "1234");
    assert_eq!(upstream.heard().await.unwrap(), "567890", "the question arrived whole");
    assert_eq!(proxy.hits().truncate, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn nobody_listens_until_the_fault_is_lifted_and_the_address_stays() {
    let (mut upstream, proxy) = stage().await;
    let mut old = established(&proxy, &mut upstream).await;
    proxy.set(Fault::Refuse).await.unwrap();
    proxy.set(Fault::Refuse).await.unwrap();

    let refused = TcpStream::connect(proxy.addr()).await.unwrap_err();

    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(ask(&mut old, "still").await.unwrap(), "still");
    assert_eq!(upstream.heard().await.unwrap(), "still");
    proxy.set(Fault::None).await.unwrap();
    established(&proxy, &mut upstream).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_dead_upstream_resets_the_client() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = FaultProxy::start(nobody).await.unwrap();

    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();

    assert_eq!(read(&mut stream).await, Err(ErrorKind::ConnectionReset));
    assert_eq!(proxy.hits(), Hits::default());
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_shut_down_proxy_leaves_no_connection_and_no_listener() {
    let (mut upstream, proxy) = stage().await;
    let mut stream = established(&proxy, &mut upstream).await;
    let address = proxy.addr();

    proxy.shutdown().await;

    let end = read(&mut stream).await;
    assert!(matches!(end.as_deref(), Ok("") | Err(ErrorKind::ConnectionReset)), "{end:?}");
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
