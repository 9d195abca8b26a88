//! The ceiling: what any router of this shape pays without a store. It receives with bare hyper, parses the event, answers 202,
//! signs with HMAC-SHA256 and forwards over kept connections of bare hyper. Nothing is kept, matched, retried or bounded by rate.
//!
//! `ceiling SINK FAN_OUT` listens on a free port and prints it. Each event goes to `http://SINK/0` and so on.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::{Result, message};

/// Connections to the sink, as many as a subscription of the benchmark may have open.
pub(crate) const CONNECTIONS: usize = 32;

/// Events that wait for a connection, each.
const WAITING: usize = 64;

/// The parts of an event that a router has to look at.
#[derive(Deserialize)]
struct Parsed<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Hands events to the connections in turn.
struct Forwarder {
    connections: Vec<mpsc::Sender<Bytes>>,
    next: AtomicUsize,
}

/// The role.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let [sink, fan_out] = arguments else { return Err("usage: ceiling SINK FAN_OUT".into()) };
    let fan_out: usize = fan_out.parse()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(sink, fan_out))
}

async fn serve(sink: &str, fan_out: usize) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let mut tasks = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let (sender, events) = mpsc::channel(WAITING);
        connections.push(sender);
        let sink = sink.to_owned();
        tasks.spawn(async move {
            if let Err(error) = forward(sink, fan_out, events).await {
                eprintln!("ceiling: {error}");
            }
        });
    }
    let forwarder = Arc::new(Forwarder { connections, next: AtomicUsize::new(0) });
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let forwarder = Arc::clone(&forwarder);
        tasks.spawn(async move {
            let service = service_fn(move |request| accept(Arc::clone(&forwarder), request));
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn accept(forwarder: Arc<Forwarder>, request: Request<Incoming>) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let answer = |status: StatusCode, body: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        *response.status_mut() = status;
        Ok(response)
    };
    let Ok(body) = request.into_body().collect().await else { return answer(StatusCode::BAD_REQUEST, "") };
    let body = body.to_bytes();
    let is_event = serde_json::from_slice::<Parsed<'_>>(&body).is_ok_and(|event| {
        let attributes = [event.specversion, event.id, event.source, event.event_type, event.data.get()];
        attributes.iter().all(|attribute| !attribute.is_empty())
    });
    if !is_event {
        return answer(StatusCode::BAD_REQUEST, "");
    }
    let turn = forwarder.next.fetch_add(1, Ordering::Relaxed) % forwarder.connections.len();
    match forwarder.connections[turn].send(body).await {
        Ok(()) => answer(StatusCode::ACCEPTED, r#"{"id":"evt_00000000000000000000000000","duplicate":false,"deliveries":1}"#),
        Err(_) => answer(StatusCode::SERVICE_UNAVAILABLE, ""),
    }
}

/// Signs and forwards events over one connection.
async fn forward(sink: String, fan_out: usize, mut events: mpsc::Receiver<Bytes>) -> Result<()> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
    let mut connection = Connection::to(&sink);
    while let Some(body) = events.recv().await {
        for subscription in 0..fan_out {
            let timestamp = (message::now() / 1_000_000).to_string();
            let id = "evt_00000000000000000000000000";
            let mut context = hmac::Context::with_key(&key);
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body] {
                context.update(part);
            }
            let request = Request::post(format!("/{subscription}"))
                .header("host", &sink)
                .header("content-type", "application/cloudevents+json; charset=utf-8")
                .header("webhook-id", id)
                .header("webhook-timestamp", timestamp)
                .header("webhook-signature", format!("v1,{}", STANDARD.encode(context.sign())))
                .body(Full::new(body.clone()))?;
            connection.send(request).await?;
        }
    }
    Ok(())
}
