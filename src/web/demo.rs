//! The demo shop's page: somebody else's web site with the widget on it, served here so that trying it needs nothing else.

use super::assets;
use super::error::Problem;
use super::state::Web;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::header::{CONTENT_SECURITY_POLICY, HOST};
use http::{HeaderMap, HeaderValue};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "examples/demo/"]
#[include = "shop.html"]
#[include = "shop.css"]
struct Shop;

/// What a shop's own page would allow for the widget.
const SHOP_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
);

/// `GET /demo/`
pub(super) async fn shop_page(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let agent = web.settings().demo_agent.as_deref().ok_or_else(Problem::unknown_path)?;
    let page = Shop::get("shop.html").ok_or_else(Problem::unknown_path)?;
    let page = String::from_utf8_lossy(&page.data);
    let page = page
        .replace("{{origin}}", &own_origin(&web, request.headers()))
        .replace("{{agent}}", agent);
    let mut response = Html(page).into_response();
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, SHOP_POLICY);
    Ok(response)
}

/// `GET /demo/shop.css`
pub(super) async fn shop_style(State(web): State<Web>, request: Request) -> Result<Response, Problem> {
    let file = Shop::get("shop.css")
        .filter(|_| web.settings().demo_agent.is_some())
        .ok_or_else(Problem::unknown_path)?;
    Ok(assets::answer(
        file,
        "text/css; charset=utf-8",
        request.headers(),
        "public, max-age=0, must-revalidate",
    ))
}

/// The address the browser used, so that the page's `'self'` is where the widget comes from.
pub(super) fn own_origin(web: &Web, headers: &HeaderMap) -> String {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("127.0.0.1");
    match &web.settings().public_origin {
        Some(public) if host.starts_with(public.host()) => public.to_string(),
        // The layers let only names of this machine through.
        _ => format!("http://{host}"),
    }
}
