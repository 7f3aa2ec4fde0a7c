//! HTTP/1.1 connections to one engine, kept open between requests.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{net::UnixStream, task::AbortHandle};

use super::Endpoint;
use crate::engine::error::EngineError;

/// Idle connections kept; a server of this size rarely asks more at once.
const MOST_IDLE: usize = 16;

pub(super) struct Connections {
    endpoint: Endpoint,
    idle: Mutex<Vec<Connection>>,
}

/// One connection. Dropping it closes it, which is how the engine learns that nobody listens any more.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connections {
    pub(super) const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            idle: Mutex::new(Vec::new()),
        }
    }

    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request over an idle connection or a new one.
    ///
    /// An idle connection that turns out to be broken (the engine was restarted) is replaced and the request sent
    /// again: it changes nothing, so being computed twice does no harm. A new connection that breaks is an error.
    pub(super) async fn send(self: &Arc<Self>, request: Request<Bytes>) -> Result<Answer, EngineError> {
        let request = request.map(Full::new);
        while let Some(mut connection) = self.take_idle() {
            match connection.sender.send_request(request.clone()).await {
                Ok(response) => return Ok(self.answer(response, connection)),
                Err(error) => {
                    tracing::debug!(%error, "An idle connection to the engine was broken");
                }
            }
        }
        let mut connection = self.connect().await?;
        let response = connection
            .sender
            .send_request(request)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(self.answer(response, connection))
    }

    async fn connect(&self) -> Result<Connection, EngineError> {
        let Endpoint::Unix(path) = &self.endpoint;
        let stream = UnixStream::connect(path)
            .await
            .map_err(|error| EngineError::Unavailable {
                why: format!("its socket cannot be reached: {error}"),
            })?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| unavailable(&error))?;
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "A connection to the engine ended");
            }
        });
        Ok(Connection {
            sender,
            task: task.abort_handle(),
        })
    }

    fn answer(self: &Arc<Self>, response: Response<Incoming>, connection: Connection) -> Answer {
        Answer {
            response,
            connection: Some(connection),
            pool: Arc::clone(self),
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }
}

fn unavailable(error: &hyper::Error) -> EngineError {
    EngineError::Unavailable {
        why: format!("the connection broke: {error}"),
    }
}

/// An answer whose body is still to be read. Its connection is kept once the body was read to the end.
pub(super) struct Answer {
    response: Response<Incoming>,
    connection: Option<Connection>,
    pool: Arc<Connections>,
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The next piece of the body; `None` at its end.
    pub(super) async fn next_piece(&mut self) -> Result<Option<Bytes>, EngineError> {
        loop {
            match self.response.body_mut().frame().await {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => return Err(unavailable(&error)),
                None => {
                    if let Some(connection) = self.connection.take() {
                        self.pool.keep(connection);
                    }
                    return Ok(None);
                }
            }
        }
    }

    pub(super) async fn read_to_end(mut self) -> Result<Vec<u8>, EngineError> {
        let mut body = Vec::new();
        while let Some(piece) = self.next_piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}
