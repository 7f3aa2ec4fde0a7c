//! Files for browsers: embedded in the binary, read from disk in debug builds.

use super::error::Problem;
use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "assets/"]
#[include = "static/*"]
#[include = "node_modules/htmx.org/dist/htmx.min.js"]
#[include = "node_modules/htmx.org/dist/ext/hx-sse.min.js"]
struct Assets;

/// Browsers ask again every time and get 304: a new version shows at once.
const REVALIDATE: &str = "public, max-age=0, must-revalidate";
/// The widget's script is asked for by every page of the owner's site.
const FIVE_MINUTES: &str = "public, max-age=300";

/// `GET /static/{*path}`
pub(super) async fn static_file(Path(path): Path<String>, request: Request) -> Result<Response, Problem> {
    let stored = match path.as_str() {
        "htmx.min.js" => "node_modules/htmx.org/dist/htmx.min.js".to_owned(),
        "hx-sse.min.js" => "node_modules/htmx.org/dist/ext/hx-sse.min.js".to_owned(),
        path => format!("static/{path}"),
    };
    serve(&stored, request.headers(), REVALIDATE)
}

/// `GET /widget.js`
pub(super) async fn widget_script(request: Request) -> Result<Response, Problem> {
    let mut response = serve("static/widget.js", request.headers(), FIVE_MINUTES)?;
    // It is a script for other sites' pages, whatever they demand of their resources.
    response
        .headers_mut()
        .insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}

fn serve(stored: &str, asked: &HeaderMap, keeps: &'static str) -> Result<Response, Problem> {
    // On disk, in debug builds, a path could climb.
    let climbs = stored.split('/').any(|part| part == "..");
    let file = Assets::get(stored)
        .filter(|_| !climbs)
        .ok_or_else(Problem::unknown_path)?;
    Ok(answer(file, content_type(stored), asked, keeps))
}

fn content_type(stored: &str) -> &'static str {
    match stored.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("html") => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// A file, or 304 when the browser has it.
pub(super) fn answer(
    file: EmbeddedFile,
    content_type: &'static str,
    asked: &HeaderMap,
    keeps: &'static str,
) -> Response {
    let etag = etag(&file.metadata.sha256_hash());
    let has_it = asked
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim() == etag);
    let mut response = if has_it {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_owned().into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keeps));
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// Weak: the same file travels compressed and not.
fn etag(sha256: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    let mut etag = String::from("W/\"");
    for byte in sha256.iter().take(12) {
        let _cannot_fail = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}
