//! As much HTTP/1.1 as a runtime client and a secrets client speak, without a framework.
//!
//! A blocking thread per connection answers within microseconds and allocates next to nothing,
//! so that what is measured is the function and not the bench.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};

/// A request of which only the target matters.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) target: String,
    /// When its head had been read.
    pub(super) at: Instant,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Reply {
    Answer {
        status: &'static str,
        headers: &'static str,
        body: String,
    },
    /// No answer, until the other side goes away.
    Hold,
}

/// Serves on a free loopback port until this process ends.
pub(super) fn serve(
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    let address = listener.local_addr()?;
    let handler = Arc::new(handler);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let handler = Arc::clone(&handler);
            // A client that was killed ends its thread with an error that concerns nobody.
            std::thread::spawn(move || drop(converse(&connection, handler.as_ref())));
        }
    });
    Ok(address)
}

fn converse(connection: &TcpStream, handler: &impl Fn(&Request) -> Reply) -> Result<()> {
    connection.set_nodelay(true)?;
    let (mut reader, mut writer) = (BufReader::new(connection), connection);
    while let Some(request) = read(&mut reader)? {
        match handler(&request) {
            Reply::Answer { status, headers, body } => {
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
                writer.write_all((head + &body).as_bytes())?;
            }
            // Reading ends when the client does.
            Reply::Hold => drop(reader.read_to_end(&mut Vec::new())?),
        }
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let target = line.split(' ').nth(1).context("not a request line")?.to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let at = Instant::now();
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Request { target, at, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_carries_several_requests_with_bodies() {
        let text = "POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhiGET /b?c HTTP/1.1\r\n\r\n";
        let mut reader = text.as_bytes();

        let first = read(&mut reader).unwrap().expect("a request");
        let second = read(&mut reader).unwrap().expect("another one");

        assert_eq!((first.target.as_str(), first.body.as_slice()), ("/a", "hi".as_bytes()));
        assert_eq!(second.target, "/b?c");
        assert!(read(&mut reader).unwrap().is_none());
    }
}
