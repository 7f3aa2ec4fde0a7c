//! How a turn stands for the program that asked: its answer, or what a visitor reads meanwhile.

use super::asking::visitor;
use super::program;
use crate::app::caller::Caller;
use crate::app::visit::{self, Visitor};
use crate::app::{App, AppError, agents, live};
use crate::domain::conversation::Author;
use crate::domain::ids::{ConversationId, ItemId, TurnId};
use crate::domain::log::EventKind;
use crate::domain::notice::{Meanwhile, meanwhile};
use crate::domain::policy::{DecisionKind, Fallback};
use crate::domain::review::OutcomeKind;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::entity::{message, program_conversation, turn};
use crate::store::{Change, Committed, OwnerKind, Rows};
use serde::Serialize;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(55);

/// A turn of one of the program's conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Whose conversation.
    pub visitor: Visitor,
    /// The turn.
    pub turn_id: TurnId,
}

/// What has become of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is answered.
    Answered,
    /// The answer is still being written.
    Drafting,
    /// A draft waits for a person.
    Held,
    /// A person has to answer, and none has stepped in.
    HandedOff,
    /// A person has stepped in and will answer.
    TakenOver,
    /// It was ended without an answer.
    Closed,
}

impl State {
    /// Whether nothing more is to be waited for.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Answered | Self::Closed)
    }
}

/// How a turn stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What has become of it.
    pub state: State,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// The turn.
    pub turn_id: TurnId,
    /// When it began.
    pub opened_at: Timestamp,
    /// The public key of its agent.
    pub agent_key: String,
    /// The answer, or what the visitor reads meanwhile.
    pub text: String,
    /// Who wrote that; the last one of several.
    pub author: Author,
    /// What waits in the queue.
    pub item: Option<ItemId>,
    /// How long a check usually takes.
    pub estimate_ms: Option<i64>,
    /// The last message that the text is made of; 0 if it is none.
    pub seq: i64,
}

/// A turn of the program's, by its id.
///
/// # Errors
/// [`AppError::NotFound`] for another program's or workspace's, [`AppError::Forbidden`] or the store's.
pub async fn place(app: &App, caller: &Caller, turn_id: TurnId) -> Result<Place, AppError> {
    let token = program(caller)?.id;
    let rows = app.store().rows(caller.workspace_id);
    let missing = || AppError::NotFound("the completion");
    let turn = rows.turn(turn_id).await?.ok_or_else(missing)?;
    let led = rows.program_conversation(turn.conversation_id).await?;
    led.filter(|led| led.token_id == token).ok_or_else(missing)?;
    Ok(Place {
        visitor: visitor(&rows, turn.conversation_id).await?,
        turn_id,
    })
}

/// How a turn stands as soon as it is answered, or when the wait is over.
///
/// # Errors
/// [`AppError::Unauthenticated`] once the program's token is revoked, [`AppError::NotFound`] or the store's.
pub async fn waited(app: &App, caller: &Caller, place: &Place, wait: Duration) -> Result<Standing, AppError> {
    // Listening begins before the first look, so that nothing falls in between.
    let mut committed = live::committed(app);
    let (token, conversation) = (program(caller)?.id, place.visitor.conversation_id.to_string());
    let ended = token.to_string();
    let concerns = |entry: &Committed| {
        let refs = &entry.header.refs;
        entry.header.workspace_id == caller.workspace_id
            && (refs.get("conversation") == Some(&conversation)
                || (entry.header.kind == EventKind::TokenRevoked.as_str() && refs.get("token") == Some(&ended)))
    };
    let answered = async {
        loop {
            let standing = look(app, caller, place).await?;
            if standing.state.is_final() {
                return Ok(standing);
            }
            loop {
                match committed.recv().await {
                    Ok(entry) if concerns(&entry) => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return Ok(standing),
                }
            }
        }
    };
    if wait.is_zero() {
        return look(app, caller, place).await;
    }
    match timeout(wait.min(LONGEST_WAIT), answered).await {
        Ok(answered) => answered,
        Err(_elapsed) => look(app, caller, place).await,
    }
}

/// How it stands now.
async fn look(app: &App, caller: &Caller, place: &Place) -> Result<Standing, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let token = rows.token_row(program(caller)?.id).await?;
    let is_over = |at: Timestamp| at <= app.now();
    if token.is_none_or(|token| token.revoked_at.is_some() || token.expires_at.is_some_and(is_over)) {
        return Err(AppError::Unauthenticated);
    }
    let id = place.visitor.conversation_id;
    let turn = rows.turn(place.turn_id).await?.ok_or(AppError::NotFound("the turn"))?;
    let conversation = rows
        .conversation(id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let agent = rows
        .agent(conversation.agent_id)
        .await?
        .ok_or(AppError::NotFound("the agent"))?;
    let mut said = rows.messages_after(id, 0).await?;
    said.retain(|row| row.turn_id == Some(turn.id) && row.author != Author::Visitor);
    let standing = Standing {
        state: State::Answered,
        conversation_id: id,
        turn_id: turn.id,
        opened_at: turn.opened_at,
        agent_key: agent.public_key,
        text: String::new(),
        author: Author::System,
        item: None,
        estimate_ms: None,
        seq: said.last().map_or(0, |row| row.seq),
    };
    if let Some((author, text)) = ending(&rows, place, &turn, &said).await? {
        return Ok(Standing {
            text,
            author,
            ..standing
        });
    }
    let status = visit::status(app, &place.visitor).await?;
    let state = match conversation.owner {
        _ if turn.state == TurnState::Answered || conversation.closed_at.is_some() => State::Closed,
        OwnerKind::Person => State::TakenOver,
        OwnerKind::Nobody => State::HandedOff,
        OwnerKind::Ai => match status.phase {
            visit::Phase::Checking => State::Held,
            visit::Phase::WaitingForPerson => State::HandedOff,
            visit::Phase::Idle | visit::Phase::Listening | visit::Phase::Drafting => State::Drafting,
        },
    };
    let (_, settings) = agents::current_version(&rows, agent.id).await?;
    let is_open = !state.is_final();
    let (text, seq) = match texts(&said, Author::System) {
        // What was said to the visitor once is not said again when somebody is there.
        Some(notices) if is_open && state != State::TakenOver => (notices, standing.seq),
        _ => (words(state, &status, &settings.language), 0),
    };
    Ok(Standing {
        state,
        text,
        seq,
        item: if is_open { waits(&rows, id).await? } else { None },
        estimate_ms: status.estimate_ms.filter(|_| is_open),
        ..standing
    })
}

async fn waits(rows: &Rows<'_>, id: ConversationId) -> Result<Option<ItemId>, AppError> {
    Ok(rows.open_item(id).await?.map(|item| item.id))
}

/// Everything that one author said, with an empty line between.
fn texts(said: &[message::Model], author: Author) -> Option<String> {
    let texts: Vec<&str> = said
        .iter()
        .filter(|row| row.author == author)
        .map(|row| row.body.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The answers of a turn, and who gave the last one; or that it is not answered here. None while it is open, and where it ended
/// without a word.
async fn ending(
    rows: &Rows<'_>,
    place: &Place,
    turn: &turn::Model,
    said: &[message::Model],
) -> Result<Option<(Author, String)>, AppError> {
    if turn.state != TurnState::Answered {
        return Ok(None);
    }
    let is_answer = |row: &&message::Model| matches!(row.author, Author::Ai | Author::Person);
    if let Some(last) = said.iter().rfind(is_answer) {
        let texts: Vec<&str> = said.iter().filter(is_answer).map(|row| row.body.as_str()).collect();
        return Ok(Some((last.author, texts.join("\n\n"))));
    }
    match said.last() {
        Some(notice) if is_refused(rows, place).await? => Ok(Some((Author::System, notice.body.clone()))),
        _ => Ok(None),
    }
}

/// Whether a turn ended with the notice that this is not answered here: the policy said so, or nobody decided in time.
async fn is_refused(rows: &Rows<'_>, place: &Place) -> Result<bool, AppError> {
    if let Some(draft) = rows.drafts_of_turns(&[place.turn_id]).await?.pop()
        && let Some(decision) = rows.decision_of(draft.id).await?
        && decision.kind == DecisionKind::Refuse
    {
        return Ok(true);
    }
    for item in rows.items_of(place.visitor.conversation_id).await? {
        if item.turn_id == place.turn_id && item.terms.0.fallback == Fallback::Refuse {
            let outcome = rows.standing_outcome(item.id).await?;
            if outcome.is_some_and(|outcome| outcome.kind == OutcomeKind::Expire) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What the widget shows beside the conversation.
fn words(state: State, status: &visit::Status, language: &str) -> String {
    let what = match (state, &status.colleague) {
        (State::Closed | State::Answered, _) => Meanwhile::Over,
        (State::Drafting, _) => Meanwhile::Drafting,
        (State::TakenOver, Some(name)) => Meanwhile::PersonHere(name),
        (State::Held, _) if status.away.is_none() => Meanwhile::Checking,
        (State::Held | State::HandedOff | State::TakenOver, _) => {
            return status
                .away
                .clone()
                .unwrap_or_else(|| meanwhile(Meanwhile::WaitsForPerson, language));
        }
    };
    meanwhile(what, language)
}

/// The program was given all messages up to this one: that is "delivered".
///
/// # Errors
/// The store's.
pub async fn hand_out(app: &App, place: &Place, seq: i64) -> Result<(), AppError> {
    if seq == 0 {
        return Ok(());
    }
    let (visitor, now) = (place.visitor, app.now());
    app.store()
        .write(visitor.workspace_id, move |tx| {
            Box::pin(async move {
                let Some(entry) = visit::acknowledge_in(tx, &visitor, seq).await? else {
                    return Ok(Change::Unlogged(()));
                };
                if let Some(led) = tx.program_conversation(visitor.conversation_id).await? {
                    tx.update(program_conversation::Model {
                        handed_out_at: Some(now),
                        ..led
                    })
                    .await?;
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await
}
