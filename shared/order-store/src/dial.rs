//! A connection on its way before anybody knows the login.
//!
//! Secret and database are reached one after the other, because the login is in the secret; the
//! server's fork for a new connection needs neither. Who knows the address beforehand has both at
//! the same time (`docs/adr/0022`).

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use deadpool_postgres::Connect;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, Error, Socket};

/// Longer than a reachable server needs; afterwards the usual way is tried.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// From when on a silent peer is asked whether it lives.
pub(crate) const KEEPALIVES_IDLE: Duration = Duration::from_secs(20);
/// How long sent bytes may stay unacknowledged.
pub(crate) const TCP_USER_TIMEOUT: Duration = Duration::from_secs(10);

/// `host:port` of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseAddress {
    host: String,
    port: u16,
}

/// A TCP connection to a database that waits for somebody to log in.
pub struct Dialed {
    address: DatabaseAddress,
    stream: TcpStream,
}

impl DatabaseAddress {
    /// Reads `host:port`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let is_name = |x: &&str| !x.is_empty() && !x.contains([':', '/', ' ']);
        let host = Some(host).filter(is_name)?.to_owned();
        Some(Self { host, port: port.parse().ok().filter(|port| *port != 0)? })
    }

    pub(crate) fn is(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port == port
    }

    /// Connects, with the settings that every connection to a database has.
    ///
    /// `None` when that fails: then the login takes the usual way, and says what is wrong.
    pub async fn dial(self) -> Option<Dialed> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.ok()?.ok()?;
        let is_set_up = stream.set_nodelay(true).and_then(|()| {
            let socket = SockRef::from(&stream);
            socket.set_tcp_user_timeout(Some(TCP_USER_TIMEOUT))?;
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVES_IDLE))
        });
        is_set_up.ok().map(|()| Dialed { address: self, stream })
    }
}

impl Dialed {
    /// The connection, if it leads there.
    pub(crate) fn to(self, host: &str, port: u16) -> Option<TcpStream> {
        if !self.address.is(host, port) {
            tracing::warn!("the database is not where OMS_DATABASE_ADDRESS says");
            return None;
        }
        Some(self.stream)
    }
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dialed").field(&self.address).finish()
    }
}

/// Opens the pool's connections; the first one on the stream that was dialed, if there is one.
pub(crate) struct Connector<T> {
    tls: T,
    host: String,
    dialed: Mutex<Option<TcpStream>>,
}

impl<T> Connector<T> {
    pub(crate) fn new(tls: T, host: &str, dialed: Option<TcpStream>) -> Self {
        Self { tls, host: host.to_owned(), dialed: Mutex::new(dialed) }
    }
}

type Connecting<'a> =
    std::pin::Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

impl<T> Connect for Connector<T>
where
    T: MakeTlsConnect<Socket> + MakeTlsConnect<TcpStream> + Clone + Send + Sync + 'static,
    <T as MakeTlsConnect<Socket>>::TlsConnect: Send + Sync,
    <T as MakeTlsConnect<Socket>>::Stream: Send + Sync,
    <<T as MakeTlsConnect<Socket>>::TlsConnect as TlsConnect<Socket>>::Future: Send,
    <T as MakeTlsConnect<TcpStream>>::TlsConnect: Send + Sync,
    <T as MakeTlsConnect<TcpStream>>::Stream: Send + Sync,
    <<T as MakeTlsConnect<TcpStream>>::TlsConnect as TlsConnect<TcpStream>>::Future: Send,
{
    fn connect(&self, config: &Config) -> Connecting<'_> {
        let (config, mut tls) = (config.clone(), self.tls.clone());
        let dialed = self.dialed.lock().ok().and_then(|mut x| x.take()).and_then(|stream| {
            let tls = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, &self.host);
            tls.ok().map(|tls| (stream, tls))
        });
        Box::pin(async move {
            if let Some((stream, raw_tls)) = dialed {
                match config.connect_raw(stream, raw_tls).await {
                    Ok((client, connection)) => {
                        return Ok((client, tokio::spawn(until_closed(connection))));
                    }
                    // The server itself refused, and would again.
                    Err(refused) if refused.as_db_error().is_some() => return Err(refused),
                    // It died since it was dialed; the usual way finds out whether that lasts.
                    Err(_broken) => {}
                }
            }
            let (client, connection) = config.connect(tls).await?;
            Ok((client, tokio::spawn(until_closed(connection))))
        })
    }
}

/// Drives a connection; how it ended is heard by whoever waits for an answer.
async fn until_closed(connection: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = connection.await {
        tracing::warn!(error = %error, "the connection to the database broke");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::{ClientConfig, RootCertStore};
    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::{DatabaseSettings, Store};

    const HOST: &str = "127.0.0.1";

    /// Somebody who listens and never answers.
    async fn silent() -> (TcpListener, u16) {
        let listener = TcpListener::bind((HOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, port)
    }

    fn settings(port: u16, sslmode: &str) -> DatabaseSettings {
        let secret = json!({ "host": HOST, "port": port, "dbname": "oms", "username": "u",
            "password": "p", "sslmode": sslmode });
        DatabaseSettings::parse(&secret.to_string().into()).unwrap()
    }

    /// Logs in at `port` over what was dialed, for as long as `watch` takes.
    async fn log_in(dialed: Dialed, port: u16, watch: impl Future<Output = ()>) {
        let settings = settings(port, "disable");
        tokio::select! {
            opened = Store::connect_on(Some(dialed), &settings, None, 1) => panic!("{opened:?}"),
            () = watch => {}
        }
    }

    /// The driver's first message; its second word is the version of the protocol, 3.0.
    async fn first_message(listener: &TcpListener) -> [u8; 8] {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = [0; 8];
        stream.read_exact(&mut head).await.unwrap();
        head
    }

    async fn dial(port: u16) -> Option<Dialed> {
        DatabaseAddress::parse(&format!("{HOST}:{port}")).unwrap().dial().await
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let address = DatabaseAddress::parse("db.example.com:5432").unwrap();

        assert!(address.is("db.example.com", 5432));
        for wrong in ["", "db", ":5432", "db:", "db:0", "db:70000", "a:b:5432", "::1", "a/b:1"] {
            assert_eq!(DatabaseAddress::parse(wrong), None, "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn the_login_goes_over_the_connection_that_was_dialed() {
        let (listener, port) = silent().await;
        let dialed = dial(port).await.unwrap();

        log_in(dialed, port, async {
            assert_eq!(first_message(&listener).await[4..], [0, 3, 0, 0]);
        })
        .await;
    }

    #[tokio::test]
    async fn what_was_dialed_elsewhere_is_closed_and_not_used() {
        let ((elsewhere, other_port), (database, port)) = (silent().await, silent().await);
        let dialed = dial(other_port).await.unwrap();

        log_in(dialed, port, async {
            assert_eq!(first_message(&database).await[4..], [0, 3, 0, 0]);
            let (mut stream, _) = elsewhere.accept().await.unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        })
        .await;
    }

    #[tokio::test]
    async fn a_connection_that_died_since_it_was_dialed_is_replaced() {
        let (listener, port) = silent().await;
        let dialed = dial(port).await.unwrap();
        drop(listener.accept().await.unwrap());

        log_in(dialed, port, async {
            assert_eq!(first_message(&listener).await[4..], [0, 3, 0, 0]);
        })
        .await;
    }

    /// The next client asks for TLS, is told that there is none, and says nothing more.
    async fn refuses_plain_text(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 8];
        stream.read_exact(&mut question).await.unwrap();
        assert_eq!(question[4..], 80_877_103_u32.to_be_bytes());
        stream.write_all(b"N").await.unwrap();
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_server_without_tls_hears_neither_user_nor_password() {
        let (listener, port) = silent().await;
        let dialed = dial(port).await;
        let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();

        let settings = settings(port, "verify-full");
        let (opened, ()) =
            tokio::join!(Store::connect_on(dialed, &settings, Some(tls), 1), async {
                refuses_plain_text(&listener).await;
                refuses_plain_text(&listener).await;
            });

        assert!(matches!(opened, Err(crate::StoreError::Connect(_))), "{opened:?}");
    }

    #[tokio::test]
    async fn where_nobody_listens_nothing_is_dialed() {
        let (listener, port) = silent().await;
        drop(listener);

        assert!(dial(port).await.is_none());
    }
}
