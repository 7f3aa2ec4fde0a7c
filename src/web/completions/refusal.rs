//! A refusal as OpenAI's client libraries understand it: they raise an error by its status, with the sentence as its message.

use crate::web::error::Problem;
use crate::web::layers::{RequestId, Written};
use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

/// The body of a refusal.
pub(super) fn body(problem: &Problem, request_id: &str) -> Value {
    let kind = match problem.status {
        StatusCode::UNAUTHORIZED => "authentication_error",
        StatusCode::FORBIDDEN => "permission_error",
        StatusCode::NOT_FOUND => "not_found_error",
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
        status if status.is_server_error() => "server_error",
        _ => "invalid_request_error",
    };
    let code = match problem.status {
        StatusCode::UNAUTHORIZED => "invalid_api_key".to_owned(),
        StatusCode::TOO_MANY_REQUESTS => "rate_limit_exceeded".to_owned(),
        _ => problem.code.replace('-', "_"),
    };
    json!({ "error": {
        "message": problem.detail,
        "type": kind,
        "param": problem.extra.get("param"),
        "code": problem.extra.get("code").cloned().unwrap_or_else(|| code.into()),
        "request_id": request_id,
    } })
}

/// Writes every refusal of these routes as that protocol does.
pub(super) async fn in_the_protocols_words(request: Request, next: Next) -> Response {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map_or_else(String::new, |id| id.0.clone());
    let mut response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .unwrap_or_else(|| Problem::of_status(status));
    // That protocol has one status for everything that is not acceptable.
    let status = if status == StatusCode::UNPROCESSABLE_ENTITY {
        StatusCode::BAD_REQUEST
    } else {
        status
    };
    let retry_after = response.headers().get(RETRY_AFTER).cloned();
    let mut written = (status, Json(body(&problem, &id))).into_response();
    if let Some(seconds) = retry_after {
        written.headers_mut().insert(RETRY_AFTER, seconds);
    }
    written.extensions_mut().insert(Written);
    written
}
