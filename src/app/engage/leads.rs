//! People to be called back: each once, however often they ask.

use crate::app::views::{Names, Page, next_page};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{ActionId, ConversationId, LeadId, LeadOccurrenceId, MemberId};
use crate::domain::lead::{LeadStage, contact_key};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::store::entity::{lead, lead_occurrence};
use crate::store::{Change, LeadCursor, LeadFilter, LogDraft, Rows, Tx};
use serde::{Deserialize, Deserializer, Serialize};

/// Occurrences that are shown of one lead.
const SHOWN: u64 = 100;

/// Somebody to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeadView {
    /// Their id.
    pub id: LeadId,
    /// Their name, as they last gave one.
    pub name: String,
    /// Their address or number.
    pub contact: String,
    /// What they want, as they last said.
    pub note: String,
    /// How far it is.
    pub stage: LeadStage,
    /// Who looks after them.
    pub owner_id: Option<MemberId>,
    /// Their name.
    pub owner_name: Option<String>,
    /// How often they asked.
    pub occurrences: i64,
    /// The conversation in which they last did.
    pub conversation_id: Option<ConversationId>,
    /// The action that noted it.
    pub action_id: Option<ActionId>,
    /// When they first asked.
    pub created_at: Timestamp,
    /// When they last asked.
    pub asked_at: Timestamp,
    /// When anything of this last changed.
    pub changed_at: Timestamp,
    /// Each time they asked, the newest first; only where one lead is looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<OccurrenceView>,
}

/// One of the times that somebody asked, in the words of then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OccurrenceView {
    /// When.
    pub at: Timestamp,
    /// Their name.
    pub name: String,
    /// Their address or number as they wrote it.
    pub contact: String,
    /// What they want.
    pub note: String,
    /// The words that they agreed to; empty where nobody showed them any.
    pub consent: String,
    /// The conversation.
    pub conversation_id: Option<ConversationId>,
    /// The action that noted it.
    pub action_id: ActionId,
}

/// Which leads are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LeadWish {
    /// Those at this stage.
    pub stage: Option<LeadStage>,
    /// Those of this member, or of `nobody`, or of whoever asks (`me`).
    pub owner: Option<String>,
}

/// What is to be different about a lead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeadChange {
    /// How far it is.
    #[serde(default)]
    pub stage: Option<LeadStage>,
    /// Who looks after them; null for nobody.
    #[serde(default, deserialize_with = "there")]
    pub owner_id: Option<Option<MemberId>>,
}

/// Null is a value, too.
#[expect(clippy::option_option, reason = "not said, said to be nobody, said to be somebody")]
fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<MemberId>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Somebody asks to be called back.
#[derive(Debug, Clone)]
pub(in crate::app) struct Asked {
    pub(in crate::app) action_id: ActionId,
    pub(in crate::app) conversation_id: Option<ConversationId>,
    pub(in crate::app) name: String,
    pub(in crate::app) contact: String,
    pub(in crate::app) note: String,
    /// The words that they agreed to.
    pub(in crate::app) consent: String,
}

/// Who it was, and whether they asked for the first time.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct NotedLead {
    pub(in crate::app) id: LeadId,
    pub(in crate::app) is_new: bool,
}

/// Notes that somebody asks to be called back. The one writer makes sure that two at the same moment are one.
pub(in crate::app) async fn note(tx: &Tx<'_>, asked: Asked) -> Result<NotedLead, AppError> {
    let (ids, now) = (&*tx.sources().ids, tx.sources().clock.now());
    let key = contact_key(&asked.contact);
    let known = tx.lead_of_contact(&key).await?;
    let is_new = known.is_none();
    let id = match known {
        Some(row) => {
            let id = row.id;
            let newest = |new: &str, old: String| if new.trim().is_empty() { old } else { new.to_owned() };
            tx.update(lead::Model {
                name: newest(&asked.name, row.name),
                note: newest(&asked.note, row.note),
                contact: asked.contact.clone(),
                stage: row.stage.asked_again(),
                occurrences: row.occurrences + 1,
                asked_at: now,
                changed_at: now,
                ..row
            })
            .await?;
            id
        }
        None => {
            let id = LeadId::new(ids);
            tx.insert(lead::Model {
                id,
                workspace_id: tx.workspace_id(),
                contact_key: key,
                name: asked.name.clone(),
                contact: asked.contact.clone(),
                note: asked.note.clone(),
                stage: LeadStage::New,
                owner_id: None,
                occurrences: 1,
                created_at: now,
                asked_at: now,
                changed_at: now,
            })
            .await?;
            id
        }
    };
    tx.insert(lead_occurrence::Model {
        id: LeadOccurrenceId::new(ids),
        workspace_id: tx.workspace_id(),
        lead_id: id,
        action_id: asked.action_id,
        conversation_id: asked.conversation_id,
        name: asked.name,
        contact: asked.contact,
        note: asked.note,
        consent: asked.consent,
        at: now,
    })
    .await?;
    Ok(NotedLead { id, is_new })
}

/// People to be called back, who asked last first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a bad cursor or owner, or the store's.
pub async fn leads(
    app: &App,
    caller: &Caller,
    wish: &LeadWish,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<LeadView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let owner = match wish.owner.as_deref().filter(|owner| !owner.is_empty()) {
        None => None,
        Some("nobody") => Some(None),
        Some("me") => Some(Some(caller.member()?)),
        Some(id) => Some(Some(id.parse::<MemberId>()?)),
    };
    let filter = LeadFilter {
        stage: wish.stage,
        owner,
    };
    let behind = after.map(cursor).transpose()?;
    let found = rows.leads(filter, behind, limit).await?;
    let next = next_page(&found, limit, |last| format!("{}.{}", last.asked_at.0, last.id));
    let mut names = Names::default();
    let mut items = Vec::new();
    for row in found {
        items.push(view(&rows, &mut names, row, 1, false).await?);
    }
    Ok(Page { items, next })
}

fn cursor(text: &str) -> Result<LeadCursor, AppError> {
    let parts = text
        .split_once('.')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    let (at, id) = parts.ok_or_else(|| {
        AppError::Invalid("this is no place in the list of leads; begin again without `after`".to_owned())
    })?;
    Ok(LeadCursor {
        asked_at: Timestamp(at),
        id,
    })
}

/// One of them, with each time that they asked.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn lead(app: &App, caller: &Caller, id: LeadId) -> Result<LeadView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.lead(id).await?.ok_or(AppError::NotFound("the lead"))?;
    view(&rows, &mut Names::default(), row, SHOWN, true).await
}

async fn view(
    rows: &Rows<'_>,
    names: &mut Names,
    row: lead::Model,
    limit: u64,
    with_asked: bool,
) -> Result<LeadView, AppError> {
    let asked = rows.lead_occurrences(row.id, limit).await?;
    let owner_name = match row.owner_id {
        Some(owner) => Some(names.of(rows, owner).await?),
        None => None,
    };
    let last = asked.first();
    Ok(LeadView {
        conversation_id: last.and_then(|last| last.conversation_id),
        action_id: last.map(|last| last.action_id),
        id: row.id,
        name: row.name,
        contact: row.contact,
        note: row.note,
        stage: row.stage,
        owner_id: row.owner_id,
        owner_name,
        occurrences: row.occurrences,
        created_at: row.created_at,
        asked_at: row.asked_at,
        changed_at: row.changed_at,
        asked: asked.into_iter().filter(|_| with_asked).map(occurrence).collect(),
    })
}

fn occurrence(row: lead_occurrence::Model) -> OccurrenceView {
    OccurrenceView {
        at: row.at,
        name: row.name,
        contact: row.contact,
        note: row.note,
        consent: row.consent,
        conversation_id: row.conversation_id,
        action_id: row.action_id,
    }
}

/// Says how far it is with somebody, or who looks after them.
///
/// # Errors
/// [`AppError::NotFound`] for an unknown lead or member, [`AppError::Forbidden`].
pub async fn change_lead(app: &App, caller: &Caller, id: LeadId, wish: LeadChange) -> Result<LeadView, AppError> {
    caller.require(Scope::Review)?;
    let (actor, now) = (caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.lead(id).await?.ok_or(AppError::NotFound("the lead"))?;
                let stage = wish.stage.unwrap_or(row.stage);
                let owner_id = wish.owner_id.unwrap_or(row.owner_id);
                if (stage, owner_id) == (row.stage, row.owner_id) {
                    return Ok(Change::Unlogged(()));
                }
                if let Some(owner) = owner_id
                    && tx.member_name(owner).await?.is_none()
                {
                    return Err(AppError::NotFound("the member"));
                }
                let mut entry = LogDraft::new(EventKind::LeadChanged, actor).about("lead", id);
                if stage != row.stage {
                    entry = entry.about("stage", stage);
                }
                if owner_id != row.owner_id {
                    entry = match owner_id {
                        Some(owner) => entry.about("member", owner),
                        None => entry.about("given_back", true),
                    };
                }
                if let Some(last) = tx.lead_occurrences(id, 1).await?.pop()
                    && let Some(conversation) = last.conversation_id
                {
                    entry = entry.about("conversation", conversation);
                }
                tx.update(lead::Model {
                    stage,
                    owner_id,
                    changed_at: now,
                    ..row
                })
                .await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    lead(app, caller, id).await
}
