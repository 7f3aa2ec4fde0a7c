//! This server's own API, asked from inside with the token of whoever asks from outside.

use super::{Answer, Api, Wish};
use crate::web::error::Problem;
use crate::web::layers::RequestId;
use crate::web::server::Peer;
use crate::web::state::Web;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// The routes of the API, and nothing around them.
#[derive(Debug, Clone)]
pub(in crate::web) struct OwnApi {
    api: Router,
    web: Web,
}

impl OwnApi {
    /// Over the routes below `/api/v1`.
    pub(in crate::web) fn new(web: &Web, api: Router<Web>) -> Self {
        Self {
            api: Router::new().nest("/api/v1", api).with_state(web.clone()),
            web: web.clone(),
        }
    }
}

impl Api for OwnApi {
    async fn ask(&self, asker: Option<&Parts>, wish: Wish) -> Result<Answer, String> {
        let asker = asker.ok_or("a call without a request came in; this is a defect of Holdpoint")?;
        let mut request = Request::builder().method(wish.method).uri(&wish.path);
        if let Some(token) = asker.headers.get(AUTHORIZATION) {
            request = request.header(AUTHORIZATION, token);
        }
        let body = match wish.body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let mut request = request.body(body).map_err(|error| error.to_string())?;
        let id = asker.extensions.get::<RequestId>().cloned();
        if let Some(peer) = asker.extensions.get::<Peer>() {
            request.extensions_mut().insert(*peer);
        }
        if let Some(id) = &id {
            request.extensions_mut().insert(id.clone());
        }
        let response = match self.api.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        if let Some(problem) = response.extensions().get::<Problem>() {
            let id = id.map_or_else(String::new, |id| id.0);
            return Ok(Answer {
                status,
                body: problem.json(&id),
            });
        }
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        Ok(Answer {
            status,
            body: json_of(status, &body.to_bytes()),
        })
    }

    fn new_id(&self) -> String {
        self.web.app.sources().ids.next().to_string()
    }
}

/// A body as JSON; what has none is told by its status.
fn json_of(status: StatusCode, body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_not_json| {
        if status.is_success() {
            Value::Null
        } else {
            Problem::of_status(status).json("")
        }
    })
}
