//! The queue: the list of what waits, and one item with everything needed to decide.

use super::action_card::{self, asked};
use super::compare::repeated;
use super::flags::flags;
use super::view::{
    ActionPart, DraftView, ItemPart, LeaseView, Marked, MessageView, QueueItem, QueuePage, QueuePart, QueueRow,
    RowKind, Section, SourceView,
};
use super::viewer::Viewer;
use super::{html, sentence, visitor_through};
use crate::app::actions::{self, ActionView};
use crate::app::review::{self, DraftView as Draft, ItemSummary, ItemView, QueueWish};
use crate::app::views::MessageView as Message;
use crate::app::waiting::{self, Line, Wish};
use crate::app::{agents, checks, desk, evidence, policy};
use crate::domain::action::ActionStatus;
use crate::domain::answer::AnswerMode;
use crate::domain::conversation::Author;
use crate::domain::ids::{ActionId, ItemId};
use crate::domain::policy::{Fallback, Reason};
use crate::domain::review::ItemKind;
use crate::store::ItemStatus;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::request::Parts;
use serde::Deserialize;

/// Items in the list at most: nobody reads on further, and the next ones move up.
const LISTED: u64 = 100;
/// That the gate closed, and what load follows, is told for a week, in milliseconds: then the load is known.
const LOAD_IS_NEWS_MS: i64 = 7 * 24 * 60 * 60_000;
/// Characters of a question in the list.
const QUESTION_CHARS: usize = 160;

/// Which part of the queue is asked for; `actions=true` is what is to be done, and nothing else.
#[derive(Debug, Default)]
pub(super) struct Wanted(Wish);

impl FromRequestParts<Web> for Wanted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Problem> {
        #[derive(Debug, Deserialize)]
        struct Only {
            #[serde(default)]
            actions: bool,
        }
        let Query(Only { actions }) = Query::from_request_parts(parts, web).await?;
        let Query(items) = Query::<QueueWish>::from_request_parts(parts, web).await?;
        Ok(Self(Wish {
            only_actions: actions,
            items,
        }))
    }
}

/// `GET /queue`: the first of what waits that nobody else has open.
pub(super) async fn page(State(web): State<Web>, viewer: Viewer, Wanted(wish): Wanted) -> Result<Response, Response> {
    first(&web, &viewer, &wish).await.map_err(IntoResponse::into_response)
}

async fn first(web: &Web, viewer: &Viewer, wish: &Wish) -> Result<Response, Problem> {
    let mut list = list(web, viewer, wish).await?;
    // One's own first, then what nobody has been given.
    let free = list
        .rows
        .iter()
        .filter(|row| row.held_by.is_none())
        .min_by_key(|row| match row.given_to.as_deref() {
            Some(YOU) => 0,
            None => 1,
            Some(_) => 2,
        })
        .or(list.rows.first());
    let mut centre = Centre::Nothing;
    if let Some(row) = free {
        centre = match row.kind {
            RowKind::Item(_) => match row.id.parse() {
                Ok(id) => item(web, viewer, id, None).await?.map_or(Centre::Nothing, Centre::item),
                Err(_) => Centre::Nothing,
            },
            RowKind::Action(..) => match row.id.parse() {
                Ok(id) => action(web, viewer, id).await?.map_or(Centre::Nothing, Centre::action),
                Err(_) => Centre::Nothing,
            },
        };
    }
    list.current = centre.id();
    whole(web, viewer, list, centre).await
}

/// What stands in the centre.
enum Centre {
    Nothing,
    Item(Box<ItemPart>),
    Action(Box<ActionPart>),
}

impl Centre {
    fn item(part: ItemPart) -> Self {
        Self::Item(Box::new(part))
    }

    fn action(part: ActionPart) -> Self {
        Self::Action(Box::new(part))
    }

    fn id(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Item(part) => part.item.id.clone(),
            Self::Action(part) => part.action.id.clone(),
        }
    }
}

/// `GET /queue/{item}`: an item that no longer waits leads to its conversation, where one sees what became of it.
pub(super) async fn page_at(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ItemId>,
    Wanted(wish): Wanted,
) -> Result<Response, Problem> {
    let Some(part) = item(&web, &viewer, id, None).await? else {
        let conversation = review::item(&web.app, &viewer.caller, id)
            .await?
            .summary
            .conversation_id;
        return Ok(Redirect::to(&format!("/conversations/{conversation}")).into_response());
    };
    let mut list = list(&web, &viewer, &wish).await?;
    list.current = part.item.id.clone();
    whole(&web, &viewer, list, Centre::item(part)).await
}

/// The queue with an action in the centre.
pub(super) async fn with_action(
    web: &Web,
    viewer: &Viewer,
    Wanted(wish): Wanted,
    part: ActionPart,
) -> Result<Response, Problem> {
    let mut list = list(web, viewer, &wish).await?;
    list.current = part.action.id.clone();
    whole(web, viewer, list, Centre::action(part)).await
}

/// An action as a reviewer sees it; none when it does not wait (any more).
async fn action(web: &Web, viewer: &Viewer, id: ActionId) -> Result<Option<ActionPart>, Problem> {
    let view = actions::action(&web.app, &viewer.caller, id).await?;
    let waits = view.status == ActionStatus::Waiting;
    Ok(waits.then(|| ActionPart {
        action: action_card::card(viewer, view),
    }))
}

async fn whole(web: &Web, viewer: &Viewer, list: QueuePart, centre: Centre) -> Result<Response, Problem> {
    let (item, action) = match centre {
        Centre::Nothing => (None, None),
        Centre::Item(part) => (Some(*part), None),
        Centre::Action(part) => (None, Some(*part)),
    };
    let has_knowledge = item.is_some() || action.is_some() || desk::has_knowledge(&web.app, &viewer.caller).await?;
    let agents = agents::agents(&web.app, &viewer.caller).await?;
    let topics = policy::topics(&web.app, &viewer.caller).await?;
    let checks = checks::waiting(&web.app, &viewer.caller).await?;
    let closed = evidence::closed(&web.app, &viewer.caller).await?;
    let news = closed.filter(|closed| web.app.now().ms_since(closed.at) < LOAD_IS_NEWS_MS);
    let load = news.map(|closed| format!("The gate closed by itself. {}", closed.load_in_words));
    let reasons = [
        Reason::CustomerRequest,
        Reason::MissingKnowledge,
        Reason::Unsupported,
        Reason::UnfitModel,
        Reason::Timeout,
        Reason::Rejected,
        Reason::EngineUnavailable,
    ];
    html(&QueuePage {
        shell: viewer.shell(Section::Queue),
        list,
        item,
        action,
        has_knowledge,
        agents: agents
            .into_iter()
            .map(|agent| (agent.id.to_string(), agent.settings.name))
            .collect(),
        reasons: reasons
            .iter()
            .map(|&reason| (code(reason), sentence(reason.in_words())))
            .collect(),
        topics,
        checks,
        load: load.unwrap_or_default(),
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct Current {
    #[serde(default)]
    current: String,
}

/// `GET /parts/queue?current=ID`
pub(super) async fn list_part(
    State(web): State<Web>,
    viewer: Viewer,
    Query(Current { current }): Query<Current>,
    Wanted(wish): Wanted,
) -> Result<Response, Problem> {
    let list = list(&web, &viewer, &wish).await?;
    html(&QueuePart { current, ..list })
}

#[derive(Debug, Deserialize)]
pub(super) struct Seen {
    seen: Option<i64>,
}

/// `GET /parts/queue/{item}?seen=REVISION`: 404 once it is decided, its undo window included.
pub(super) async fn item_part(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<ItemId>,
    Query(Seen { seen }): Query<Seen>,
) -> Result<Response, Problem> {
    let part = item(&web, &viewer, id, seen).await?;
    html(&part.ok_or_else(|| Problem::not_found("This item has been decided; the queue shows what still waits."))?)
}

/// What one's own is called in the list.
const YOU: &str = "you";

/// A reason's word, as the API spells it.
fn code(reason: Reason) -> String {
    let word = serde_json::to_value(reason).unwrap_or_default();
    word.as_str().unwrap_or_default().to_owned()
}

async fn list(web: &Web, viewer: &Viewer, wish: &Wish) -> Result<QueuePart, Problem> {
    let caller = &viewer.caller;
    let found = waiting::waiting(&web.app, caller, wish, LISTED).await?;
    let items: Vec<ItemSummary> = found.lines.iter().filter_map(Line::item).cloned().collect();
    let mut unsupported = desk::unsupported(&web.app, caller, &items).await?.into_iter();
    let rows = found.lines.into_iter().map(|line| match line {
        Line::Item(item) => item_row(viewer, *item, unsupported.next().unwrap_or_default()),
        Line::Action(action) => action_row(viewer, &action),
    });
    Ok(QueuePart {
        rows: rows.collect(),
        current: String::new(),
        total: found.total,
    })
}

fn item_row(viewer: &Viewer, item: ItemSummary, warnings: usize) -> QueueRow {
    QueueRow {
        id: item.id.to_string(),
        kind: RowKind::Item(item.kind),
        mode: item.mode,
        question: shortened(&item.question),
        waiting_since: viewer.moment(item.waiting_since),
        warnings,
        revision: item.revision,
        held_by: item.lease.filter(|lease| !lease.yours).map(|lease| lease.name),
        given_to: item
            .assigned
            .map(|given| if given.yours { YOU.to_owned() } else { given.name }),
        program: item.program,
    }
}

fn action_row(viewer: &Viewer, view: &ActionView) -> QueueRow {
    QueueRow {
        id: view.id.to_string(),
        question: shortened(&view.title),
        kind: RowKind::Action(sentence(&asked(view)).trim_end_matches('.').to_owned(), view.risk),
        mode: None,
        waiting_since: viewer.moment(view.created_at),
        warnings: 0,
        revision: 1,
        held_by: view.leased_by.clone().filter(|_| !view.leased_by_you),
        given_to: None,
        program: None,
    }
}

/// The beginning of a text, on one line.
pub(super) fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUESTION_CHARS) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(&line).trim_end()),
        None => line,
    }
}

/// An item as a reviewer sees it; none when it does not wait (any more).
async fn item(web: &Web, viewer: &Viewer, id: ItemId, seen: Option<i64>) -> Result<Option<ItemPart>, Problem> {
    let found = review::item(&web.app, &viewer.caller, id).await?;
    if found.state != ItemStatus::Open {
        return Ok(None);
    }
    let case = desk::case(&web.app, &viewer.caller, id).await?;
    Ok(Some(ItemPart {
        item: shown(viewer, &found, &case, seen),
    }))
}

fn shown(viewer: &Viewer, found: &ItemView, case: &desk::Case, seen: Option<i64>) -> QueueItem {
    let summary = &found.summary;
    let visitor = visitor_through(&summary.conversation_id, summary.program.as_deref());
    let message = |message: &Message| message_view(viewer, message, &visitor, &case.agent);
    let asked: Vec<_> = found.messages.iter().filter(|m| case.asked.contains(&m.id)).collect();
    let first_asked = asked.first().map_or(i64::MAX, |first| first.seq);
    let revisions_seen = seen.and_then(|seen| usize::try_from(seen).ok()).unwrap_or(usize::MAX);
    QueueItem {
        id: summary.id.to_string(),
        kind: summary.kind,
        conversation_id: summary.conversation_id.to_string(),
        revision: summary.revision,
        history: found
            .messages
            .iter()
            .filter(|m| m.seq < first_asked)
            .map(message)
            .collect(),
        newer: asked.iter().skip(revisions_seen).map(|m| message(m)).collect(),
        question: asked.into_iter().map(message).collect(),
        draft: draft(found, case),
        without_draft: without_draft(found).to_owned(),
        brief: found.brief.clone(),
        drafting: summary.kind == ItemKind::Gate && !found.may_release,
        sources: found.draft.iter().flat_map(sources).collect(),
        flags: flags(found),
        reasons: found.reasons_in_words.iter().map(|reason| sentence(reason)).collect(),
        // Who asks for a person gets one each time, not the words that one of them once wrote.
        remembers: !found.reasons.contains(&Reason::CustomerRequest),
        waiting_since: viewer.moment(summary.waiting_since),
        deadline: Some(viewer.moment(summary.deadline_at)),
        fallback: fallback(found).to_owned(),
        wording: found.wording,
        together: together(found),
        alike: found.alike,
        lease: match &summary.lease {
            None => LeaseView::Free,
            Some(lease) if lease.yours => LeaseView::Mine,
            Some(lease) => LeaseView::Other(lease.name.clone()),
        },
        agent: case.agent.clone(),
        visitor,
    }
}

fn message_view(viewer: &Viewer, message: &Message, visitor: &str, agent: &str) -> MessageView {
    MessageView {
        author: message.author,
        name: author_name(message, visitor, agent),
        text: message.text.clone(),
        at: viewer.moment(message.at),
    }
}

/// What the writer of a message is called here.
pub(super) fn author_name(message: &Message, visitor: &str, agent: &str) -> String {
    match message.author {
        Author::Visitor => visitor.to_owned(),
        Author::Ai => agent.to_owned(),
        Author::Person => message.name.clone().unwrap_or_else(|| "A colleague".to_owned()),
        Author::System => "Notice".to_owned(),
    }
}

fn draft(found: &ItemView, case: &desk::Case) -> Option<DraftView> {
    let draft = found.draft.as_ref().filter(|_| found.summary.kind == ItemKind::Gate)?;
    // What would go out: the draft, or what a colleague made of it and others have to approve.
    let text = found.edited_text.as_deref().unwrap_or(&draft.text);
    let unsupported: Vec<_> = draft
        .signals
        .unsupported
        .iter()
        .flat_map(|words| text.match_indices(words.as_str()))
        .map(|(at, words)| at..at + words.len())
        .collect();
    Some(DraftView {
        mode: draft.mode,
        text: Marked::new(text, &unsupported),
        plain: text.to_owned(),
        agent_version: match case.version {
            Some(version) => format!("{}, version {version}", case.agent),
            None => case.agent.clone(),
        },
        took_ms: draft.drafted_in_ms,
    })
}

/// What follows at the deadline.
const fn fallback(found: &ItemView) -> &'static str {
    match (found.summary.kind, found.fallback) {
        (ItemKind::Handoff, _) => "After the deadline it counts as late.",
        (ItemKind::Gate, Fallback::HandOff) => {
            "After the deadline the visitor is told that a person will answer, and it goes on waiting here."
        }
        (ItemKind::Gate, Fallback::HoldingMessage) => {
            "After the deadline the visitor is told once that it takes longer, and it goes on waiting here."
        }
        (ItemKind::Gate, Fallback::TakeEmail) => {
            "After the deadline the visitor is asked for an e-mail address, and a person has to answer."
        }
        (ItemKind::Gate, Fallback::Refuse) => "After the deadline the visitor is told that this is not answered here.",
    }
}

/// Who has to decide, and who has approved already; nothing where one person decides alone.
fn together(found: &ItemView) -> Vec<String> {
    let mut lines = Vec::new();
    if !found.may_decide {
        let who = found.approvers.join(", ");
        lines.push(format!(
            "Your policy leaves this to others: {who}. You can take the conversation over."
        ));
    }
    if found.quorum > 1 && found.summary.kind == ItemKind::Gate {
        let so_far = found.approved_by.len();
        let (needed, names) = (found.quorum, found.approved_by.join(" and "));
        lines.push(match (&found.edited_text, so_far) {
            (Some(_), 1) => {
                format!("{names} changed the draft to this. {needed} people have to approve it, {names} among them.")
            }
            (_, 0) => format!("{needed} people have to approve this answer."),
            _ => format!("{needed} people have to approve this answer: {names} did."),
        });
    }
    lines
}

/// What stands in the draft's place.
fn without_draft(found: &ItemView) -> &'static str {
    let has = |reason| found.reasons.contains(&reason);
    if found.summary.kind == ItemKind::Gate {
        "The AI is writing a draft. You can answer without waiting for it."
    } else if has(Reason::CustomerRequest) {
        "The visitor asked for a person, so the AI wrote nothing. Answer, or take the conversation over."
    } else if has(Reason::HandedOver) {
        "A program handed this conversation over, and its note says why. Answer, or take the conversation over."
    } else if has(Reason::Rejected) {
        "The draft was rejected, and the visitor still waits. Write the answer, and the AI will know it next time."
    } else if has(Reason::EngineUnavailable) {
        "The AI was not available when this was asked. Write the answer, and it will know next time."
    } else if has(Reason::EngineOverloaded) || has(Reason::EngineDeadline) {
        "The AI had too much to do when this was asked. Write the answer, and it will know next time."
    } else if has(Reason::PromptTooLong) {
        "The question is too long for the AI model. Write the answer, or take the conversation over."
    } else if has(Reason::UnusableAnswer) {
        "The AI wrote nothing that can be used. Write the answer, and it will know next time."
    } else if has(Reason::BudgetSpent) {
        "The LLM has written as many answers this month as it may. Write the answer, and it will be known next time."
    } else if has(Reason::Timeout) {
        "Nobody decided on the draft in time, and the visitor was told that a person will answer."
    } else {
        "The AI found nothing in your knowledge that answers this. Write the answer, and it will know next time."
    }
}

fn sources(draft: &Draft) -> impl Iterator<Item = SourceView> {
    draft.sources.iter().map(|source| SourceView {
        title: source.title.clone(),
        href: match (source.document_id, source.verified_answer_id) {
            (Some(id), _) => format!("/knowledge/documents/{id}"),
            (None, Some(id)) => format!("/knowledge/answers/{id}"),
            (None, None) => "/knowledge".to_owned(),
        },
        passage: if source.quoted.is_empty() {
            repeated(&source.text, &draft.text)
        } else {
            Marked::by_characters(&source.text, &source.quoted)
        },
        nearness_percent: Some(percent(source.score)),
        used: draft.mode != AnswerMode::Abstain,
    })
}

/// A ranking score as whole percent.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=100 before"
)]
pub(super) fn percent(score: f64) -> u8 {
    (score.clamp(0.0, 1.0) * 100.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_question_is_cut_between_characters_and_put_on_one_line() {
        assert_eq!(shortened("Hello\n\n  there"), "Hello there");
        let long = shortened(&"ä".repeat(500));
        assert_eq!(long.chars().count(), QUESTION_CHARS + 1);
        assert!(long.ends_with('…'));
    }

    #[test]
    fn a_score_is_shown_between_none_and_all() {
        assert_eq!(
            [percent(-0.2), percent(0.834), percent(1.4), percent(f64::NAN)],
            [0, 83, 100, 0]
        );
    }
}
