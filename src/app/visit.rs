//! The visitor's side: start a conversation, write, see what happens, acknowledge.

use super::actions::FormLink;
use super::duty::OnDuty;
use super::ledger::{self, Details, Ledger};
use super::views::{MessageView, Names};
use super::{App, AppError, actions, agents, reach, team};
use crate::domain::conversation::Owner;
use crate::domain::duty::Attendance;
use crate::domain::flow::{Context, Effect, Flow, Spam};
use crate::domain::ids::{AgentId, ConversationId, VisitorId, WorkspaceId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::notice::{self, Address, Reader};
use crate::domain::text::VisitorText;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::entity::{conversation, review_item, visitor};
use crate::store::{Change, LogDraft, OwnerKind, Rows, Tx};
use serde::{Deserialize, Serialize};

pub use super::team::AddressMark;

/// A visitor who showed their token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// The visitor.
    pub visitor_id: VisitorId,
    /// Their conversation.
    pub conversation_id: ConversationId,
}

/// A conversation that has just begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    /// Its id.
    pub conversation_id: ConversationId,
    /// The visitor's bearer token; it is shown once.
    pub token: String,
}

/// What goes on in a conversation, as the visitor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing is open.
    Idle,
    /// The visitor may still be writing.
    Listening,
    /// The AI is drafting.
    Drafting,
    /// A colleague is checking the answer.
    Checking,
    /// A person will answer.
    WaitingForPerson,
}

/// A conversation's status, as the visitor sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Who answers: `ai`, `person` or `nobody`.
    pub owner: String,
    /// What goes on.
    pub phase: Phase,
    /// How long a check usually takes, from the latest ones; none where nobody is there to check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimate_ms: Option<i64>,
    /// The colleague who has taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colleague: Option<String>,
    /// Outside of business hours, while something waits: that nobody is there, and when somebody is back, in a sentence for the visitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<String>,
    /// A person has to answer, and none has stepped in, or whoever has or could is not there, and the visitor has left no address yet: they may leave one, if answers can be mailed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub may_leave_email: bool,
    /// Where answers are mailed to when the visitor is not here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Forms that go with what is talked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<FormLink>,
    /// The conversation is over.
    #[serde(default, skip_serializing_if = "is_false")]
    pub closed: bool,
    /// The visitor has rated it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub rated: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// The whole conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Transcript {
    /// Its id.
    pub conversation_id: ConversationId,
    /// Everything said, in committed order.
    pub messages: Vec<MessageView>,
    /// What goes on.
    pub status: Status,
    /// Sequence of the last message; 0 when there is none.
    pub seq: i64,
}

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// The message.
    pub message: MessageView,
    /// It was accepted before, under the same client-made id.
    pub repeated: bool,
}

/// Decisions looked at for the waiting estimate.
const ESTIMATE_FROM: u64 = 20;
/// Longest client-made id, in characters.
const CLIENT_ID_CHARS: usize = 64;

/// Begins a conversation with an agent.
///
/// # Errors
/// [`AppError::NotFound`] for an unknown agent.
pub async fn start(app: &App, public_key: &str, address: Option<AddressMark>) -> Result<Started, AppError> {
    let agent = agents::public_agent(app, public_key).await?;
    let (begun, token) = Beginning::new(app, agent.workspace_id, agent.agent_id, address);
    let conversation_id = begun.visitor.conversation_id;
    app.store()
        .write(agent.workspace_id, move |tx| {
            let begun = begun.clone();
            Box::pin(async move { Ok::<_, AppError>(Change::Logged((), begun.write(tx).await?)) })
        })
        .await?;
    Ok(Started { conversation_id, token })
}

/// A conversation that is about to begin.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    /// Whose it will be.
    pub(super) visitor: Visitor,
    agent_id: AgentId,
    token_hash: Vec<u8>,
    address: Option<AddressMark>,
    now: Timestamp,
}

impl Beginning {
    /// With the visitor's bearer token.
    pub(super) fn new(
        app: &App,
        workspace_id: WorkspaceId,
        agent_id: AgentId,
        address: Option<AddressMark>,
    ) -> (Self, String) {
        let sources = app.sources();
        let (secret, token_hash) = super::accounts::new_secret(&*sources.random, "hpv_");
        let visitor = Visitor {
            workspace_id,
            visitor_id: VisitorId::new(&*sources.ids),
            conversation_id: ConversationId::new(&*sources.ids),
        };
        let begun = Self {
            visitor,
            agent_id,
            token_hash,
            address,
            now: app.now(),
        };
        (begun, secret)
    }

    /// Writes visitor and conversation; returns the entry about it.
    pub(super) async fn write(self, tx: &Tx<'_>) -> Result<LogDraft, AppError> {
        let workspace_id = tx.workspace_id();
        let Visitor {
            visitor_id,
            conversation_id,
            ..
        } = self.visitor;
        tx.insert(visitor::Model {
            id: visitor_id,
            workspace_id,
            token_hash: self.token_hash,
            created_at: self.now,
            address_mark: self.address.map(AddressMark::into_bytes),
        })
        .await?;
        let start = Flow::start();
        let row = conversation::Model {
            id: conversation_id,
            workspace_id,
            agent_id: self.agent_id,
            visitor_id,
            owner: OwnerKind::Ai,
            owner_member_id: None,
            epoch: start.ownership.epoch,
            last_seq: 0,
            delivered_seq: 0,
            created_at: self.now,
            updated_at: self.now,
            spam: start.spam,
            closed_at: None,
            answer_due_at: start.answer_due_at,
            training_consent: None,
        };
        tx.insert(row).await?;
        Ok(
            LogDraft::new(EventKind::ConversationCreated, Actor::Visitor(visitor_id))
                .about("conversation", conversation_id)
                .about("agent", self.agent_id),
        )
    }
}

/// The visitor behind a token.
///
/// # Errors
/// The store's.
pub async fn visitor_of_token(app: &App, token: &str) -> Result<Option<Visitor>, AppError> {
    let Some(row) = app
        .store()
        .visitor_by_token(&super::accounts::secret_hash(token))
        .await?
    else {
        return reach::visitor_of_link(app, &super::accounts::secret_hash(token)).await;
    };
    let conversation = app
        .store()
        .rows(row.workspace_id)
        .conversation_of_visitor(row.id)
        .await?;
    Ok(conversation.map(|conversation| Visitor {
        workspace_id: row.workspace_id,
        visitor_id: row.id,
        conversation_id: conversation.id,
    }))
}

/// Accepts a visitor's message. The same client-made id again is the same message: nothing is written twice.
///
/// # Errors
/// [`AppError::Text`] for a text that cannot be accepted, [`AppError::Invalid`] for an unusable client id.
pub async fn post(app: &App, visitor: &Visitor, client_id: &str, text: &str) -> Result<Posted, AppError> {
    write(app, visitor, client_id, text, false).await
}

/// The same for a message that asks for a person: the AI gives the conversation up with it.
///
/// # Errors
/// Those of [`post`].
pub async fn ask_for_person(app: &App, visitor: &Visitor, client_id: &str, text: &str) -> Result<Posted, AppError> {
    write(app, visitor, client_id, text, true).await
}

async fn write(
    app: &App,
    visitor: &Visitor,
    client_id: &str,
    text: &str,
    wants_person: bool,
) -> Result<Posted, AppError> {
    let text = VisitorText::parse(text)?;
    let client_id = checked_client_id(client_id)?;
    let (app_clone, visitor) = (app.clone(), *visitor);
    let (row, repeated) = app
        .store()
        .write(visitor.workspace_id, move |tx| {
            let (app, client_id, text) = (app_clone.clone(), client_id.clone(), text.clone());
            Box::pin(async move {
                if let Some(row) = tx.message_by_client_id(visitor.conversation_id, &client_id).await? {
                    return Ok(Change::Unlogged((row, true)));
                }
                let settings = ledger::settings(tx).await?;
                let mut ledger = ledger::load(tx, visitor.conversation_id).await?;
                // Only a person's time to answer is counted in business hours: where the AI answers, nothing more is read.
                let on_duty = match ledger.flow.ownership.owner {
                    Owner::Person(_) => Some(OnDuty::of(&app, tx, ledger.conversation.agent_id).await?),
                    Owner::Ai | Owner::Nobody => None,
                };
                let context = ledger::context(app.sources(), &settings);
                let context = Context {
                    duty: on_duty.as_ref().map_or(context.duty, OnDuty::duty),
                    ..context
                };
                // Whoever writes in a conversation that is over opens it again.
                ledger.conversation.closed_at = None;
                let mut step = ledger.flow.visitor_wrote(context);
                let flood = team::is_flood(tx, &settings.team, &ledger).await?;
                if flood && let Ok(marked) = step.flow.mark_spam(context, Spam::Flood) {
                    tracing::warn!(
                        conversation.id = %visitor.conversation_id,
                        "too many conversations from one address wait, so this one is put aside as spam; if your visitors come through a reverse proxy, name it in `trusted_proxies`"
                    );
                    step.flow = marked.flow;
                    step.effects.extend(marked.effects);
                }
                let details = Details {
                    visitor: Some((text.into(), client_id)),
                    ..Details::default()
                };
                let written = ledger.carry_out(tx, context, &settings, &step, &details).await?;
                let row = written
                    .messages
                    .into_iter()
                    .next_back()
                    .ok_or_else(|| AppError::Internal("a visitor's message was not written".to_owned()))?;
                let mut opened = written.opened;
                let mut kind = EventKind::MessageCreated;
                if wants_person && ledger.flow.ownership.owner == Owner::Ai {
                    let on_duty = OnDuty::of(&app, tx, ledger.conversation.agent_id).await?;
                    let context = Context {
                        duty: on_duty.duty(),
                        ..context
                    };
                    step = ledger.flow.visitor_wants_person(context)?;
                    let written = ledger
                        .carry_out(tx, context, &settings, &step, &Details::default())
                        .await?;
                    opened = written.opened.or(opened);
                    // Spam keeps its owner: nobody is called.
                    if step.effects.contains(&Effect::OwnerChanged(Owner::Nobody)) {
                        kind = EventKind::ConversationHandedOff;
                    }
                }
                let mut entry = LogDraft::new(kind, Actor::Visitor(visitor.visitor_id))
                    .about("conversation", visitor.conversation_id)
                    .about("message", row.id)
                    .about("seq", row.seq)
                    .with("text", row.body.clone());
                if let Some((turn_id, turn)) = step.flow.turn {
                    entry = entry.about("turn", turn_id).about("revision", turn.revision);
                }
                if let Some(item) = step.flow.item {
                    entry = entry.about("item", item.id);
                }
                if let Some(item) = opened {
                    entry = entry.about("opened_item", item.id);
                }
                if let Owner::Person(owner) = step.flow.ownership.owner {
                    entry = entry.about("owner", owner);
                }
                if flood {
                    entry = entry.about("spam", "flood");
                }
                Ok::<_, AppError>(Change::Logged((row, false), entry))
            })
        })
        .await?;
    let message = Names::default()
        .message(&app.store().rows(visitor.workspace_id), row)
        .await?;
    Ok(Posted { message, repeated })
}

/// An id made by a widget or console: short and printable.
pub(super) fn checked_client_id(raw: &str) -> Result<String, AppError> {
    let printable = raw.chars().all(|c| c.is_ascii_graphic());
    if raw.is_empty() || raw.len() > CLIENT_ID_CHARS || !printable {
        return Err(AppError::Invalid(format!(
            "client_id must have 1 to {CLIENT_ID_CHARS} printable ASCII characters; a random UUID is a good one"
        )));
    }
    Ok(raw.to_owned())
}

/// The widget has shown everything up to `seq`: that is "delivered".
///
/// # Errors
/// The store's.
pub async fn acknowledge(app: &App, visitor: &Visitor, seq: i64) -> Result<(), AppError> {
    let visitor = *visitor;
    app.store()
        .write(visitor.workspace_id, move |tx| {
            Box::pin(async move {
                Ok(match acknowledge_in(tx, &visitor, seq).await? {
                    Some(entry) => Change::Logged((), entry),
                    None => Change::Unlogged(()),
                })
            })
        })
        .await
}

/// The entry about it; none where all of that was shown before.
pub(super) async fn acknowledge_in(tx: &Tx<'_>, visitor: &Visitor, seq: i64) -> Result<Option<LogDraft>, AppError> {
    let row = tx
        .conversation(visitor.conversation_id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let delivered_seq = seq.min(row.last_seq);
    if delivered_seq <= row.delivered_seq {
        return Ok(None);
    }
    let entry = LogDraft::new(EventKind::MessageDelivered, Actor::Visitor(visitor.visitor_id))
        .about("conversation", row.id)
        .about("seq", delivered_seq);
    tx.mark_delivered(row.id, delivered_seq, tx.sources().clock.now())
        .await?;
    tx.update(conversation::Model { delivered_seq, ..row }).await?;
    Ok(Some(entry))
}

/// The whole conversation as the visitor sees it.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn transcript(app: &App, visitor: &Visitor) -> Result<Transcript, AppError> {
    let messages = messages_after(app, visitor, 0).await?;
    let seq = messages.last().map_or(0, |message| message.seq);
    Ok(Transcript {
        conversation_id: visitor.conversation_id,
        messages,
        status: status(app, visitor).await?,
        seq,
    })
}

/// Messages above a sequence, in committed order.
///
/// # Errors
/// The store's.
pub async fn messages_after(app: &App, visitor: &Visitor, after: i64) -> Result<Vec<MessageView>, AppError> {
    let rows = app.store().rows(visitor.workspace_id);
    Ok(Names::default().messages(&rows, visitor.conversation_id, after).await?)
}

/// What goes on in a conversation.
pub(super) fn phase(flow: &Flow, now: Timestamp) -> Phase {
    let open = flow
        .turn
        .map(|(_, turn)| turn)
        .filter(|turn| turn.state != TurnState::Answered);
    match (flow.ownership.owner, open) {
        (_, None) => Phase::Idle,
        (Owner::Person(_) | Owner::Nobody, Some(_)) => Phase::WaitingForPerson,
        // Somebody looks at it when there is time; that it counts as spam is not told to whoever floods.
        (Owner::Ai, Some(_)) if flow.spam.is_some() => Phase::WaitingForPerson,
        (Owner::Ai, Some(turn)) => match turn.state {
            TurnState::Collecting if now < turn.ends_at() => Phase::Listening,
            TurnState::Collecting => Phase::Drafting,
            TurnState::Held => Phase::Checking,
            TurnState::Waiting => Phase::WaitingForPerson,
            TurnState::Answered => Phase::Idle,
        },
    }
}

/// What goes on.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub async fn status(app: &App, visitor: &Visitor) -> Result<Status, AppError> {
    let rows = app.store().rows(visitor.workspace_id);
    let ledger = ledger::load(&rows, visitor.conversation_id).await?;
    let phase = phase(&ledger.flow, app.now());
    let (owner, colleague) = match ledger.flow.ownership.owner {
        Owner::Ai => ("ai", None),
        Owner::Nobody => ("nobody", None),
        Owner::Person(member) => ("person", Some(Names::default().of(&rows, member).await?)),
    };
    let waits = matches!(phase, Phase::Checking | Phase::WaitingForPerson);
    let email = rows
        .contact(visitor.conversation_id)
        .await?
        .map(|contact| contact.address);
    let (is_there, away) = if waits {
        there_or_away(app, &rows, &ledger).await?
    } else {
        (true, None)
    };
    let estimate_ms = if waits && is_there {
        estimate_ms(&rows).await?
    } else {
        None
    };
    let has_nobody = match phase {
        Phase::WaitingForPerson => match ledger.flow.ownership.owner {
            Owner::Ai => false,
            Owner::Nobody => true,
            Owner::Person(member) => !team::may_be_there(app, visitor.workspace_id, member),
        },
        Phase::Checking => !is_there,
        _ => false,
    };
    let topics = match &ledger.turn {
        Some(turn) => rows.drafts_of_turns(&[turn.id]).await?.last().map(ledger::topics_of),
        None => None,
    };
    let closed = ledger.conversation.closed_at.is_some();
    Ok(Status {
        may_leave_email: email.is_none() && has_nobody && app.can_mail(),
        owner: owner.to_owned(),
        phase,
        estimate_ms,
        colleague,
        away,
        email,
        forms: actions::forms(&rows, &topics.unwrap_or_default()).await?,
        closed,
        rated: closed && rows.rating(visitor.conversation_id).await?.is_some(),
    })
}

/// Whether somebody is there to answer; and outside of business hours that it is so, for the visitor.
async fn there_or_away(app: &App, rows: &Rows<'_>, ledger: &Ledger) -> Result<(bool, Option<String>), AppError> {
    let agent_id = ledger.conversation.agent_id;
    let on_duty = OnDuty::of(app, rows, agent_id).await?;
    let back_at = match on_duty.duty().attendance(app.now()) {
        Attendance::There => return Ok((true, None)),
        Attendance::Away => return Ok((false, None)),
        Attendance::Closed { back_at } => back_at,
    };
    let (_, settings) = agents::current_version(rows, agent_id).await?;
    let reader = Reader {
        language: &settings.language,
        zone: &on_duty.policy().zone,
        now: app.now(),
        address: Address::Useless,
    };
    Ok((false, Some(notice::closed(back_at, &reader))))
}

/// Median time from joining the queue to being closed, of the latest items that a person closed; none without any.
async fn estimate_ms(rows: &Rows<'_>) -> Result<Option<i64>, AppError> {
    let mut waited: Vec<i64> = rows
        .recently_decided(ESTIMATE_FROM)
        .await?
        .iter()
        .filter_map(review_item::Model::waited_ms)
        .collect();
    waited.sort_unstable();
    Ok(waited.get(waited.len() / 2).copied())
}
