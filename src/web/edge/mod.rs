//! What stands at the edge, other protocols than the JSON API's, asks that API in the name of whoever asks it: what an agent may
//! do, and how much of it, is decided there, once.

mod own_api;
#[cfg(test)]
mod scripted;

pub(super) use own_api::OwnApi;
#[cfg(test)]
pub(super) use scripted::Scripted;

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Who is asked: this server's own API, or that of a server elsewhere.
pub(crate) trait Api: Send + Sync + 'static {
    /// Asks in the name of whoever sent `asker`, or without it in the name of whoever this API was opened for.
    ///
    /// # Errors
    /// A sentence: the API cannot be reached.
    fn ask(&self, asker: Option<&Parts>, wish: Wish) -> impl Future<Output = Result<Answer, String>> + Send;

    /// An id that nobody has used.
    fn new_id(&self) -> String;
}

/// A request to the API.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wish {
    /// `GET` or `POST`.
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: String,
    /// What is sent along.
    pub(crate) body: Option<Value>,
}

/// What the API says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The JSON; a problem where the status is one of refusal.
    pub(crate) body: Value,
}

impl Wish {
    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
        }
    }

    pub(super) fn post(path: String, body: Value) -> Self {
        Self {
            method: Method::POST,
            path,
            body: Some(body),
        }
    }

    /// Proposes something.
    pub(super) fn propose(approval: Value) -> Self {
        Self::post("/api/v1/approvals".to_owned(), approval)
    }

    /// Reads an approval, waiting for a decision this long.
    pub(super) fn approval(id: &str, wait_s: u64) -> Self {
        Self::get(format!("/api/v1/approvals/{id}?wait_s={wait_s}"))
    }

    /// Takes what was approved, so that nobody can take it again.
    pub(super) fn consume(approval: &Value) -> Self {
        let id = approval["id"].as_str().unwrap_or_default();
        let body = json!({ "args_hash": approval["decision"]["args_hash"] });
        Self::post(format!("/api/v1/approvals/{id}/consume"), body)
    }

    /// Withdraws what was proposed.
    pub(super) fn cancel(id: &str) -> Self {
        Self::post(format!("/api/v1/approvals/{id}/cancel"), json!({}))
    }
}
