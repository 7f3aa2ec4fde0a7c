//! What every request passes: an id, a line in the log, a net under panics, refusals written out, security headers.

use super::error::Problem;
use super::origin::check_host;
use super::server::Peer;
use super::state::{ErrorPage, Web};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt as _;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};
use tower_http::csrf::CsrfLayer;
use tracing::Instrument as _;

/// Scripts, styles and data from this server only, no frames, no plug-ins, nothing inline.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Beginnings of routes that may wait for a person for as long as whoever asks wants to.
const WAITING: [&str; 4] = ["/v1/chat/completions", "/mcp", "/api/v1/adapters/", "/api/v1/approvals"];
/// Somebody's request over the network that takes longer than this is worth a line. The administrator's may: they import
/// and evaluate whole knowledge bases.
const SLOW: Duration = Duration::from_secs(1);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: in every log line about it, in its answer's header, in every refusal.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The outermost layer.
pub(super) async fn around(
    State((web, error_page)): State<(Web, Option<ErrorPage>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = web.app.sources().ids.next().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let asked = Asked::of(&request);
    let span = tracing::info_span!("request", request.id = %id, http.method = %asked.method, http.route = %asked.route);

    let response = async {
        let started = Instant::now();
        let answer = async {
            check_name(&web, &request)?;
            Ok(next.run(request).await)
        };
        let answered = AssertUnwindSafe(answer).catch_unwind().await;
        let mut response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(problem)) => Problem::into_response(problem),
            Err(panic) => {
                tracing::error!(
                    panic = panic_message(&*panic),
                    "A request ended in a defect of Holdpoint"
                );
                Problem::internal_error().into_response()
            }
        };
        if is_bare_refusal(&response) {
            response = write_refusal(response, &id, error_page.filter(|_| asked.wants_page));
        }
        add_headers(response.headers_mut(), &id);
        asked.log(response.status(), started);
        response
    };
    response.instrument(span).await
}

/// A change goes on to its end when its asker has gone: otherwise whoever hung up at the wrong moment would leave an import half done,
/// an index that does not know of it, or an `Idempotency-Key` whose repetition does everything again.
pub(super) async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_stopping) => Problem::unavailable("Holdpoint is stopping; try again in a moment.").into_response(),
        },
    }
}

/// What is remembered of a request while it is answered. Never its query, which may hold a secret.
struct Asked {
    method: http::Method,
    route: String,
    wants_page: bool,
    is_administrators: bool,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        let is_api = ["/api/", "/v1/", "/widget/", "/static/"]
            .iter()
            .any(|start| path.starts_with(start));
        let accept = request
            .headers()
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok());
        // A script that fetches a part of a page shows the sentence itself.
        let is_part = request.headers().contains_key("hx-request");
        let wants_page = !is_api && !is_part && accept.is_some_and(|accept| accept.contains("text/html"));
        // The route, not the path: ids stay out of the log, and lines of the same kind look the same.
        let route = request
            .extensions()
            .get::<MatchedPath>()
            .map_or("(no such route)", MatchedPath::as_str);
        Self {
            method: request.method().clone(),
            route: route.to_owned(),
            wants_page,
            is_administrators: is_administrators(request),
        }
    }

    fn log(&self, status: StatusCode, started: Instant) {
        let Self { method, route, .. } = self;
        let code = status.as_u16();
        let took = started.elapsed();
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if status.is_server_error() {
            tracing::error!(
                http.status = code,
                http.duration_ms = ms,
                "{method} {route} failed with {code} after {ms} ms"
            );
        } else if took > SLOW && !self.is_administrators && !WAITING.iter().any(|start| route.starts_with(start)) {
            tracing::warn!(
                http.status = code,
                http.duration_ms = ms,
                "{method} {route} took {ms} ms to answer {code}"
            );
        } else {
            // What people and visitors do stands in the workspace's log; a line for each request would only bury the rest.
            tracing::debug!(
                http.status = code,
                http.duration_ms = ms,
                "{method} {route} answered {code} in {ms} ms"
            );
        }
    }
}

fn is_administrators(request: &Request) -> bool {
    request.extensions().get::<Peer>() == Some(&Peer::Socket)
}

fn check_name(web: &Web, request: &Request) -> Result<(), Problem> {
    if is_administrators(request) {
        return Ok(());
    }
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    // A request may name the host in its first line instead.
    let host = request
        .uri()
        .authority()
        .map_or(named, |authority| Some(authority.as_str()));
    check_host(host, web.settings().public_origin.as_ref())
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Marks a response whose body is to stay as it is, a refusal's too: it belongs to another protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written;

/// Is it a refusal that nobody has written a page for?
fn is_bare_refusal(response: &Response) -> bool {
    if response.extensions().get::<Written>().is_some() {
        return false;
    }
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    refused && !content_type.is_some_and(|content_type| content_type.starts_with(b"text/html"))
}

/// Writes the body of a refusal, wherever it came from.
fn write_refusal(response: Response, id: &str, error_page: Option<ErrorPage>) -> Response {
    let (mut parts, _) = response.into_parts();
    let problem = parts
        .extensions
        .remove::<Problem>()
        .unwrap_or_else(|| Problem::of_status(parts.status));
    let mut written = match error_page {
        Some(page) => page(&problem, id),
        None => problem.into_json_response(id),
    };
    *written.status_mut() = parts.status;
    // What the refusal said in headers stays (Allow, Retry-After, Set-Cookie, CORS), what described its body does not.
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
        parts.headers.remove(name);
    }
    written.headers_mut().extend(parts.headers);
    written
}

fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // The demo's page has a policy of its own; files say how long they keep.
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
}

/// Refuses changes that another site's page asks for in a signed-in browser.
pub(super) fn csrf(web: &Web) -> CsrfLayer<impl Fn(tower_http::csrf::ProtectionError) -> Response + Clone + use<>> {
    let layer = CsrfLayer::new();
    let layer = match &web.settings().public_origin {
        // A proxy may rewrite `Host`, so that it no longer equals the origin. An `Origin` is always acceptable there.
        Some(public) => layer
            .add_trusted_origin(public.as_str())
            .unwrap_or_else(|_not_an_origin| CsrfLayer::new()),
        None => layer,
    };
    layer.with_rejection_response(|_cause| {
        Problem::forbidden("Another web page asked for this; open Holdpoint itself and try again.").into_response()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::post;
    use std::sync::Arc;
    use tokio::sync::Notify;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_change_goes_on_to_its_end_when_its_asker_hangs_up() {
        let (may_end, has_ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (wait, tell) = (may_end.clone(), has_ended.clone());
        let change = move || async move {
            wait.notified().await;
            tell.notify_one();
        };
        let router = Router::new().route("/", post(change)).layer(from_fn(to_its_end));
        let request = Request::post("/").body(Body::empty()).unwrap_or_default();
        let asked = tokio::time::timeout(Duration::from_millis(20), router.oneshot(request)).await;
        assert!(asked.is_err(), "the asker gives up first");
        may_end.notify_one();
        let ended = tokio::time::timeout(Duration::from_secs(10), has_ended.notified()).await;
        assert!(ended.is_ok());
    }
}
