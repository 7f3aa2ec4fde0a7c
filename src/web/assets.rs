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
    for_other_sites("static/widget.js", &request)
}

/// `GET /widget/v1/here.js`: what a page says of itself; the widget loads it when the page has nothing better to do.
pub(super) async fn here_script(request: Request) -> Result<Response, Problem> {
    for_other_sites("static/here.js", &request)
}

/// `GET /widget/v1/starters.js`: questions to begin with; loaded where the agent has some.
pub(super) async fn starters_script(request: Request) -> Result<Response, Problem> {
    for_other_sites("static/starters.js", &request)
}

fn for_other_sites(stored: &str, request: &Request) -> Result<Response, Problem> {
    let mut file = Assets::get(stored).ok_or_else(Problem::unknown_path)?;
    file.data = trimmed(&String::from_utf8_lossy(&file.data)).into_bytes().into();
    let mut response = answer(file, content_type(stored), request.headers(), FIVE_MINUTES);
    // It is a script for other sites' pages, whatever they demand of their resources.
    response
        .headers_mut()
        .insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// A script without its indentation and the comments that stand on lines of their own: every page of the owner's site loads it.
fn trimmed(script: &str) -> String {
    let mut trimmed = String::with_capacity(script.len());
    let mut inside = false;
    for line in script.lines().map(str::trim) {
        let is_comment = inside || line.starts_with("/*") || line.starts_with("//");
        inside = (inside || line.starts_with("/*")) && !line.ends_with("*/");
        if !is_comment && !line.is_empty() {
            trimmed.push_str(line);
            trimmed.push('\n');
        }
    }
    trimmed
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trimmed_script_has_lost_nothing_but_comments_and_space() {
        let script = "/*\n * Head.\n */\n(() => {\n  // Why.\n  const a = '// stays';\n\n  /** What. */\n  run(a); // stays\n})();\n";
        assert_eq!(
            trimmed(script),
            "(() => {\nconst a = '// stays';\nrun(a); // stays\n})();\n"
        );
    }
}
