//! How a refusal looks: [`Problem`], rendered once, by `layers::around`.

use crate::app::{AppError, ErrorKind};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// What the media type of every error of the API is.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way out.
///
/// As a response it carries only its status; `layers::around` writes the body, because only it knows the
/// request's id and whether a program or a person's browser asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word that programs can compare: the end of the problem's `type`.
    pub code: &'static str,
    /// A short title; the same for every problem of this code.
    pub title: &'static str,
    /// One sentence that says what to do next.
    pub detail: Cow<'static, str>,
    /// Further fields that help to go on.
    pub extra: Map<String, Value>,
    /// After how many seconds trying again makes sense.
    pub retry_after_s: Option<u64>,
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $code:literal, $title:literal;)+) => {
        impl Problem {$(
            $(#[$doc])*
            pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self {
                Self::new(StatusCode::$status, $code, $title, detail.into())
            }
        )+}
    };
}

problems! {
    /// The request cannot be understood.
    bad_request = BAD_REQUEST, "bad-request", "The request cannot be understood";
    /// Nobody is signed in.
    unauthenticated = UNAUTHORIZED, "unauthenticated", "Not signed in";
    /// This person, token or page may not do it.
    forbidden = FORBIDDEN, "forbidden", "Not allowed";
    /// It is not there, or belongs to someone else.
    not_found = NOT_FOUND, "not-found", "Not found";
    /// The path exists, the method does not.
    method_not_allowed = METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed";
    /// It took too long to arrive.
    too_slow = REQUEST_TIMEOUT, "too-slow", "The request took too long";
    /// Somebody or something was faster.
    conflict = CONFLICT, "conflict", "Things have changed";
    /// The page belongs to another workspace than the one its person is in now.
    moved = CONFLICT, "moved", "This page belongs to another workspace";
    /// It was there and is no longer.
    gone = GONE, "gone", "No longer there";
    /// The body is larger than allowed.
    too_large = PAYLOAD_TOO_LARGE, "too-large", "Too large";
    /// The body is of a type that is not read here.
    unsupported_type = UNSUPPORTED_MEDIA_TYPE, "unsupported-type", "Unsupported media type";
    /// The server does not go by this name.
    misdirected = MISDIRECTED_REQUEST, "misdirected", "Another server's name";
    /// It was understood and is not acceptable.
    invalid = UNPROCESSABLE_ENTITY, "invalid", "Not acceptable";
    /// Too many at once.
    too_many = TOO_MANY_REQUESTS, "too-many", "Too many requests";
    /// A defect, or a broken machine.
    internal = INTERNAL_SERVER_ERROR, "internal", "Something went wrong";
    /// Something this needs is not there right now.
    unavailable = SERVICE_UNAVAILABLE, "unavailable", "Not available right now";
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: Cow<'static, str>) -> Self {
        Self {
            status,
            code,
            title,
            detail,
            extra: Map::new(),
            retry_after_s: None,
        }
    }

    /// With a further field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// With the number of seconds after which to try again.
    #[must_use]
    pub const fn retry_after_s(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// What a bare status says when nothing more is known: for refusals that were not made in this folder.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::unauthenticated("Please sign in first."),
            StatusCode::FORBIDDEN => Self::forbidden("You may not do this; ask an owner of this workspace."),
            StatusCode::NOT_FOUND => Self::unknown_path(),
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(
                "This address does not take requests of this method; docs/api.md lists what it takes.",
            ),
            StatusCode::REQUEST_TIMEOUT => Self::too_slow("The request did not arrive in time; send it again."),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large("The request is larger than allowed; send less at once."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                Self::unsupported_type("Send JSON with the header Content-Type: application/json.")
            }
            StatusCode::UNPROCESSABLE_ENTITY => Self::invalid("A field of the request is missing or not acceptable."),
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable("Holdpoint is busy; try again in a moment."),
            status if status.is_client_error() => Self {
                status,
                ..Self::bad_request("The request cannot be understood; docs/api.md lists what is understood.")
            },
            status => Self {
                status,
                ..Self::internal_error()
            },
        }
    }

    /// A path that is none.
    pub fn unknown_path() -> Self {
        Self::not_found("There is nothing at this address; check it for typing mistakes.")
    }

    /// A defect: its details went to the log, under the request's id.
    pub fn internal_error() -> Self {
        Self::internal("Something went wrong; try again, and if it stays, look for the request id in Holdpoint's log.")
    }

    /// The problem as JSON, for the request with this id.
    pub fn json(&self, request_id: &str) -> Value {
        let mut body = self.extra.clone();
        body.insert("type".to_owned(), format!("urn:holdpoint:problem:{}", self.code).into());
        body.insert("title".to_owned(), self.title.into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("detail".to_owned(), self.detail.as_ref().into());
        body.insert("request_id".to_owned(), request_id.into());
        Value::Object(body)
    }

    /// The whole answer for a program.
    pub(super) fn into_json_response(self, request_id: &str) -> Response {
        let mut response = Response::new(Body::from(self.json(request_id).to_string()));
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = sentence(&error.to_string());
        match error.kind() {
            ErrorKind::NotFound => Self::not_found(detail),
            ErrorKind::Unauthenticated => Self::unauthenticated(detail),
            ErrorKind::Forbidden => Self::forbidden(detail),
            ErrorKind::Invalid => Self::invalid(detail),
            ErrorKind::Conflict(extra) => {
                let mut problem = Self::conflict(detail);
                if let Value::Object(extra) = extra {
                    problem.extra = extra;
                }
                problem
            }
            ErrorKind::Gone => Self::gone(detail),
            ErrorKind::Busy => Self::too_many(detail).retry_after_s(10),
            ErrorKind::Unavailable => {
                tracing::warn!(error = ?error, "A request could not be served: {error}");
                Self::unavailable(detail).retry_after_s(5)
            }
            ErrorKind::Internal => {
                tracing::error!(error = ?error, "A request failed: {error}");
                Self::internal(detail)
            }
        }
    }
}

/// An error's message as a sentence: with a capital letter and a full stop.
pub(super) fn sentence(message: &str) -> String {
    let mut letters = message.chars();
    let mut sentence: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    // Not after a command or an address that one might copy.
    if !sentence.ends_with(['.', '!', '?', ')']) && !message.contains(": holdpoint ") {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_becomes_a_sentence() {
        assert_eq!(sentence("please sign in first"), "Please sign in first.");
        assert_eq!(sentence("see: holdpoint doctor"), "See: holdpoint doctor");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn every_error_status_has_a_problem_of_its_own_status() {
        for code in 400..600 {
            let status = StatusCode::from_u16(code).unwrap_or_default();
            assert_eq!(Problem::of_status(status).status, status);
        }
    }

    #[test]
    fn extra_fields_cannot_hide_the_standard_ones() {
        let problem = Problem::conflict("Read it again.")
            .with("status", 200)
            .with("revision", 3);
        let json = problem.json("r1");
        assert_eq!(json["status"], 409);
        assert_eq!(json["revision"], 3);
    }
}
