//! The visitor's endpoints, called by the widget from other sites' pages.
//!
//! A page may call only for agents that list its origin ([`answer_only_its_pages`]): the browser is told so by CORS, and
//! a request that names another origin is refused before anything happens. Programs without a page name none.

use super::error::Problem;
use super::extract::{InPath, JsonBody, PeerOf, Query, VisitorOf, bearer, visitor_of};
use super::limits::address_of;
use super::state::Web;
use super::{assets, live};
use crate::app::actions::{self, FormLink, FormView};
use crate::app::{AppError, agents, closing, engage, reach, training, visit};
use crate::domain::action::strict::strict;
use crate::domain::text::VisitorText;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Under which path these routes live.
pub(super) const PATH: &str = "/widget/v1";

pub(super) fn routes(web: &Web) -> Router<Web> {
    Router::new()
        .route("/agents/{agent}", get(agent))
        .route("/agents/{agent}/conversations", post(start))
        .route("/agents/{agent}/here", post(here))
        .route("/agents/{agent}/conversions", post(reached))
        .route("/here.js", get(assets::here_script))
        .route("/starters.js", get(assets::starters_script))
        .route("/conversation", get(conversation))
        .route("/messages", post(write))
        .route("/acknowledge", post(acknowledge))
        .route("/email", post(leave_email))
        .route("/training", post(training_consent))
        .route("/return", post(returned))
        .route("/close", post(close))
        .route("/rating", post(rate))
        .route("/forms/{tool}", get(form).post(fill_in))
        .route("/events", get(events))
        .layer(middleware::from_fn_with_state(web.clone(), answer_only_its_pages))
}

/// What a page needs to show the chat.
#[derive(Debug, Serialize)]
struct PublicSettings {
    name: String,
    business: String,
    greeting: String,
    /// Questions to begin with.
    starters: Vec<String>,
    disclosure: String,
    language: String,
    max_chars: usize,
    /// Forms that are always offered.
    forms: Vec<FormLink>,
    /// Pages say that they are there.
    presence: bool,
}

/// `GET /widget/v1/agents/{agent}`
async fn agent(State(web): State<Web>, InPath(key): InPath<String>) -> Result<Json<PublicSettings>, Problem> {
    let agent = agents::public_agent(&web.app, &key).await?;
    let forms = actions::forms_for_all(&web.app, agent.workspace_id).await?;
    let settings = agent.settings;
    Ok(Json(PublicSettings {
        forms,
        name: settings.name,
        business: settings.business,
        greeting: settings.greeting,
        starters: settings.starters,
        disclosure: settings.disclosure,
        language: settings.language,
        max_chars: VisitorText::MAX_CHARS,
        presence: settings.presence,
    }))
}

/// `POST /widget/v1/agents/{agent}/conversations`
async fn start(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    InPath(key): InPath<String>,
) -> Result<(StatusCode, Json<visit::Started>), Problem> {
    web.limits().conversation(peer)?;
    let address = address_of(peer, &web.settings().trusted_proxies);
    let address = address.map(|address| visit::AddressMark::of(&web.app, address));
    Ok((StatusCode::CREATED, Json(visit::start(&web.app, &key, address).await?)))
}

/// `POST /widget/v1/agents/{agent}/here`
async fn here(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    InPath(key): InPath<String>,
    known: Option<Extension<visit::Visitor>>,
    JsonBody(heard): JsonBody<engage::Heard>,
) -> Result<StatusCode, Problem> {
    web.limits().here(peer)?;
    let agent = agents::public_agent(&web.app, &key).await?;
    let from = address_of(peer, &web.settings().trusted_proxies);
    if let (Some(path), Some(Extension(visitor))) = (engage::here(&web.app, &agent, from, &heard)?, known) {
        engage::opened(&web.app, &agent, &visitor, &path).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /widget/v1/agents/{agent}/conversions`: the page says that its visitor reached something.
async fn reached(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    InPath(key): InPath<String>,
    VisitorOf(visitor): VisitorOf,
    JsonBody(claim): JsonBody<engage::PageClaim>,
) -> Result<Json<Value>, Problem> {
    if let Err(problem) = web.limits().event(visitor.visitor_id, peer) {
        engage::flooded(&web.app, &visitor).await?;
        return Err(problem);
    }
    let agent = agents::public_agent(&web.app, &key).await?;
    if agent.workspace_id != visitor.workspace_id {
        return Err(Problem::unknown_path());
    }
    let recorded = engage::from_page(&web.app, &visitor, &claim).await?;
    // What else is known of it is the shop's business, not the page's.
    Ok(Json(serde_json::json!({ "counted": recorded.counted })))
}

/// `GET /widget/v1/conversation`
async fn conversation(
    State(web): State<Web>,
    VisitorOf(visitor): VisitorOf,
) -> Result<Json<visit::Transcript>, Problem> {
    Ok(Json(visit::transcript(&web.app, &visitor).await?))
}

#[derive(Debug, Deserialize)]
struct Written {
    client_id: String,
    text: String,
    /// The visitor asks for a person with it.
    #[serde(default)]
    person: bool,
}

/// `POST /widget/v1/messages`
async fn write(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    VisitorOf(visitor): VisitorOf,
    JsonBody(written): JsonBody<Written>,
) -> Result<Response, Problem> {
    web.limits().message(visitor.visitor_id, peer)?;
    let (client_id, text) = (&written.client_id, &written.text);
    let posted = if written.person {
        visit::ask_for_person(&web.app, &visitor, client_id, text).await?
    } else {
        visit::post(&web.app, &visitor, client_id, text).await?
    };
    let status = if posted.repeated {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Ok((status, Json(posted.message)).into_response())
}

#[derive(Debug, Deserialize)]
struct LeftEmail {
    email: String,
    /// The words that the visitor agreed to.
    consent: String,
}

/// `POST /widget/v1/email`
async fn leave_email(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    VisitorOf(visitor): VisitorOf,
    headers: HeaderMap,
    JsonBody(left): JsonBody<LeftEmail>,
) -> Result<StatusCode, Problem> {
    web.limits().message(visitor.visitor_id, peer)?;
    let key = bearer(&headers)?;
    reach::leave_email(&web.app, &visitor, key, &left.email, &left.consent).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Consent {
    /// What was said may train a model.
    agrees: bool,
}

/// `POST /widget/v1/training`
async fn training_consent(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    VisitorOf(visitor): VisitorOf,
    JsonBody(consent): JsonBody<Consent>,
) -> Result<StatusCode, Problem> {
    web.limits().message(visitor.visitor_id, peer)?;
    training::consent(&web.app, &visitor, consent.agrees).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /widget/v1/return`: the visitor came by the link of an e-mail.
async fn returned(
    State(web): State<Web>,
    VisitorOf(visitor): VisitorOf,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    if let Some(token) = bearer(&headers)? {
        reach::returned(&web.app, &visitor, token).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /widget/v1/close`
async fn close(State(web): State<Web>, VisitorOf(visitor): VisitorOf) -> Result<StatusCode, Problem> {
    closing::close_by_visitor(&web.app, &visitor).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Rating {
    stars: i64,
    words: Option<String>,
}

/// `POST /widget/v1/rating`
async fn rate(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    VisitorOf(visitor): VisitorOf,
    JsonBody(rating): JsonBody<Rating>,
) -> Result<StatusCode, Problem> {
    web.limits().message(visitor.visitor_id, peer)?;
    closing::rate(&web.app, &visitor, rating.stars, rating.words.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /widget/v1/forms/{tool}`
async fn form(
    State(web): State<Web>,
    VisitorOf(visitor): VisitorOf,
    InPath(tool): InPath<String>,
) -> Result<Json<FormView>, Problem> {
    Ok(Json(actions::form(&web.app, &visitor, &tool).await?))
}

#[derive(Debug, Deserialize)]
struct FilledIn {
    #[serde(deserialize_with = "strict")]
    args: Value,
}

/// `POST /widget/v1/forms/{tool}`
async fn fill_in(
    State(web): State<Web>,
    PeerOf(peer): PeerOf,
    VisitorOf(visitor): VisitorOf,
    InPath(tool): InPath<String>,
    JsonBody(filled): JsonBody<FilledIn>,
) -> Result<StatusCode, Problem> {
    web.limits().message(visitor.visitor_id, peer)?;
    actions::fill_in(&web.app, &visitor, &tool, filled.args).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct Shown {
    seq: i64,
}

/// `POST /widget/v1/acknowledge`
async fn acknowledge(
    State(web): State<Web>,
    VisitorOf(visitor): VisitorOf,
    JsonBody(shown): JsonBody<Shown>,
) -> Result<StatusCode, Problem> {
    visit::acknowledge(&web.app, &visitor, shown.seq).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: i64,
}

/// `GET /widget/v1/events?after=SEQ`
async fn events(
    State(web): State<Web>,
    VisitorOf(visitor): VisitorOf,
    Query(query): Query<After>,
) -> Result<Response, Problem> {
    live::conversation(&web, visitor, query.after)
}

/// Whether a page may have an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Its origin is on the agent's list, or is this server's own.
    Allowed,
    /// It is not.
    Refused,
    /// There is no such agent or conversation. The page may read that, so that the widget can say so.
    NothingThere,
}

async fn answer_only_its_pages(
    State(web): State<Web>,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let visitor = visitor_of(&web, request.headers()).await.unwrap_or_default();
    if let Some(visitor) = visitor {
        request.extensions_mut().insert(visitor);
    }
    let Some(origin) = request.headers().get(ORIGIN).cloned() else {
        return Ok(with_vary(next.run(request).await));
    };
    let is_preflight = request.method() == Method::OPTIONS;
    let access = if is_own(&web, request.headers(), &origin) {
        Access::Allowed
    } else {
        // As the handler will read it, decoded: another spelling of a key must not get past the list.
        let key = params.iter().find_map(|(name, key)| (name == "agent").then_some(key));
        access(&web, key, is_preflight, visitor, &origin).await?
    };
    if access == Access::Refused {
        let page = origin.to_str().unwrap_or("this page's origin");
        let refused = Problem::forbidden(format!(
            "This agent does not answer this page; add {page} to the agent's origins."
        ));
        return Ok(with_vary(refused.into_response()));
    }
    let mut response = if is_preflight {
        preflight(access)
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after, x-request-id"),
    );
    Ok(with_vary(response))
}

fn preflight(access: Access) -> Response {
    if access == Access::NothingThere {
        return Problem::unknown_path().into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(
        ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("authorization, content-type"),
    );
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    response
}

/// Caches must not give one page the answer for another.
fn with_vary(mut response: Response) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("Origin"));
    response
}

async fn access(
    web: &Web,
    key: Option<&str>,
    is_preflight: bool,
    visitor: Option<visit::Visitor>,
    origin: &HeaderValue,
) -> Result<Access, Problem> {
    let Ok(origin) = origin.to_str() else {
        return Ok(Access::Refused);
    };
    let listed = if let Some(key) = key {
        match agents::public_agent(&web.app, key).await {
            Ok(agent) => agent.settings.origins,
            Err(AppError::NotFound(_)) => return Ok(Access::NothingThere),
            Err(error) => return Err(error.into()),
        }
    } else if let Some(visitor) = visitor {
        agents::agent_of(&web.app, &visitor).await?.origins
    } else if is_preflight {
        // A browser asks beforehand without the token, so which agent it is about is not known yet.
        agents::all_origins(&web.app).await?
    } else {
        return Ok(Access::NothingThere);
    };
    // Character by character: publishing wrote them as browsers do.
    Ok(if listed.iter().any(|listed| listed == origin) {
        Access::Allowed
    } else {
        Access::Refused
    })
}

/// Is the page one of this server's own, like the demo's shop?
fn is_own(web: &Web, headers: &HeaderMap, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let public = web.settings().public_origin.as_ref();
    public.is_some_and(|public| public.as_str() == origin)
        || origin.strip_prefix("http://").is_some_and(|page| page == host)
}
