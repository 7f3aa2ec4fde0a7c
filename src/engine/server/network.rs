//! The same surface for other machines: over TCP, behind a token.
//!
//! It is not encrypted; between machines that do not trust the network it belongs behind a tunnel or a proxy.

use std::{fs, io, net::SocketAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::ServiceExt;

use crate::engine::{
    error::RunError,
    wire::{ErrorBody, ErrorCode, ErrorDetail},
};

/// A connection has this long to send a request's head, the first one included.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// Connections at the same time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 256;
/// After an accept failed (out of file descriptors, usually).
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// A token that can be guessed is none.
const SHORTEST_TOKEN_CHARACTERS: usize = 16;

/// The digest of the token that every request must carry: digests are as long as each other, so comparing them takes
/// the same time whatever was sent.
#[derive(Clone)]
struct Token([u8; 32]);

impl Token {
    fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    fn read(path: &Path) -> Result<Self, RunError> {
        let unusable = |why: String| RunError::Token {
            path: path.to_owned(),
            why,
        };
        let content = fs::read_to_string(path)
            .map_err(|error| unusable(format!("cannot be read: {error}. Check the path and its permissions.")))?;
        let token = content.trim();
        if token.chars().count() < SHORTEST_TOKEN_CHARACTERS || token.contains(char::is_whitespace) {
            return Err(unusable(format!(
                "must hold one word of at least {SHORTEST_TOKEN_CHARACTERS} characters; make one with `openssl rand -hex 32`."
            )));
        }
        Ok(Self::of(token))
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let sent = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map_or("", |(_, token)| token.trim());
        bool::from(Self::of(sent).0.ct_eq(&self.0))
    }
}

/// An open address.
pub(crate) struct NetworkListener {
    inner: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
}

impl NetworkListener {
    /// Opens the address. Without a token only this machine may reach it.
    pub(crate) async fn open(address: SocketAddr, token_file: Option<&Path>) -> Result<Self, RunError> {
        let token = token_file.map(Token::read).transpose()?;
        if token.is_none() && !address.ip().is_loopback() {
            return Err(RunError::TokenNeeded(address));
        }
        let failed = |source: io::Error| RunError::Listen { address, source };
        let inner = TcpListener::bind(address).await.map_err(failed)?;
        let address = inner.local_addr().map_err(failed)?;
        tracing::info!(%address, "The engine listens on the network");
        Ok(Self { inner, address, token })
    }

    /// Serves until dropped.
    pub(crate) async fn serve(self, router: Router) -> Result<(), RunError> {
        let router = match self.token {
            Some(token) => router.layer(middleware::from_fn_with_state(token, only_with_token)),
            None => router,
        };
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return Err(RunError::Listen {
                    address: self.address,
                    source: io::Error::other("no more connections are taken"),
                });
            };
            match self.inner.accept().await {
                Ok((stream, _)) => {
                    // Tokens are small and should not wait for more.
                    let _best_effort = stream.set_nodelay(true);
                    let router = router.clone();
                    tokio::spawn(async move {
                        serve_one(stream, router).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "A connection could not be accepted");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            }
        }
    }
}

async fn only_with_token(State(token): State<Token>, request: Request, next: Next) -> Response {
    if token.is_in(request.headers()) {
        return next.run(request).await;
    }
    let body = ErrorBody {
        error: ErrorDetail {
            message: "This engine needs its token; send it as `Authorization: Bearer TOKEN`.".to_owned(),
            kind: Some("invalid_request_error".to_owned()),
            code: Some(ErrorCode::InvalidRequest),
        },
    };
    let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, challenge, Json(body)).into_response()
}

async fn serve_one(stream: TcpStream, router: Router) {
    let service = router.map_request(|request: Request<Incoming>| request.map(Body::new));
    // Without `http1_only` a connection that says nothing at all escapes the time-out.
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN);
    let connection = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)));
    if let Err(error) = connection.await {
        tracing::debug!(%error, "A connection broke off");
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn with(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token::of(TOKEN);
        assert!(token.is_in(&with("Bearer 0123456789abcdef")));
        assert!(token.is_in(&with("bearer 0123456789abcdef")));
        for wrong in [
            "Bearer 0123456789abcde",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
            "Bearer ",
        ] {
            assert!(!token.is_in(&with(wrong)), "{wrong}");
        }
        assert!(!token.is_in(&HeaderMap::new()));
    }

    #[test]
    fn a_short_or_missing_token_is_refused_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let said = |path: &Path| {
            Token::read(path)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        assert!(said(&path).contains("cannot be read"));
        fs::write(&path, "secret\n").unwrap();
        assert!(said(&path).contains("at least 16 characters"));
        fs::write(&path, format!("{TOKEN}\n")).unwrap();
        assert!(said(&path).is_empty(), "the line's end is no part of it");
    }
}
