//! A page of Holdpoint's own with nothing on it but the chat: where the link in an e-mail leads.
//!
//! The key to the conversation stands in the address after `#`, which browsers never send; the widget takes it from there.

use super::demo::own_origin;
use super::error::Problem;
use super::extract::InPath;
use super::state::Web;
use crate::app::agents;
use askama::Template;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
);

#[derive(Debug, Template)]
#[template(path = "chat.html")]
struct ChatPage {
    language: String,
    business: String,
    origin: String,
    agent: String,
}

/// `GET /chat/{agent}`
pub(super) async fn page(
    State(web): State<Web>,
    InPath(key): InPath<String>,
    request: Request,
) -> Result<Response, Problem> {
    let settings = agents::public_agent(&web.app, &key).await?.settings;
    let page = ChatPage {
        language: settings.language,
        business: if settings.business.is_empty() {
            settings.name
        } else {
            settings.business
        },
        origin: own_origin(&web, request.headers()),
        agent: key,
    };
    let html = page.render().map_err(|cause| {
        tracing::error!(%cause, "The chat's page cannot be written");
        Problem::internal_error()
    })?;
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
