//! The pages in front of the door: set-up, sign-in, sign-out.

use super::html;
use super::view::{LoginPage, SetupPage};
use crate::app::{AppError, accounts};
use crate::domain::ids::WorkspaceId;
use crate::domain::text::NewPassword;
use crate::web::error::Problem;
use crate::web::extract::{PeerOf, Query};
use crate::web::session::{self, SignedIn};
use crate::web::state::Web;
use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::header::SET_COOKIE;
use serde::Deserialize;
use std::fmt::Write as _;

/// Where a person goes who did not want anything in particular.
const HOME: &str = "/queue";

/// The sign-in page that leads on to `wanted`.
pub(super) fn door(wanted: &str) -> String {
    if wanted == HOME {
        return "/login".to_owned();
    }
    let mut path = String::from("/login?next=");
    for byte in wanted.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _cannot_fail = write!(path, "%{byte:02X}");
        }
    }
    path
}

/// A path of ours, or the queue: a link must not lead a person who signs in to somebody else's page.
fn inside(next: Option<&str>) -> String {
    let is_ours = |next: &&str| {
        next.starts_with('/')
            && !next.starts_with("//")
            && next.len() <= 1_000
            && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    next.filter(is_ours).unwrap_or(HOME).to_owned()
}

#[derive(Debug, Deserialize)]
pub(super) struct SetUpLink {
    #[serde(default)]
    token: String,
}

/// `GET /setup?token=…`
pub(super) async fn set_up_page(State(web): State<Web>, Query(link): Query<SetUpLink>) -> Result<Response, Problem> {
    accounts::check_setup_link(&web.app, &link.token).await?;
    html(&SetupPage {
        token: link.token,
        name: String::new(),
        email: String::new(),
        problem: None,
        password_min_chars: NewPassword::MIN_CHARS,
    })
}

#[derive(Deserialize)]
pub(super) struct SetUp {
    token: String,
    name: String,
    email: String,
    password: String,
}

/// `POST /setup`
pub(super) async fn set_up(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    Form(new): Form<SetUp>,
) -> Result<Response, Problem> {
    web.limits().sign_in(peer)?;
    match accounts::set_up(&web.app, &new.token, &new.name, &new.email, new.password).await {
        Ok(session) => Ok(opened(&web, &session, HOME)),
        Err(error) => html(&SetupPage {
            problem: Some(correctable(error)?),
            token: new.token,
            name: new.name,
            email: new.email,
            password_min_chars: NewPassword::MIN_CHARS,
        }),
    }
}

/// What the person at the form can put right, as a sentence beside it; everything else is a refusal of its own.
fn correctable(error: AppError) -> Result<String, Problem> {
    match error {
        AppError::Text(_) | AppError::Invalid(_) | AppError::WrongPassword | AppError::Conflict { .. } => {
            Ok(super::sentence(&error.to_string()))
        }
        other => Err(other.into()),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    next: Option<String>,
}

/// `GET /login?next=…`
pub(super) async fn sign_in_page(
    State(web): State<Web>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let next = inside(wanted.next.as_deref());
    if SignedIn::of(&web, &headers).await?.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    html(&LoginPage {
        email: String::new(),
        next,
        problem: None,
    })
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    password: String,
    next: Option<String>,
}

/// `POST /login`
pub(super) async fn sign_in(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    Form(wish): Form<SignIn>,
) -> Result<Response, Problem> {
    web.limits().sign_in(peer)?;
    let next = inside(wish.next.as_deref());
    match accounts::sign_in(&web.app, &wish.email, wish.password).await {
        Ok(session) => Ok(opened(&web, &session, &next)),
        Err(error) => html(&LoginPage {
            problem: Some(correctable(error)?),
            email: wish.email,
            next,
        }),
    }
}

fn opened(web: &Web, session: &accounts::Session, next: &str) -> Response {
    let mut response = Redirect::to(next).into_response();
    response
        .headers_mut()
        .extend(session::cookie(web, session).map(|cookie| (SET_COOKIE, cookie)));
    response
}

#[derive(Deserialize)]
pub(super) struct SignOut {
    csrf_token: String,
}

/// `POST /logout`; without a session there is nothing to do, and that is well.
pub(super) async fn sign_out(
    State(web): State<Web>,
    headers: HeaderMap,
    Form(wish): Form<SignOut>,
) -> Result<Response, Problem> {
    if let (Some(token), Some(signed_in)) = (session::token_of(&web, &headers), SignedIn::of(&web, &headers).await?) {
        signed_in.check_csrf(Some(&wish.csrf_token))?;
        accounts::sign_out(&web.app, &token).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    response
        .headers_mut()
        .extend(session::no_cookie(&web).map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

#[derive(Deserialize)]
pub(super) struct Switch {
    csrf_token: String,
    workspace: WorkspaceId,
    next: Option<String>,
}

/// `POST /switch`: goes to another workspace of the same person.
pub(super) async fn switch(
    State(web): State<Web>,
    headers: HeaderMap,
    Form(wish): Form<Switch>,
) -> Result<Response, Problem> {
    let (Some(token), Some(signed_in)) = (session::token_of(&web, &headers), SignedIn::of(&web, &headers).await?)
    else {
        return Ok(Redirect::to("/login").into_response());
    };
    signed_in.check_csrf(Some(&wish.csrf_token))?;
    let session = accounts::move_to(&web.app, &token, wish.workspace).await?;
    Ok(opened(&web, &session, &inside(wish.next.as_deref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_only_to_pages_of_this_server() {
        assert_eq!(inside(Some("/log?verify=1")), "/log?verify=1");
        for elsewhere in [
            "https://shop.example",
            "//shop.example",
            "/\\shop.example",
            "",
            "javascript:x",
            "/a\nb",
        ] {
            assert_eq!(inside(Some(elsewhere)), HOME, "{elsewhere:?}");
        }
        assert_eq!(inside(None), HOME);
    }

    #[test]
    fn the_door_remembers_where_one_wanted_to_go() {
        assert_eq!(door("/queue"), "/login");
        assert_eq!(door("/log?verify=1&x=ö"), "/login?next=/log%3Fverify%3D1%26x%3D%C3%B6");
    }
}
