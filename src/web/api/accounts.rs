//! Setting up, signing in and out, and who one is.

use crate::app::{Who, accounts};
use crate::domain::account::{Role, Scope};
use crate::domain::ids::{MemberId, WorkspaceId};
use crate::domain::time::Timestamp;
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, JsonBody, PeerOf};
use crate::web::session::{self, SignedIn};
use crate::web::state::Web;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize)]
struct Opened {
    csrf_token: String,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
pub(super) struct SetUp {
    token: String,
    name: String,
    email: String,
    password: String,
}

/// `POST /api/v1/setup`
pub(super) async fn set_up(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    JsonBody(new): JsonBody<SetUp>,
) -> Result<Response, Problem> {
    web.limits().sign_in(peer)?;
    let session = accounts::set_up(&web.app, &new.token, &new.name, &new.email, new.password).await?;
    Ok(opened(&web, StatusCode::CREATED, session))
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: String,
}

/// `POST /api/v1/login`
pub(super) async fn sign_in(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    JsonBody(wish): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    web.limits().sign_in(peer)?;
    let session = accounts::sign_in(&web.app, &wish.email, wish.password).await?;
    Ok(opened(&web, StatusCode::OK, session))
}

fn opened(web: &Web, status: StatusCode, session: accounts::Session) -> Response {
    let cookie = session::cookie(web, &session);
    let body = Opened {
        csrf_token: session.csrf_token,
        expires_at: session.expires_at,
    };
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}

/// `POST /api/v1/logout`; without a session there is nothing to do, and that is well.
pub(super) async fn sign_out(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    if let (Some(token), Some(signed_in)) = (session::token_of(&web, &headers), SignedIn::of(&web, &headers).await?) {
        signed_in.check_csrf(headers.get(session::CSRF_HEADER).and_then(|shown| shown.to_str().ok()))?;
        accounts::sign_out(&web.app, &token).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    response
        .headers_mut()
        .extend(session::no_cookie(&web).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

/// Who is asking.
#[derive(Debug, Serialize)]
pub(super) struct Me {
    /// `member` or `admin`.
    who: &'static str,
    member_id: Option<MemberId>,
    name: Option<String>,
    role: Option<Role>,
    scopes: Vec<Scope>,
    workspace_id: WorkspaceId,
}

/// `GET /api/v1/me`
pub(super) async fn me(CallerOf(caller): CallerOf) -> Json<Me> {
    let (who, member_id, name, role) = match caller.who {
        Who::Member { id, name, role } => ("member", Some(id), Some(name), Some(role)),
        Who::Admin => ("admin", None, None, None),
    };
    Json(Me {
        who,
        member_id,
        name,
        role,
        scopes: caller.scopes,
        workspace_id: caller.workspace_id,
    })
}

/// `GET /api/v1/places`: the workspaces of the person who asks.
pub(super) async fn places(State(web): State<Web>, CallerOf(caller): CallerOf) -> Result<Json<Value>, Problem> {
    let items = accounts::places(&web.app, &caller).await?;
    Ok(Json(json!({ "items": items })))
}
