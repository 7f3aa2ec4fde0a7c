//! The Model Context Protocol: tools with which any agent asks the people of the house, over streamable HTTP at `/mcp` and, through
//! `holdpoint mcp`, over standard input and output.
//!
//! Every tool asks the JSON API in the name of whoever calls it ([`Api`]): what an agent may do, and how much of it, is decided
//! there, once. [`tools`] is what the tools mean, [`catalogue`] what they say of themselves, [`told`] what the model reads.

mod catalogue;
mod own_api;
mod server;
mod told;
mod tools;

pub(crate) use server::Server;
pub(super) use server::routes;

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::Value;

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
    fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            body: None,
        }
    }

    fn post(path: String, body: Value) -> Self {
        Self {
            method: Method::POST,
            path,
            body: Some(body),
        }
    }
}
