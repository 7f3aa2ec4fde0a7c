//! `Idempotency-Key`: a creating request that is sent again gets the first one's answer, and nothing is created twice.
//!
//! Kept in memory and for successful answers only. Messages have more than this: their client-made id is stored with them.

use super::error::Problem;
use super::extract::{MEMBER_HEADER, WORKSPACE_HEADER};
use super::session::PAGE_HEADER;
use super::state::Web;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
/// Answers remembered at most; the oldest go first.
const MOST: usize = 1_000;
/// Larger answers are not remembered.
const LARGEST_ANSWER: u64 = 256 << 10;

type Key = [u8; 32];

#[derive(Debug, Clone)]
struct Answer {
    status: StatusCode,
    content_type: Option<HeaderValue>,
    body: Bytes,
}

/// One per key: held while the first request is under way, so that a second one waits for its answer.
type Slot = Arc<tokio::sync::Mutex<Option<Answer>>>;

/// The answers given so far.
#[derive(Debug, Default)]
pub(super) struct Answers(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    slots: HashMap<Key, Slot>,
    order: VecDeque<Key>,
}

impl Answers {
    fn slot(&self, key: Key) -> Slot {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = remembered.slots.get(&key) {
            return slot.clone();
        }
        if remembered.order.len() >= MOST
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.slots.remove(&oldest);
        }
        remembered.order.push_back(key);
        remembered.slots.entry(key).or_default().clone()
    }
}

/// The layer of routes that create something.
pub(super) async fn once(State(web): State<Web>, request: Request, next: Next) -> Result<Response, Problem> {
    let Some(given) = request
        .headers()
        .get(KEY_HEADER)
        .filter(|_| request.method() == Method::POST)
    else {
        return Ok(next.run(request).await);
    };
    if given.is_empty() || given.len() > LONGEST_KEY {
        return Err(Problem::bad_request(format!(
            "Idempotency-Key must have 1 to {LONGEST_KEY} characters; a random UUID is a good one."
        )));
    }
    let slot = web.answers().slot(key_of(&request));
    let mut answer = slot.lock().await;
    if let Some(first) = &*answer {
        return Ok(first.clone().into_response());
    }
    let response = next.run(request).await;
    // What a large answer tells was done all the same: it goes out, and only its repetition has no memory of it.
    let fits = response
        .body()
        .size_hint()
        .exact()
        .is_some_and(|length| length <= LARGEST_ANSWER);
    if !response.status().is_success() || !fits {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.map_err(|cause| {
        tracing::error!(%cause, "An answer could not be kept for its repetition");
        Problem::internal_error()
    })?;
    *answer = Some(Answer {
        status: parts.status,
        content_type: parts.headers.get(CONTENT_TYPE).cloned(),
        body: body.clone(),
    });
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// Whose request, to what, under which key. Who is asking is in it, so that nobody gets another one's answer.
fn key_of(request: &Request) -> Key {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(request.uri().path().as_bytes());
    field(request.uri().query().unwrap_or_default().as_bytes());
    for name in [
        AUTHORIZATION.as_str(),
        COOKIE.as_str(),
        WORKSPACE_HEADER,
        MEMBER_HEADER,
        PAGE_HEADER,
        KEY_HEADER.as_str(),
    ] {
        field(
            request
                .headers()
                .get(name)
                .map(HeaderValue::as_bytes)
                .unwrap_or_default(),
        );
    }
    hash.finalize().into()
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        match self.content_type {
            Some(content_type) => response.headers_mut().insert(CONTENT_TYPE, content_type),
            None => response.headers_mut().remove(CONTENT_TYPE),
        };
        response
    }
}
