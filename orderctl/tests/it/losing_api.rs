//! An API that takes requests and loses answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It is taken, and the connection closed without an answer.
    Lost,
    /// It is taken, and the connection closed in the middle of the answer.
    Broken,
    /// It is answered.
    Answered(u16, String),
}

pub(crate) struct LosingApi {
    pub(crate) uri: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl LosingApi {
    /// The fates of the requests in turn; the last one is that of all further ones.
    pub(crate) async fn with(fates: &[Fate]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let requests: Arc<Mutex<Vec<String>>> = Arc::default();
        let mut fates: VecDeque<Fate> = fates.to_vec().into();
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = read(&mut stream).await;
                seen.lock().unwrap().push(request);
                let fate = if fates.len() > 1 { fates.pop_front() } else { fates.front().cloned() };
                let answer = match fate {
                    Some(Fate::Answered(status, body)) => answer(status, &body, body.len()),
                    Some(Fate::Broken) => answer(200, "{\"verdict\":", 100),
                    Some(Fate::Lost) | None => continue,
                };
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { uri, requests }
    }

    /// Every request as it came, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn answer(status: u16, body: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

/// Head and body of one request.
async fn read(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}
