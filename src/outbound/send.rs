//! A request that does something on another machine, and what that machine says to it. The caller has to know whether it may have
//! arrived.

use super::client::{Allowed, Outbound, check, failed};
use super::error::OutboundError;
use bytes::BytesMut;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};
use reqwest::Url;
use std::time::Duration;
use tokio::time::timeout;

/// What is kept of an answer, in bytes; nobody reads more of it.
const MOST_BYTES: usize = 64 << 10;

/// What to send.
#[derive(Debug, Clone)]
pub struct Send<'a> {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: &'a Url,
    /// Headers, secrets among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<&'a str>,
    /// What the owner of this machine allows.
    pub allowed: Allowed,
    /// How long all of it may take.
    pub within: Duration,
}

/// What another machine said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Its status; a redirect is one, and is not followed.
    pub status: u16,
    /// What it calls its body.
    pub kind: Option<String>,
    /// The body, or its beginning.
    pub body: Vec<u8>,
    /// The body was longer than what is kept.
    pub is_cut: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing of it left this machine.
    #[error(transparent)]
    NotSent(OutboundError),
    /// It may have arrived.
    #[error(transparent)]
    Unclear(OutboundError),
}

impl Outbound {
    /// Sends something to one address, and to no other, and reads the answer.
    ///
    /// # Errors
    /// [`SendError`]: whether it may have arrived.
    pub async fn send(&self, send: &Send<'_>) -> Result<Reply, SendError> {
        let host = check(send.url, send.allowed).map_err(SendError::NotSent)?;
        let client = self
            .client_for(send.url, &host, send.allowed)
            .await
            .map_err(SendError::NotSent)?;
        let mut request = client
            .request(send.method.clone(), send.url.clone())
            .headers(send.headers.clone())
            // What is measured is what was sent.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(body) = send.body {
            request = request.body(body.to_owned());
        }
        let answered = async {
            let mut response = request.send().await.map_err(|error| {
                let told = failed(&host, &error);
                // Only what never had a connection is known not to have arrived.
                if error.is_connect() || error.is_builder() {
                    SendError::NotSent(told)
                } else {
                    SendError::Unclear(told)
                }
            })?;
            let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.map(|kind| kind.chars().take(100).collect());
            let (status, mut body, mut is_cut) = (response.status().as_u16(), BytesMut::new(), false);
            while let Some(piece) = response
                .chunk()
                .await
                .map_err(|error| SendError::Unclear(failed(&host, &error)))?
            {
                let room = MOST_BYTES - body.len();
                is_cut = piece.len() > room;
                body.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
                if is_cut {
                    break;
                }
            }
            Ok(Reply {
                status,
                kind,
                body: body.to_vec(),
                is_cut,
            })
        };
        timeout(send.within, answered).await.unwrap_or_else(|_elapsed| {
            Err(SendError::Unclear(OutboundError::Silent {
                host: host.clone(),
                limit: send.within,
            }))
        })
    }
}
