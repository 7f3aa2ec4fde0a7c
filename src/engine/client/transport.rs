//! Carries requests to one engine, over a Unix socket or the network, and its answers back: bounded in time and size.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::timeout;

use super::{Endpoint, Failed};
use crate::engine::error::EngineError;

/// Idle connections kept to an engine of this machine; a server of this size rarely asks more at once.
const MOST_IDLE: usize = 16;
/// Largest body of an error that is read, bytes; what follows is left unread.
const LARGEST_REFUSAL_BYTES: usize = 64 << 10;
/// Largest whole answer, bytes.
const LARGEST_ANSWER_BYTES: usize = 16 << 20;

/// How long an engine elsewhere may keep silent. What a caller allows in all is the other limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the request to the beginning of the answer. Servers send it before or after they read the prompt.
    pub first_byte: Duration,
    /// From one piece of the answer to the next.
    pub between_pieces: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(1),
            between_pieces: Duration::from_secs(30),
        }
    }
}

/// The connections to one engine. Connects when first used.
pub(super) struct Transport {
    endpoint: Endpoint,
    limits: TimeLimits,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Transport {
    pub(super) const fn new(endpoint: Endpoint, limits: TimeLimits) -> Self {
        Self {
            endpoint,
            limits,
            client: OnceLock::new(),
        }
    }

    pub(super) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request once; its answer's body is still to be read. Dropping the future, or the body before its end,
    /// closes the connection, which is how an engine learns that nobody listens any more.
    ///
    /// `limit` is what the caller allows in all; the caller watches it.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
        limit: Duration,
    ) -> Result<Body, Failed> {
        let mut request = self
            .client()?
            .request(method, self.endpoint.url(path))
            .headers(headers)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        if let Some(token) = self.endpoint.token().and_then(super::Token::header) {
            request = request.header(header::AUTHORIZATION, token);
        }
        let is_elsewhere = self.endpoint.is_http();
        let response = if is_elsewhere {
            let longest = self.limits.connect + self.limits.first_byte;
            timeout(longest, request.send())
                .await
                .map_err(|_elapsed| silence(longest))?
        } else {
            request.send().await
        };
        let mut body = Body {
            response: response.map_err(Failed::of_connection)?,
            silence: is_elsewhere.then_some(self.limits.between_pieces),
        };
        if body.response.status() == StatusCode::OK {
            return Ok(body);
        }
        let words = body.read_up_to(LARGEST_REFUSAL_BYTES).await.unwrap_or_default();
        let (status, headers) = (body.response.status(), body.response.headers());
        Err(Failed::of_refusal(
            status,
            headers,
            &words,
            self.endpoint.token(),
            limit,
        ))
    }

    fn client(&self) -> Result<&reqwest::Client, Failed> {
        let client = self.client.get_or_init(|| {
            build(&self.endpoint, self.limits)
                .map_err(|error| super::failed::one_line(&error.without_url().to_string()))
        });
        client.as_ref().map_err(|why| {
            Failed::from(EngineError::Unavailable {
                why: format!("no connection can be made: {why}"),
            })
        })
    }
}

fn build(endpoint: &Endpoint, limits: TimeLimits) -> reqwest::Result<reqwest::Client> {
    // Whoever comes first chooses for the process; it is the only provider there is.
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        .user_agent(concat!("holdpoint/", env!("CARGO_PKG_VERSION")));
    // Elsewhere every request gets a connection of its own: servers close idle ones as they like, some after every
    // failure, and a chat sent into one that is being closed is lost without being wrong.
    match endpoint {
        Endpoint::Unix(path) => builder
            .pool_max_idle_per_host(MOST_IDLE)
            .pool_idle_timeout(None)
            .no_proxy()
            // Loading the system's certificates takes long, and nobody shows one here.
            .tls_certs_only([])
            .unix_socket(path.as_path()),
        // Without encryption it is a neighbour, whom a proxy need not see.
        Endpoint::Http { base_url, .. } if base_url.starts_with("http:") => {
            builder.pool_max_idle_per_host(0).no_proxy().tls_certs_only([])
        }
        Endpoint::Http { .. } => builder.pool_max_idle_per_host(0),
    }
    .build()
}

fn silence(limit: Duration) -> Failed {
    Failed::from(EngineError::Unavailable {
        why: format!("it sent nothing for {} s", limit.as_secs_f32()),
    })
}

/// The body of an answer, piece by piece.
pub(super) struct Body {
    response: reqwest::Response,
    silence: Option<Duration>,
}

impl Body {
    /// The type of the body, as the server calls it: lower case, without parameters.
    pub(super) fn content_type(&self) -> String {
        let value = self.response.headers().get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().to_lowercase()
    }

    /// The next piece; `None` at the end, when the connection is kept for the next request.
    pub(super) async fn next_piece(&mut self) -> Result<Option<Bytes>, Failed> {
        let piece = match self.silence {
            Some(limit) => timeout(limit, self.response.chunk())
                .await
                .map_err(|_elapsed| silence(limit))?,
            None => self.response.chunk().await,
        };
        piece.map_err(Failed::of_connection)
    }

    /// The whole body, unless it is larger than any answer.
    pub(super) async fn read_to_end(&mut self) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while let Some(piece) = self.next_piece().await? {
            if body.len() + piece.len() > LARGEST_ANSWER_BYTES {
                return Err(Failed::protocol("it is far larger than what was asked for"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The beginning of the body.
    async fn read_up_to(&mut self, most: usize) -> Result<Vec<u8>, Failed> {
        let mut body = Vec::new();
        while body.len() < most {
            let Some(piece) = self.next_piece().await? else { break };
            body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
        }
        Ok(body)
    }
}

/// A header of ours, unless its value cannot stand in one.
pub(super) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
