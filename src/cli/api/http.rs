//! Requests over a Unix socket or TCP. One connection each: commands ask little.

use super::Events;
use crate::cli::exit::Failure;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Longest wait for an answer. An evaluation or an import over a large knowledge base takes a while.
const ANSWER_WITHIN: Duration = Duration::from_mins(30);

/// Where a server listens.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Socket(PathBuf),
    Tcp(SocketAddr),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => address.fmt(f),
        }
    }
}

/// Speaks HTTP with one server.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    address: Address,
}

impl HttpClient {
    pub(crate) const fn new(address: Address) -> Self {
        Self { address }
    }

    /// True if somebody listens there.
    pub(super) async fn answers(&self) -> bool {
        match &self.address {
            Address::Socket(path) => UnixStream::connect(path).await.is_ok(),
            Address::Tcp(address) => TcpStream::connect(address).await.is_ok(),
        }
    }

    /// The whole answer.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Failure> {
        let answer = async {
            let response = self.send(request).await?;
            let status = response.status();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| self.broke_off(&error))?;
            Ok((status, body.to_bytes()))
        };
        tokio::time::timeout(ANSWER_WITHIN, answer)
            .await
            .unwrap_or_else(|_elapsed| {
                Err(Failure::unavailable(
                    "Holdpoint did not answer in half an hour; its log may tell why",
                ))
            })
    }

    /// The events of an answer, as they come.
    pub(super) async fn events(&self, request: Request<Full<Bytes>>) -> Result<Events, Failure> {
        let response = self.send(request).await?;
        if response.status().is_success() {
            return Ok(Events::new(response.into_body()));
        }
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| self.broke_off(&error))?
            .to_bytes();
        Err(Failure::from_problem(
            status,
            serde_json::from_slice(&body).unwrap_or_default(),
        ))
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
        match &self.address {
            Address::Socket(path) => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|error| self.unreachable(&error))?;
                self.speak(stream, request).await
            }
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address)
                    .await
                    .map_err(|error| self.unreachable(&error))?;
                self.speak(stream, request).await
            }
        }
    }

    async fn speak<S>(&self, stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.broke_off(&error))?;
        // Ends with the answer's body.
        tokio::spawn(connection);
        sender
            .send_request(request)
            .await
            .map_err(|error| self.broke_off(&error))
    }

    fn unreachable(&self, error: &io::Error) -> Failure {
        Failure::unavailable(format!(
            "no Holdpoint answers on {} ({error}); start it with `holdpoint serve`",
            self.address
        ))
    }

    fn broke_off(&self, error: &hyper::Error) -> Failure {
        Failure::unavailable(format!(
            "the Holdpoint on {} broke off ({error}); see its log, then try again",
            self.address
        ))
    }
}
