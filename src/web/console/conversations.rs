//! Conversations: the list, and one with everything that stands behind its answers.

use super::queue::shortened;
use super::thread;
use super::view::{
    ConversationPage, ConversationPart, ConversationRow, ConversationsPage, ConversationsPart, OwnerView, Section,
};
use super::viewer::Viewer;
use super::{action_card, html, tools, visitor_through};
use crate::app::actions::{self, ActionWish};
use crate::app::conversations::{self, ConversationSummary};
use crate::app::desk;
use crate::domain::account::Scope;
use crate::domain::conversation::Author;
use crate::domain::flow::Spam;
use crate::domain::ids::ConversationId;
use crate::store::OwnerKind;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// Actions that are listed with a conversation.
const ACTIONS: u64 = 20;
/// Conversations of a page.
const LISTED: u64 = 50;

#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    after: Option<String>,
    #[serde(default)]
    spam: bool,
}

/// `GET /conversations?after=CURSOR&spam=true`
pub(super) async fn list_page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wish): Query<Listed>,
) -> Result<Response, Problem> {
    let list = list(&web, &viewer, &wish).await?;
    html(&ConversationsPage {
        shell: viewer.shell(Section::Conversations),
        list,
    })
}

/// `GET /parts/conversations?after=CURSOR&spam=true`
pub(super) async fn list_part(
    State(web): State<Web>,
    viewer: Viewer,
    Query(wish): Query<Listed>,
) -> Result<Response, Problem> {
    html(&list(&web, &viewer, &wish).await?)
}

/// `GET /conversations/{id}`
pub(super) async fn page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ConversationId>,
) -> Result<Response, Problem> {
    let conversation = whole(&web, &viewer, id).await?;
    html(&ConversationPage {
        shell: viewer.shell(Section::Conversations),
        conversation,
        tools: tools::choices(&web, &viewer).await?,
    })
}

/// `GET /parts/conversations/{id}`
pub(super) async fn part(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ConversationId>,
) -> Result<Response, Problem> {
    html(&whole(&web, &viewer, id).await?)
}

async fn list(web: &Web, viewer: &Viewer, wish: &Listed) -> Result<ConversationsPart, Problem> {
    let after = wish.after.as_deref();
    let found = conversations::list(&web.app, &viewer.caller, wish.spam, after, LISTED).await?;
    Ok(ConversationsPart {
        // Nobody has written yet in a conversation without a message; there is nothing to read.
        rows: found
            .items
            .iter()
            .filter(|row| row.messages > 0)
            .map(|row| self::row(viewer, row))
            .collect(),
        next: found.next,
        continued: after.is_some(),
        spam: wish.spam,
    })
}

pub(super) fn row(viewer: &Viewer, row: &ConversationSummary) -> ConversationRow {
    let last = row.last_message.as_ref();
    let last_author = last.map_or(Author::Visitor, |message| message.author);
    let (state, needs_person) = match (row.owner.kind, last_author) {
        _ if row.spam == Some(Spam::Flood) => ("Spam: too many at once from one address", false),
        _ if row.spam == Some(Spam::Marked) => ("Marked as spam", false),
        (OwnerKind::Ai, _) if row.open_item.is_some() => ("A draft waits", true),
        (OwnerKind::Nobody, _) | (OwnerKind::Person, Author::Visitor) => ("Wants an answer", true),
        // A notice is no answer.
        (OwnerKind::Ai, Author::Visitor | Author::System) => ("Being drafted", false),
        (OwnerKind::Ai | OwnerKind::Person, _) => ("Answered", false),
    };
    ConversationRow {
        id: row.id.to_string(),
        visitor: visitor_through(&row.id, row.program.as_deref()),
        last_text: last.map(|message| shortened(&message.text)).unwrap_or_default(),
        last_author,
        last_at: viewer.moment(last.map_or(row.updated_at, |message| message.at)),
        owner: owner(row),
        state: state.to_owned(),
        needs_person,
        spam: row.spam.is_some(),
    }
}

fn owner(summary: &ConversationSummary) -> OwnerView {
    match (summary.owner.kind, &summary.owner.name) {
        (OwnerKind::Ai, _) => OwnerView::Ai,
        (OwnerKind::Person, Some(name)) => OwnerView::Person(name.clone()),
        (OwnerKind::Person | OwnerKind::Nobody, _) => OwnerView::Nobody,
    }
}

async fn whole(web: &Web, viewer: &Viewer, id: ConversationId) -> Result<ConversationPart, Problem> {
    let conversation = conversations::conversation(&web.app, &viewer.caller, id).await?;
    let backdrop = desk::backdrop(&web.app, &viewer.caller, &conversation).await?;
    let names = super::sentences::Names::of(&web.app, &viewer.caller).await?;
    let summary = &conversation.summary;
    let about = ActionWish {
        status: None,
        conversation: Some(id),
    };
    let proposed = actions::actions(&web.app, &viewer.caller, &about, None, ACTIONS).await?;
    let may_correct = viewer.caller.require(Scope::Knowledge).is_ok();
    Ok(ConversationPart {
        id: summary.id.to_string(),
        visitor: visitor_through(&summary.id, summary.program.as_deref()),
        started: viewer.moment(summary.created_at),
        owner: owner(summary),
        mine: summary.owner.yours,
        closed: conversation.closed_at.is_some(),
        email: conversation.email.clone(),
        rating: conversation.rating.clone(),
        brief: conversation.brief.clone(),
        open_item: thread::open_item(&conversation),
        thread: thread::of(&viewer.zone, &conversation, &backdrop, &names, may_correct),
        agent: backdrop.agent,
        actions: proposed
            .items
            .iter()
            .map(|view| action_card::row(viewer, view))
            .collect(),
    })
}
