//! A small HTTP client that shows exactly what went over the wire.

use super::AMPLE;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

#[derive(Debug, Clone)]
enum Target {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Somebody who asks: where, and with which headers. A connection per request.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    target: Target,
    headers: Vec<(String, String)>,
}

impl Client {
    pub(super) fn tcp(address: SocketAddr) -> Self {
        Self {
            target: Target::Tcp(address),
            headers: Vec::new(),
        }
    }

    pub(super) fn unix(path: PathBuf) -> Self {
        Self {
            target: Target::Unix(path),
            headers: Vec::new(),
        }
    }

    /// The same with one header set.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a header.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body.to_string()).await
    }

    /// A body that claims to be JSON.
    pub(crate) async fn json(&self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        self.clone()
            .with("Content-Type", "application/json")
            .send(method, path, body.into())
            .await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Bytes) -> Answer {
        let answering = async {
            let response = self.ask(method.clone(), path, body).await;
            let (parts, body) = response.into_parts();
            Answer {
                status: parts.status,
                headers: parts.headers,
                body: body.collect().await.unwrap().to_bytes(),
            }
        };
        tokio::time::timeout(AMPLE, answering)
            .await
            .unwrap_or_else(|_elapsed| panic!("no answer to {method} {path}"))
    }

    /// An event stream.
    pub(crate) async fn events(&self, path: &str) -> Events {
        let response = self.ask(Method::GET, path, Bytes::new()).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert!(
            !response.headers().contains_key("content-encoding"),
            "a compressed stream is a late stream"
        );
        Events {
            body: response.into_body(),
            text: String::new(),
            ready: VecDeque::new(),
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> http::Response<Incoming> {
        let mut request = Request::builder().method(method).uri(path);
        let host = match &self.target {
            Target::Tcp(address) => address.to_string(),
            Target::Unix(_) => "holdpoint".to_owned(),
        };
        if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            request = request.header("Host", host);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).unwrap();
        match &self.target {
            Target::Tcp(address) => exchange(TcpStream::connect(address).await.unwrap(), request).await,
            Target::Unix(path) => exchange(UnixStream::connect(path).await.unwrap(), request).await,
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> http::Response<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        self.json()
    }

    /// The JSON of a 200.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        self.expect(200)
    }

    /// The JSON of a 201.
    #[track_caller]
    pub(crate) fn created(self) -> Value {
        self.expect(201)
    }

    /// A 204.
    #[track_caller]
    pub(crate) fn done(self) {
        assert_eq!(self.status, 204, "{}", self.text());
        assert!(self.body.is_empty());
    }

    /// A refusal as all refusals must be: a problem of this status, with one sentence and the request's id, and no trace
    /// of the program's inside.
    #[track_caller]
    pub(crate) fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.starts_with(|c: char| c.is_uppercase() || "“".contains(c)),
            "{detail}"
        );
        assert!(
            !detail.contains("panicked") && !detail.contains("src/") && !detail.contains("sqlx"),
            "{detail}"
        );
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert!(!self.header("x-request-id").is_empty());
        problem
    }
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<i64>,
    pub(crate) data: Value,
}

/// An open event stream.
#[derive(Debug)]
pub(crate) struct Events {
    body: Incoming,
    text: String,
    ready: VecDeque<Event>,
}

impl Events {
    /// The next event; none when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        tokio::time::timeout(AMPLE, self.read())
            .await
            .unwrap_or_else(|_elapsed| panic!("no further event"))
    }

    /// The next event of this name.
    pub(crate) async fn named(&mut self, name: &str) -> Event {
        loop {
            let event = self
                .next()
                .await
                .unwrap_or_else(|| panic!("the stream ended before “{name}”"));
            if event.name == name {
                return event;
            }
        }
    }

    /// The next event, however long it takes; none when the stream has ended.
    pub(crate) async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A stream that is cut off ends too.
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(std::str::from_utf8(frame.data_ref()?).unwrap());
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                self.ready.extend(parse(&block));
            }
        }
    }
}

fn parse(block: &str) -> Option<Event> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    };
    let data = field("data")?;
    Some(Event {
        name: field("event").unwrap_or("message").to_owned(),
        id: field("id").map(|id| id.parse().unwrap()),
        data: serde_json::from_str(data).unwrap(),
    })
}
