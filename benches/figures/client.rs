//! Just enough HTTP for a measurement: one connection a request.

use crate::Result;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, UnixStream};

#[derive(Debug, Clone)]
enum Address {
    Tcp(SocketAddr),
    Socket(PathBuf),
}

/// Somebody who asks.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: Address,
    from: Ipv4Addr,
    headers: Vec<(&'static str, String)>,
}

/// The server has answered, with a refusal.
#[derive(Debug, thiserror::Error)]
#[error("{path} answered {status}: {problem}")]
pub(crate) struct Refused {
    pub(crate) path: String,
    pub(crate) status: StatusCode,
    /// The body, if it is JSON.
    pub(crate) problem: Value,
}

impl Client {
    pub(crate) const fn tcp(address: SocketAddr) -> Self {
        Self {
            address: Address::Tcp(address),
            from: Ipv4Addr::LOCALHOST,
            headers: Vec::new(),
        }
    }

    pub(crate) const fn socket(path: PathBuf) -> Self {
        Self {
            address: Address::Socket(path),
            from: Ipv4Addr::LOCALHOST,
            headers: Vec::new(),
        }
    }

    /// Somebody at another address of this machine (127.x.y.z).
    #[must_use]
    pub(crate) const fn at(mut self, from: Ipv4Addr) -> Self {
        self.from = from;
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, header: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((header, value.into()));
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.json(Method::GET, path, Bytes::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.json(Method::POST, path, body.to_string().into()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.json(Method::PUT, path, body.to_string().into()).await
    }

    /// Follows an event stream.
    pub(crate) async fn events(&self, path: &str) -> Result<Events> {
        let body = self.ask(Method::GET, path, Bytes::new()).await?;
        Ok(Events { body, read: Vec::new() })
    }

    async fn json(&self, method: Method, path: &str, body: Bytes) -> Result<Value> {
        let answer = self.ask(method, path, body).await?.collect().await?.to_bytes();
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Incoming> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(body))?;
        match &self.address {
            Address::Tcp(address) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind((self.from, 0).into())?;
                let stream = socket.connect(*address).await?;
                stream.set_nodelay(true)?;
                send(stream, request).await
            }
            Address::Socket(path) => send(UnixStream::connect(path).await?, request).await,
        }
    }
}

async fn send<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Incoming>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let path = request.uri().path().to_owned();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the answer's body.
    tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    let why = response.into_body().collect().await?.to_bytes();
    let problem = serde_json::from_slice(&why).unwrap_or_default();
    Err(Refused { path, status, problem }.into())
}

/// The events of a stream, by their data.
pub(crate) struct Events {
    body: Incoming,
    read: Vec<u8>,
}

impl Events {
    pub(crate) async fn next(&mut self) -> Result<Value> {
        loop {
            while let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                if let Some(data) = line.strip_prefix(b"data:") {
                    return Ok(serde_json::from_slice(data)?);
                }
            }
            let frame = self.body.frame().await.ok_or("the event stream ended")??;
            if let Ok(data) = frame.into_data() {
                self.read.extend_from_slice(&data);
            }
        }
    }
}
