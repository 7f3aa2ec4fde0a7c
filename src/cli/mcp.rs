//! `holdpoint mcp`: the tools of `web::mcp` over standard input and output, for clients that start their servers themselves.
//!
//! The tools are the very same as over HTTP, and the running server decides what the token may do.

use super::api::{Address, Client, HttpClient};
use super::context::Context;
use super::exit::{Code, Failure};
use super::show::list;
use crate::system::sources;
use crate::web::edge::{Answer, Api, Wish};
use crate::web::mcp::Server;
use bytes::Bytes;
use clap::Args;
use http::Uri;
use http::request::Parts;
use rmcp::ServiceExt as _;
use rmcp::transport::stdio_pipes;
use std::fmt;
use std::sync::Arc;

/// Where a server is reached that does not say its port.
const HTTP_PORT: u16 = 80;

#[derive(Args)]
pub(crate) struct Mcp {
    /// The agent's token, with the scope `propose`; better given by the variable, which nobody else on the machine can read
    #[arg(long, value_name = "TOKEN", env = "HOLDPOINT_TOKEN", hide_env_values = true)]
    token: String,
    /// Another server than the one of this data directory, like `http://127.0.0.1:8787`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl fmt::Debug for Mcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mcp").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The API of a running server, asked with the agent's token.
struct Remote(Client);

impl Api for Remote {
    async fn ask(&self, _asker: Option<&Parts>, wish: Wish) -> Result<Answer, String> {
        let json = wish.body.is_some().then_some("application/json");
        let body = wish.body.map_or_else(Bytes::new, |body| body.to_string().into());
        match self.0.send(wish.method, &wish.path, json, body).await {
            Ok(answer) => Ok(Answer {
                status: answer.status,
                body: answer.body,
            }),
            Err(failure) => Err(format!("{}.", failure.sentence)),
        }
    }

    fn new_id(&self) -> String {
        sources().ids.next().to_string()
    }
}

impl Mcp {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let http = match &self.url {
            Some(url) => HttpClient::new(Address::Tcp(address_of(url).await?)),
            None => Client::running(&context.data_dir()).await.ok_or_else(|| {
                Failure::unavailable(format!(
                    "no Holdpoint runs in {}; start it with `holdpoint serve`, or name it with --data-dir or --url",
                    context.data_dir().path().display()
                ))
            })?,
        };
        let client = Client::over_tcp(http, &self.token)?;
        // A token that is wrong is better told to whoever sets this up than to the model.
        let me = client.get("/api/v1/me").await?;
        if !list(&me, "/scopes").contains(&"propose".into()) {
            return Err(Failure::new(
                Code::Refused,
                "this token may not propose; make one that may with: holdpoint admin token add NAME --as EMAIL --scope propose",
            ));
        }
        let serving = Server::new(Arc::new(Remote(client))).serve(stdio_pipes()).await;
        // Whoever starts it and leaves without a word has done no harm.
        let Ok(serving) = serving.inspect_err(|error| tracing::debug!(%error, "the client has gone before it began"))
        else {
            return Ok(());
        };
        serving
            .waiting()
            .await
            .map(|_reason| ())
            .map_err(|error| Failure::failed(format!("the conversation with the client broke off ({error})")))
    }
}

async fn address_of(url: &str) -> Result<std::net::SocketAddr, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!(
            "{url:?} {why}; name the server like http://127.0.0.1:8787, or let your client connect to its https://…/mcp by itself"
        ))
    };
    let uri: Uri = url.parse().map_err(|_invalid| wrong("is not an address"))?;
    if uri.scheme_str() != Some("http") {
        return Err(wrong("does not begin with http://"));
    }
    let host = uri.host().ok_or_else(|| wrong("names no server"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, uri.port_u16().unwrap_or(HTTP_PORT))).await;
    let found = found.ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| wrong("names a server that is not known"))
}
