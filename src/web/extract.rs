//! What handlers ask a request for. Every rejection is a [`Problem`] with one sentence.

use super::error::Problem;
use super::forwarded::behind_proxies;
use super::server::Peer;
use super::session::{CSRF_HEADER, SignedIn};
use super::state::Web;
use crate::app::visit::{self, Visitor};
use crate::app::{Caller, accounts};
use crate::domain::account::Scope;
use crate::domain::ids::WorkspaceId;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::{Bytes, BytesMut};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::time::Duration;

/// Largest body of a request, in bytes, unless a route says otherwise.
pub const LARGEST_BODY: usize = 64 << 10;
/// A body has this long to arrive.
const BODY_WITHIN: Duration = Duration::from_mins(1);
/// Of a body that is too large, this much is read on and dropped, so that the sender gets to read the answer.
const READ_ON: usize = 4 << 20;

/// Chooses the workspace, on the socket.
pub(super) const WORKSPACE_HEADER: &str = "holdpoint-workspace";
/// Names the member for whom the administrator acts, on the socket.
pub(super) const MEMBER_HEADER: &str = "holdpoint-member";

/// The person or program that asks: by bearer token, by session cookie, or as administrator on the socket.
#[derive(Debug)]
pub struct CallerOf(pub Caller);

impl FromRequestParts<Web> for CallerOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if let Some(token) = bearer(&parts.headers)? {
            let caller = accounts::caller_of_token(&web.app, token).await?;
            return caller.map(Self).ok_or_else(|| {
                Problem::unauthenticated(
                    "This token is not valid (any more); make a new one with: holdpoint admin token",
                )
            });
        }
        if peer(parts) == Some(Peer::Socket) {
            let caller = accounts::admin(
                &web.app,
                text(&parts.headers, WORKSPACE_HEADER),
                text(&parts.headers, MEMBER_HEADER),
            )
            .await?;
            return Ok(Self(caller));
        }
        let signed_in = SignedIn::of(web, &parts.headers)
            .await?
            .ok_or_else(|| Problem::unauthenticated("Please sign in first."))?;
        if !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            signed_in.check_csrf(text(&parts.headers, CSRF_HEADER))?;
        }
        signed_in.check_stream(web, parts.uri.query()).await?;
        Ok(Self(signed_in.caller))
    }
}

/// The machine's administrator: only on the socket.
#[derive(Debug)]
pub struct OnSocket;

impl FromRequestParts<Web> for OnSocket {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _web: &Web) -> Result<Self, Problem> {
        match peer(parts) {
            Some(Peer::Socket) => Ok(Self),
            _ => Err(Problem::forbidden(
                "Only the administrator of this machine can do this, with the command: holdpoint admin",
            )),
        }
    }
}

/// Whoever may look after this machine's models: its administrator on the socket, before there is any workspace too, or an
/// owner or admin of a workspace.
#[derive(Debug)]
pub struct Operator {
    /// Whose workspace; none for the machine's administrator.
    pub workspace_id: Option<WorkspaceId>,
}

impl FromRequestParts<Web> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if peer(parts) == Some(Peer::Socket) && bearer(&parts.headers)?.is_none() {
            return Ok(Self { workspace_id: None });
        }
        let CallerOf(caller) = CallerOf::from_request_parts(parts, web).await?;
        caller.require(Scope::Admin)?;
        Ok(Self {
            workspace_id: Some(caller.workspace_id),
        })
    }
}

/// Anybody who shows who they are: someone in a workspace or, without one, the administrator of the machine. Unlike
/// [`CallerOf`] this works on the socket before there is any workspace.
#[derive(Debug)]
pub struct Known(pub Option<Caller>);

impl FromRequestParts<Web> for Known {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        if peer(parts) == Some(Peer::Socket) {
            return Ok(Self(None));
        }
        let CallerOf(caller) = CallerOf::from_request_parts(parts, web).await?;
        Ok(Self(Some(caller)))
    }
}

/// The visitor behind a widget's bearer token.
#[derive(Debug)]
pub struct VisitorOf(pub Visitor);

impl FromRequestParts<Web> for VisitorOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        // The layer that checks the page's origin has usually asked already.
        if let Some(known) = parts.extensions.get::<Visitor>() {
            return Ok(Self(*known));
        }
        visitor_of(web, &parts.headers)
            .await?
            .map(Self)
            .ok_or_else(|| Problem::unauthenticated("This conversation is not known (any more); start a new one."))
    }
}

/// The visitor whose token a request shows.
pub(super) async fn visitor_of(web: &Web, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
    match bearer(headers)? {
        Some(token) => Ok(visit::visitor_of_token(&web.app, token).await?),
        None => Ok(None),
    }
}

/// Where a request came from: behind the owner's own reverse proxies, as these tell.
#[derive(Debug, Clone, Copy)]
pub struct PeerOf(pub Peer);

impl FromRequestParts<Web> for PeerOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let peer = peer(parts).ok_or_else(Problem::internal_error)?;
        Ok(Self(behind_proxies(
            peer,
            &parts.headers,
            &web.settings().trusted_proxies,
        )))
    }
}

fn peer(parts: &Parts) -> Option<Peer> {
    parts.extensions.get::<Peer>().copied()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(AUTHORIZATION) else {
        return Ok(None);
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match token {
        Some((_, token)) => Ok(Some(token.trim())),
        None => Err(Problem::unauthenticated(
            "Send the token as the header Authorization: Bearer TOKEN.",
        )),
    }
}

/// One parameter of the path: usually an id.
#[derive(Debug)]
pub struct InPath<T>(pub T);

impl<T: FromStr<Err: std::fmt::Display> + Send> FromRequestParts<Web> for InPath<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        let axum::extract::Path(raw) = axum::extract::Path::<String>::from_request_parts(parts, web)
            .await
            .map_err(|_not_utf8| Problem::unknown_path())?;
        raw.parse()
            .map(Self)
            .map_err(|error: T::Err| Problem::bad_request(sentence(&error)))
    }
}

/// The query (`?limit=20`).
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Web> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, web).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(error) => Err(Problem::bad_request(format!(
                "A parameter behind the “?” is not acceptable: {}.",
                error.body_text()
            ))),
        }
    }
}

/// A JSON body.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Web> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _web: &Web) -> Result<Self, Problem> {
        let is_json = text(request.headers(), CONTENT_TYPE.as_str())
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"));
        if !is_json {
            return Err(Problem::unsupported_type(
                "Send JSON with the header Content-Type: application/json.",
            ));
        }
        let body = read(request.into_body(), LARGEST_BODY).await?;
        parse_json(&body).map(Self)
    }
}

/// Reads JSON, or says what is wrong with it.
pub(super) fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            Problem::invalid(format!("The JSON does not have the fields expected here: {error}."))
        } else {
            Problem::bad_request(format!("The body is not valid JSON: {error}."))
        }
    })
}

/// A body as it is, of at most `MEGABYTES`.
#[derive(Debug)]
pub struct Upload<const MEGABYTES: usize>(pub Bytes);

impl<const MEGABYTES: usize> FromRequest<Web> for Upload<MEGABYTES> {
    type Rejection = Problem;

    async fn from_request(request: Request, _web: &Web) -> Result<Self, Problem> {
        read(request.into_body(), MEGABYTES << 20).await.map(Self)
    }
}

/// Reads a body of at most `most` bytes.
async fn read(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let reading = async {
        let mut kept = BytesMut::new();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|cause| {
                tracing::debug!(%cause, "A body broke off");
                Problem::bad_request("The request broke off before its end; send it again.")
            })?;
            let Ok(data) = frame.into_data() else { continue };
            length += data.len();
            if length <= most {
                kept.extend_from_slice(&data);
            } else if length > most.saturating_add(READ_ON) {
                break;
            }
        }
        if length > most {
            Err(too_large(most))
        } else {
            Ok(kept.freeze())
        }
    };
    match tokio::time::timeout(BODY_WITHIN, reading).await {
        Ok(read) => read,
        Err(_elapsed) => Err(Problem::too_slow(
            "The request did not arrive within a minute; send it again.",
        )),
    }
}

fn too_large(most: usize) -> Problem {
    let most = if most >= 1 << 20 {
        format!("{} MB", most >> 20)
    } else {
        format!("{} KB", most >> 10)
    };
    Problem::too_large(format!(
        "The request is larger than the {most} that are allowed here; send less at once."
    ))
}

/// An error's message as a sentence.
fn sentence(error: &impl std::fmt::Display) -> String {
    super::error::sentence(&error.to_string())
}
