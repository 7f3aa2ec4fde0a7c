//! `holdpoint serve`: the server.

use super::context::Context;
use super::exit::Failure;
use super::server::{Server, stop_on_signals};
use super::show::list;
use crate::web::WebSettings;
use clap::Args;
use serde_json::json;

#[derive(Debug, Args)]
pub(crate) struct Serve {}

impl Serve {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let server = Server::open(context).await?;
        stop_on_signals(server.stopper())?;
        let workspaces = server.client()?.get("/api/v1/admin/workspaces").await?;
        let is_new = list(&workspaces, "/items").is_empty();
        let origin = server.origin().to_owned();
        let answer = json!({ "origin": origin, "listen": server.address().to_string(), "pid": std::process::id() });
        context.answer(&answer, |_| {
            let next = if is_new {
                "\nThere is no workspace yet; set one up in another window with: holdpoint init"
            } else {
                ""
            };
            format!("Holdpoint is ready: {origin}{next}\nStop it with Ctrl-C.")
        })?;
        server.serve(WebSettings::default()).await
    }
}
