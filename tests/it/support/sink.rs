//! A recording sink on a socket of its own, whose answers are scripted down to the byte.
//!
//! It speaks just enough HTTP/1.1 by itself: a library would not let a test drip, cut off or reset an answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a test waits for requests before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub at: Instant,
    /// Which connection it came over, from 0.
    pub connection: usize,
}

/// What the sink does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Answers with this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, Bytes),
    /// Answers with this status, after a while.
    Later(Duration, u16),
    /// Reads the request and never answers.
    Hang,
    /// Answers 200 and sends one byte of a body without end in each interval.
    Drip(Duration),
    /// Answers 200, announces more than it sends, and closes.
    CutOff,
    /// Resets the connection.
    Reset,
    /// Answers something that is not HTTP.
    Garbage,
}

type Script = dyn Fn(usize, &Received) -> Reply + Send + Sync;

/// A running sink. It stops when dropped.
pub(crate) struct Sink {
    address: SocketAddr,
    log: Arc<Log>,
    _serving: JoinSet<()>,
}

struct Log {
    requests: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    script: Box<Script>,
}

impl Reply {
    /// An answer with no more than a status.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), Bytes::new())
    }
}

impl Received {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl Sink {
    /// A sink that answers as `script` says, which is given the number of the request, from 0, and the request.
    pub(crate) async fn start(script: impl Fn(usize, &Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log { requests: Mutex::default(), count: watch::channel(0).0, script: Box::new(script) });
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&log)));
        Self { address, log, _serving: serving }
    }

    /// A sink that answers every request with `status`.
    pub(crate) async fn answering(status: u16) -> Self {
        Self::start(move |_, _| Reply::status(status)).await
    }

    /// The URL of a path at this sink.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// What arrived so far, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.log.requests.lock().unwrap().clone()
    }

    /// Waits until `count` requests arrived, and gives all of them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut counted = self.log.count.subscribe();
        let arrived = tokio::time::timeout(PATIENCE, counted.wait_for(|&seen| seen >= count)).await;
        assert!(arrived.is_ok(), "{count} requests were expected, {} came", self.received().len());
        self.received()
    }
}

async fn accept(listener: TcpListener, log: Arc<Log>) {
    let mut connections = JoinSet::new();
    for connection in 0.. {
        tokio::select! {
            Ok((stream, _)) = listener.accept() => {
                connections.spawn(serve(stream, connection, Arc::clone(&log)));
            }
            else => return,
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, connection: usize, log: Arc<Log>) {
    let mut buffer = BytesMut::new();
    while let Some(received) = read(&mut stream, &mut buffer, connection).await {
        let number = {
            let mut requests = log.requests.lock().unwrap();
            requests.push(received.clone());
            requests.len() - 1
        };
        let reply = (log.script)(number, &received);
        log.count.send_modify(|count| *count += 1);
        if !answer(&mut stream, reply).await {
            return;
        }
    }
}

async fn read(stream: &mut TcpStream, buffer: &mut BytesMut, connection: usize) -> Option<Received> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer.split_to(end + 4).to_vec()).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let mut request_line = lines.next()?.split(' ').map(str::to_owned);
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer.split_to(length).freeze();
    Some(Received { method: request_line.next()?, path: request_line.next()?, headers, body, at: Instant::now(), connection })
}

/// Says whether the connection is kept.
async fn answer(stream: &mut TcpStream, reply: Reply) -> bool {
    match reply {
        Reply::Later(wait, status) => {
            tokio::time::sleep(wait).await;
            Box::pin(answer(stream, Reply::status(status))).await
        }
        Reply::Answer(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                for part in [name, ": ", &value, "\r\n"] {
                    head.push_str(part);
                }
            }
            head.push_str("\r\n");
            stream.write_all(&[head.as_bytes(), &body].concat()).await.is_ok()
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drip(interval) => {
            let mut piece: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            while stream.write_all(piece).await.is_ok() {
                tokio::time::sleep(interval).await;
                piece = b"1\r\nx\r\n";
            }
            false
        }
        Reply::CutOff => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
            false
        }
        Reply::Reset => {
            stream.set_zero_linger().unwrap();
            false
        }
        Reply::Garbage => {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await;
            false
        }
    }
}
