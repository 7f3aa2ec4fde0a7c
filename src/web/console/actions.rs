//! Actions: what waits, what ran, what failed, what nobody knows; one of them; and people to be called back. What is decided goes to
//! the API.

use super::action_card::{card, row};
use super::view::{ActionPage, ActionPart, ActionRow, ActionStatePart, ActionsPage, ActionsPart, Section};
use super::viewer::Viewer;
use super::{html, queue};
use crate::app::actions;
use crate::domain::action::ActionStatus;
use crate::domain::ids::ActionId;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Lines of a page.
const LISTED: u64 = 50;

/// Which are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Show {
    #[default]
    All,
    Waiting,
    Done,
    Failed,
    Not,
}

impl Show {
    const fn code(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Not => "not",
        }
    }

    const fn statuses(self) -> &'static [ActionStatus] {
        match self {
            Self::All => &[],
            Self::Waiting => &[
                ActionStatus::Waiting,
                ActionStatus::Decided,
                ActionStatus::Approved,
                ActionStatus::Running,
            ],
            Self::Done => &[ActionStatus::Executed, ActionStatus::Consumed],
            Self::Failed => &[ActionStatus::Failed, ActionStatus::Unknown],
            Self::Not => &[
                ActionStatus::Rejected,
                ActionStatus::Responded,
                ActionStatus::Expired,
                ActionStatus::Cancelled,
            ],
        }
    }
}

/// The tabs: code, what follows `/actions` in the address, and words.
const TABS: [(&str, &str, &str); 6] = [
    ("all", "", "All"),
    ("waiting", "?show=waiting", "Waiting"),
    ("done", "?show=done", "Done"),
    ("failed", "?show=failed", "Failed"),
    ("not", "?show=not", "Not to be done"),
    ("leads", "/leads", "To call back"),
];

pub(super) fn tabs(current: &str) -> Vec<(&'static str, &'static str, bool)> {
    TABS.iter()
        .map(|&(code, address, words)| (address, words, code == current))
        .collect()
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Listed {
    #[serde(default)]
    show: Show,
    after: Option<String>,
}

/// `GET /actions?show=…&after=CURSOR`
pub(super) async fn list_page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wish): Query<Listed>,
) -> Result<Response, Problem> {
    let list = list(&web, &viewer, &wish).await?;
    html(&ActionsPage {
        shell: viewer.shell(Section::Actions),
        tabs: tabs(wish.show.code()),
        list,
    })
}

/// `GET /parts/actions?show=…&after=CURSOR`
pub(super) async fn list_part(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wish): Query<Listed>,
) -> Result<Response, Problem> {
    html(&list(&web, &viewer, &wish).await?)
}

async fn list(web: &Web, viewer: &Viewer, wish: &Listed) -> Result<ActionsPart, Problem> {
    let (caller, after) = (&viewer.caller, wish.after.as_deref());
    let rows =
        |found: Vec<actions::ActionView>| -> Vec<ActionRow> { found.iter().map(|view| row(viewer, view)).collect() };
    let unknown = if after.is_none() {
        let found = actions::standing(&web.app, caller, &[ActionStatus::Unknown], None, LISTED).await?;
        rows(found.items)
    } else {
        Vec::new()
    };
    let found = actions::standing(&web.app, caller, wish.show.statuses(), after, LISTED).await?;
    let listed = found.items.into_iter();
    Ok(ActionsPart {
        unknown,
        rows: rows(listed.filter(|view| view.status != ActionStatus::Unknown).collect()),
        show: wish.show.code(),
        next: found.next,
        continued: after.is_some(),
    })
}

/// `GET /actions/{id}`: in the queue while it waits, and what became of it afterwards.
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ActionId>,
    wish: queue::Wanted,
) -> Result<Response, Problem> {
    let view = actions::action(&web.app, &viewer.caller, id).await?;
    let is_waiting = view.status == ActionStatus::Waiting;
    let action = card(&viewer, view);
    if is_waiting {
        return queue::with_action(&web, &viewer, wish, ActionPart { action }).await;
    }
    html(&ActionPage {
        shell: viewer.shell(Section::Actions),
        state: ActionStatePart { action },
    })
}

/// `GET /parts/actions/{id}`
pub(super) async fn part(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ActionId>,
) -> Result<Response, Problem> {
    let view = actions::action(&web.app, &viewer.caller, id).await?;
    let action = card(&viewer, view);
    html(&ActionStatePart { action })
}

/// `GET /parts/queue/actions/{id}`: 404 once it is decided.
pub(super) async fn queue_part(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ActionId>,
) -> Result<Response, Problem> {
    let view = actions::action(&web.app, &viewer.caller, id).await?;
    if view.status != ActionStatus::Waiting {
        return Err(Problem::not_found(
            "This action has been decided; the page Actions shows what became of it.",
        ));
    }
    let action = card(&viewer, view);
    html(&ActionPart { action })
}
