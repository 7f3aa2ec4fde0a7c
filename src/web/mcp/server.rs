//! The tools behind the protocol: over HTTP here, over standard input and output in `cli::mcp`.

use super::catalogue::{INSTRUCTIONS, Tool};
use super::told::Told;
use super::tools::Call;
use crate::domain::account::Scope;
use crate::web::edge::{Api, OwnApi};
use crate::web::error::Problem;
use crate::web::extract::{CallerOf, bearer};
use crate::web::layers::{self, Written};
use crate::web::state::Web;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::any_service;
use http::request::Parts;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use std::sync::Arc;

/// Largest message, in bytes: the largest arguments of an action, escaped, and what is around them.
const LARGEST_MESSAGE: usize = 256 << 10;

/// The tools as the protocol knows them.
#[derive(Debug)]
pub(crate) struct Server<A> {
    api: Arc<A>,
}

impl<A> Server<A> {
    /// The tools over an API.
    pub(crate) fn new(api: Arc<A>) -> Self {
        Self { api }
    }
}

impl<A: Api> ServerHandler for Server<A> {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("holdpoint", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(Tool::ALL.map(listed).to_vec()))
    }

    fn get_tool(&self, name: &str) -> Option<rmcp::model::Tool> {
        Tool::named(name).map(listed)
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = Tool::named(&call.name)
            .ok_or_else(|| ErrorData::invalid_params(format!("there is no tool {:?}", call.name), None))?;
        let making = Call {
            api: &*self.api,
            asker: context.extensions.get::<Parts>(),
        };
        let told = tokio::select! {
            // Whoever has gone must not be given an approval: nobody would run it, and nobody else could.
            () = context.ct.cancelled() => Told::refused("The call was cancelled."),
            told = making.make(tool, call.arguments.unwrap_or_default()) => told,
        };
        Ok(result(told).into())
    }
}

fn listed(tool: Tool) -> rmcp::model::Tool {
    let annotations = ToolAnnotations::with_title(tool.title())
        .read_only(tool.reads_only())
        .destructive(false)
        .open_world(false);
    rmcp::model::Tool::new(tool.name(), tool.description(), tool.takes()).with_annotations(annotations)
}

fn result(told: Told) -> CallToolResult {
    let content = vec![ContentBlock::text(told.text)];
    let mut result = if told.refused {
        CallToolResult::error(content)
    } else {
        CallToolResult::success(content)
    };
    result.structured_content = Some(told.json);
    result
}

/// `/mcp`, over the routes of this server's API. Without sessions: every request shows its token.
pub(in crate::web) fn routes(web: &Web, api: &Arc<OwnApi>) -> Router<Web> {
    let api = api.clone();
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_cancellation_token(web.stop_streams().clone())
        .with_max_request_body_bytes(LARGEST_MESSAGE)
        // The layers around have looked at both already.
        .disable_allowed_hosts()
        .disable_allowed_origins();
    let service = StreamableHttpService::new(
        move || Ok(Server::new(api.clone())),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    Router::new()
        .route("/mcp", any_service(service))
        .layer(from_fn_with_state(web.clone(), guard))
        .layer(layers::csrf(web))
}

/// Lets in whoever shows a token that may propose.
async fn guard(State(web): State<Web>, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    if bearer(&parts.headers)?.is_none() {
        return Err(Problem::unauthenticated(
            "Send a token with the scope `propose` as the header Authorization: Bearer TOKEN; make one with: holdpoint admin token add",
        ));
    }
    let CallerOf(caller) =
        <CallerOf as axum::extract::FromRequestParts<Web>>::from_request_parts(&mut parts, &web).await?;
    caller.require(Scope::Propose)?;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // What the protocol says in a refusal is JSON that its clients understand.
    response.extensions_mut().insert(Written);
    Ok(response)
}
