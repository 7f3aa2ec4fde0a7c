//! The API without a server: the same router, called as a function under the lock of the data directory.

use crate::cli::assemble::{Assembled, Needs};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::data_dir::Lock;
use crate::web::WebSettings;
use crate::web::server::answer_in_process;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio_util::sync::CancellationToken;

pub(super) struct Local {
    router: Router,
    /// What was opened for this client alone.
    assembled: Option<Assembled>,
}

impl Local {
    /// Opens the database and, if the command needs them, the models. Nothing runs in the background: open turns and
    /// deadlines are the server's business.
    pub(super) async fn open(context: &Context, lock: Lock, needs: Needs) -> Result<Self, Failure> {
        let assembled = Assembled::open(context, lock, needs).await?;
        let router = assembled.router(context, WebSettings::default(), &CancellationToken::new())?;
        Ok(Self {
            assembled: Some(assembled),
            ..Self::over(&router)
        })
    }

    /// The API of a server in this process.
    pub(super) fn over(router: &Router) -> Self {
        Self {
            router: router.clone(),
            assembled: None,
        }
    }

    pub(super) async fn ask(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Failure> {
        let response = answer_in_process(self.router.clone(), request.map(Body::new)).await;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|error| Failure::failed(format!("the answer could not be read ({error})")))?;
        Ok((status, body.to_bytes()))
    }

    pub(super) async fn close(self) {
        drop(self.router);
        if let Some(assembled) = self.assembled {
            assembled.close().await;
        }
    }
}
