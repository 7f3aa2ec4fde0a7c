//! The Live page: every conversation as it happens.

use super::queue::shortened;
use super::view::{LivePage, LivePart, LiveRow, OwnerView, Section};
use super::viewer::Viewer;
use super::{engage, html, sentence, visitor_through};
use crate::app::overview::{self, LiveView};
use crate::app::visit::Phase;
use crate::store::OwnerKind;
use crate::web::error::Problem;
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;

/// `GET /live`
pub(super) async fn page(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    let list = list(&web, &viewer).await?;
    html(&LivePage {
        shell: viewer.shell(Section::Live),
        wall: engage::wall(&web, &viewer).await?,
        list,
    })
}

/// `GET /parts/live`
pub(super) async fn part(State(web): State<Web>, viewer: Viewer) -> Result<Response, Problem> {
    html(&list(&web, &viewer).await?)
}

async fn list(web: &Web, viewer: &Viewer) -> Result<LivePart, Problem> {
    let found = overview::live(&web.app, &viewer.caller).await?;
    Ok(LivePart {
        rows: found.iter().map(|view| row(viewer, view)).collect(),
    })
}

fn row(viewer: &Viewer, view: &LiveView) -> LiveRow {
    LiveRow {
        id: view.id.to_string(),
        visitor: visitor_through(&view.id, view.program.as_deref()),
        owner: match (view.owner, &view.owner_name) {
            (OwnerKind::Ai, _) => OwnerView::Ai,
            (OwnerKind::Person, Some(name)) => OwnerView::Person(name.clone()),
            (OwnerKind::Person | OwnerKind::Nobody, _) => OwnerView::Nobody,
        },
        mine: view.yours,
        state: state(view),
        last_words: shortened(&view.last_words),
        draft: view.draft.as_deref().map(shortened).unwrap_or_default(),
        noticed: view.noticed.iter().map(|noticed| noticed.in_words.clone()).collect(),
        flags: view.flags.iter().map(|flag| sentence(flag)).collect(),
        waiting_since: view.waiting_since.map(|at| viewer.moment(at)),
        late: view.late,
        item: view.item.map(|id| id.to_string()),
    }
}

fn state(view: &LiveView) -> String {
    let state = match view.phase {
        Phase::Idle => "Answered",
        Phase::Listening => "The visitor may still be writing",
        Phase::Drafting => "The AI is drafting",
        Phase::Checking => "A draft waits for a person",
        Phase::WaitingForPerson => "The visitor waits for a person",
    };
    match &view.watched_by {
        Some(name) => format!("{state}; {name} is looking at this"),
        None => state.to_owned(),
    }
}
