//! All clients of somebody who looks after several workspaces.

use super::html;
use super::view::{AgencyPage, ClientRow, Section};
use super::viewer::Viewer;
use crate::app::agency::{self, Client};
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /agency`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let clients = agency::clients(&web.app, &viewer.caller).await?;
    let waiting = clients.iter().map(|client| client.waiting).sum();
    html(&AgencyPage {
        shell: viewer.shell(Section::Agency),
        waiting,
        clients: clients.into_iter().map(|client| row(&viewer, client)).collect(),
    })
}

fn row(viewer: &Viewer, client: Client) -> ClientRow {
    let week = client.week;
    ClientRow {
        id: client.workspace_id.to_string(),
        name: client.name,
        is_current: client.is_current,
        waiting: client.waiting,
        waiting_since: client.waiting_since.map(|since| viewer.moment(since)),
        gate: client.gate,
        gate_words: match client.gate {
            "certified" => "open, certified",
            "uncertified" => "open, not certified",
            _ => "closed",
        },
        conversations: week.conversations,
        automation: week.automation.in_words(),
        handoff: week.handoff.in_words(),
        resolved: week.resolved.in_words(),
        csat: week.csat.in_words(),
        days: week.period.to_string(),
        needs: client.needs.into_iter().map(|need| need.in_words).collect(),
    }
}
