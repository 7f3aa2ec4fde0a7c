//! What a request means, and saying what is new in it.

use super::standing::Place;
use super::{Called, ProgramsAgent, Question, agent, checked_name, program};
use crate::app::caller::Caller;
use crate::app::visit::{self, Beginning, Visitor};
use crate::app::{App, AppError};
use crate::domain::asking::{Before, NewMessage, Plan, new_messages, plan, said_before};
use crate::domain::conversation::Author;
use crate::domain::ids::{AgentId, ConversationId, TokenId, TurnId, VisitorId};
use crate::domain::text::VisitorText;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::entity::{message, program_conversation};
use crate::store::{Change, Rows};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// A request without a name that its library repeats is looked for among those that began this long ago at most, in milliseconds.
const REPEATED_WITHIN_MS: i64 = 10 * 60_000;

/// Nameless conversations whose first request is being answered, or was answered lately: no repetition is about them. In memory: what
/// was under way when Holdpoint ended was not answered.
#[derive(Debug, Default)]
pub(in crate::app) struct Asking(Mutex<HashMap<ConversationId, Option<Timestamp>>>);

impl Asking {
    fn with<T>(&self, use_it: impl FnOnce(&mut HashMap<ConversationId, Option<Timestamp>>) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn knows(&self, id: ConversationId) -> bool {
        self.with(|known| known.contains_key(&id))
    }

    fn begin(&self, id: ConversationId, now: Timestamp) {
        self.with(|known| {
            let is_recent = |at: &Option<Timestamp>| at.is_none_or(|at| now.ms_since(at) < REPEATED_WITHIN_MS);
            known.retain(|_, at| is_recent(at));
            known.insert(id, None);
        });
    }
}

/// A request that is being answered. Dropped before [`Handing::done`], the program has hung up, and a repetition finds the conversation.
#[derive(Debug)]
pub struct Handing {
    app: App,
    id: ConversationId,
    is_done: bool,
}

impl Handing {
    pub(super) fn begin(app: &App, id: ConversationId) -> Self {
        app.inner.asking.begin(id, app.now());
        Self {
            app: app.clone(),
            id,
            is_done: false,
        }
    }

    /// The program was given its answer.
    pub fn done(mut self) {
        self.is_done = true;
    }
}

impl Drop for Handing {
    fn drop(&mut self) {
        let now = self.app.now();
        self.app.inner.asking.with(|known| {
            if self.is_done {
                known.insert(self.id, Some(now));
            } else {
                known.remove(&self.id);
            }
        });
    }
}

/// A request that was understood; nothing has happened yet.
#[derive(Debug, Clone)]
pub struct Prepared {
    agent_id: AgentId,
    token_id: TokenId,
    of: Of,
    what: What,
}

/// The conversation of a request.
#[derive(Debug, Clone)]
enum Of {
    New {
        client_key: Option<String>,
        asked_hash: Option<Vec<u8>>,
    },
    Known(Visitor),
}

#[derive(Debug, Clone)]
enum What {
    /// It was asked before, and is a part of this turn.
    Asked(TurnId),
    /// Client-made ids and texts.
    Say(Vec<(String, String)>),
}

impl Prepared {
    /// The program.
    pub const fn token(&self) -> TokenId {
        self.token_id
    }

    /// Whether a conversation begins with it.
    pub const fn begins(&self) -> bool {
        matches!(self.of, Of::New { .. })
    }

    /// The visitor of the conversation, if it has begun.
    pub const fn visitor(&self) -> Option<VisitorId> {
        match &self.of {
            Of::Known(visitor) => Some(visitor.visitor_id),
            Of::New { .. } => None,
        }
    }

    /// How many messages it says.
    pub const fn says(&self) -> usize {
        match &self.what {
            What::Asked(_) => 0,
            What::Say(messages) => messages.len(),
        }
    }
}

fn invalid(sentence: &str) -> AppError {
    AppError::Invalid(sentence.to_owned())
}

/// Finds out what a request means.
///
/// # Errors
/// [`AppError::Invalid`] with what to send instead, [`AppError::Text`], [`AppError::NotFound`] for an unknown agent, [`AppError::Forbidden`].
pub async fn prepare(app: &App, caller: &Caller, question: &Question) -> Result<Prepared, AppError> {
    let token = program(caller)?.id;
    let agent = agent(app, caller, &question.agent).await?;
    let key = question.idempotency_key.as_deref();
    let new = new_messages(&question.lines, key);
    if new.is_empty() {
        return Err(invalid(
            "the last message must be the user's; Holdpoint answers, it does not continue what an assistant began",
        ));
    }
    if question.conversation.is_none() && question.lines.len() > 1 {
        return Err(invalid(
            "which conversation this is cannot be told; send the same `metadata.conversation_id` (or `user`) with each request of a conversation",
        ));
    }
    let rows = app.store().rows(caller.workspace_id);
    let of = conversation(app, &rows, (token, &agent), question, &new).await?;
    let what = match &of {
        Of::New { .. } => to_say(&new, plan(&new, &[], false))?,
        Of::Known(visitor) => in_known(app, &rows, visitor, question, &new).await?,
    };
    Ok(Prepared {
        agent_id: agent.id,
        token_id: token,
        of,
        what,
    })
}

/// The conversation that a request belongs to.
async fn conversation(
    app: &App,
    rows: &Rows<'_>,
    (token, agent): (TokenId, &ProgramsAgent),
    question: &Question,
    new: &[NewMessage],
) -> Result<Of, AppError> {
    let client_key = match (&question.conversation, &question.idempotency_key) {
        (Some(Called::Id(id)), _) => {
            let id = checked_name(id)?;
            if let Some(visitor) = by_own_id(rows, token, agent, id).await? {
                return Ok(Of::Known(visitor));
            }
            Some(format!("{}:id:{id}", agent.id))
        }
        (Some(Called::User(user)), _) => Some(format!("{}:user:{}", agent.id, hex(&[user]))),
        (None, Some(key)) => Some(format!("{}:key:{}", agent.id, hex(&[key]))),
        (None, None) => None,
    };
    if let Some(name) = client_key {
        let led = rows.program_conversation_named(token, &name).await?;
        return Ok(match led {
            Some(led) => Of::Known(visitor(rows, led.conversation_id).await?),
            None => Of::New {
                client_key: Some(name),
                asked_hash: None,
            },
        });
    }
    let texts: Vec<&str> = new.iter().map(|message| message.text.as_str()).collect();
    let asked_hash = digest(&[&[agent.key.as_str()], texts.as_slice()].concat());
    if question.is_retry {
        let since = app.now().plus_ms(-REPEATED_WITHIN_MS);
        let begun = rows
            .program_conversations_asking(token, &asked_hash, since, 100)
            .await?;
        let mut given_up = Vec::new();
        for led in begun {
            if led.handed_out_at.is_none() && !app.inner.asking.knows(led.conversation_id) {
                given_up.push(led.conversation_id);
            }
        }
        // Of several nobody can tell which one is meant, and nobody must read another one's answer.
        if let [only] = given_up.as_slice() {
            return Ok(Of::Known(visitor(rows, *only).await?));
        }
    }
    Ok(Of::New {
        client_key: None,
        asked_hash: Some(asked_hash),
    })
}

/// The program's conversation with this id, if that is one of Holdpoint's.
async fn by_own_id(
    rows: &Rows<'_>,
    token: TokenId,
    agent: &ProgramsAgent,
    id: &str,
) -> Result<Option<Visitor>, AppError> {
    let Ok(id) = id.parse::<ConversationId>() else {
        return Ok(None);
    };
    let led = rows.program_conversation(id).await?;
    if led.is_none_or(|led| led.token_id != token) {
        return Ok(None);
    }
    let row = rows.conversation(id).await?;
    if row.is_some_and(|row| row.agent_id != agent.id) {
        return Err(invalid(
            "this conversation is with another agent; send that one as `model`, or begin another conversation",
        ));
    }
    visitor(rows, id).await.map(Some)
}

pub(super) async fn visitor(rows: &Rows<'_>, id: ConversationId) -> Result<Visitor, AppError> {
    let row = rows
        .conversation(id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    Ok(Visitor {
        workspace_id: row.workspace_id,
        visitor_id: row.visitor_id,
        conversation_id: id,
    })
}

/// What is new in a conversation that has begun.
async fn in_known(
    app: &App,
    rows: &Rows<'_>,
    visitor: &Visitor,
    question: &Question,
    new: &[NewMessage],
) -> Result<What, AppError> {
    let all = rows.messages_after(visitor.conversation_id, 0).await?;
    let said: Vec<&message::Model> = all.iter().filter(|row| row.author == Author::Visitor).collect();
    let known: Vec<&str> = said
        .iter()
        .map(|row| row.client_id.as_deref().unwrap_or_default())
        .collect();
    let asked_again = match said_before(new, &known).and_then(|at| said.get(at)) {
        None => false,
        Some(before) => {
            let is_retry = question.is_retry || question.idempotency_key.is_some();
            let before = how_it_ended(rows, visitor, &all, before).await?;
            before.is_asked_again(is_retry, app.now())
        }
    };
    match plan(new, &known, asked_again) {
        Plan::Known(at) => {
            let (row, last) = said
                .get(at)
                .zip(new.last())
                .ok_or_else(|| AppError::Internal("a known message is not there".to_owned()))?;
            if VisitorText::parse(&last.text)?.as_str() != row.body {
                return Err(invalid(
                    "this `Idempotency-Key` was used for another message; use a fresh one for each",
                ));
            }
            row.turn_id
                .map(What::Asked)
                .ok_or_else(|| AppError::Internal("a visitor's message has no turn".to_owned()))
        }
        plan @ Plan::Say(_) => to_say(new, plan),
    }
}

async fn how_it_ended(
    rows: &Rows<'_>,
    visitor: &Visitor,
    all: &[message::Model],
    asked: &message::Model,
) -> Result<Before, AppError> {
    let conversation = rows
        .conversation(visitor.conversation_id)
        .await?
        .ok_or(AppError::NotFound("the conversation"))?;
    let turn = match asked.turn_id {
        Some(id) => rows.turn(id).await?,
        None => None,
    };
    let is_answered = turn.is_some_and(|turn| turn.state == TurnState::Answered);
    let told = all
        .iter()
        .rfind(|row| row.turn_id == asked.turn_id && row.author != Author::Visitor);
    // What ended without an answer has nothing to hand out: from its end on whoever asks hears that it is over.
    let has_answer = told.is_some_and(|row| row.author != Author::System);
    let over_at = conversation.closed_at.filter(|_| !has_answer);
    let is_told = told.is_none_or(|row| row.seq <= conversation.delivered_seq);
    let led = rows.program_conversation(visitor.conversation_id).await?;
    let last = all.iter().rfind(|row| row.author == Author::Visitor);
    Ok(Before {
        handed_out: is_answered && (is_told || over_at.is_some()),
        handed_out_at: over_at.max(led.and_then(|led| led.handed_out_at)),
        is_latest: last.is_some_and(|last| last.id == asked.id),
    })
}

/// The texts, if all of them can be said.
fn to_say(new: &[NewMessage], plan: Plan) -> Result<What, AppError> {
    let Plan::Say(said) = plan else {
        return Ok(What::Say(Vec::new()));
    };
    let mut messages = Vec::with_capacity(said.len());
    for (at, client_id) in said {
        if let Some(message) = new.get(at) {
            VisitorText::parse(&message.text)?;
            messages.push((client_id, message.text.clone()));
        }
    }
    Ok(What::Say(messages))
}

/// Says what is new, and finds the turn that answers it.
///
/// # Errors
/// Those of [`visit::post`].
pub async fn say(app: &App, caller: &Caller, prepared: Prepared) -> Result<(Place, Handing), AppError> {
    let Prepared {
        agent_id,
        token_id,
        of,
        what,
    } = prepared;
    let visitor = match of {
        Of::Known(visitor) => visitor,
        Of::New { client_key, asked_hash } => {
            let begun = Beginning::new(app, caller.workspace_id, agent_id, None).0;
            begin(app, token_id, begun, client_key, asked_hash).await?
        }
    };
    let handing = Handing::begin(app, visitor.conversation_id);
    let turn_id = match what {
        What::Asked(turn_id) => Some(turn_id),
        What::Say(messages) => {
            let mut last = None;
            for (client_id, text) in messages {
                last = Some(visit::post(app, &visitor, &client_id, &text).await?.message.id);
            }
            let rows = app.store().rows(visitor.workspace_id);
            match last {
                Some(id) => rows.message(id).await?.and_then(|row| row.turn_id),
                None => None,
            }
        }
    };
    let turn_id = turn_id.ok_or_else(|| AppError::Internal("what was said belongs to no turn".to_owned()))?;
    Ok((Place { visitor, turn_id }, handing))
}

/// Begins a conversation, or finds the one that the same program began under this name at the same moment.
async fn begin(
    app: &App,
    token_id: TokenId,
    begun: Beginning,
    client_key: Option<String>,
    asked_hash: Option<Vec<u8>>,
) -> Result<Visitor, AppError> {
    let now = app.now();
    app.store()
        .write(begun.visitor.workspace_id, move |tx| {
            let (begun, client_key, asked_hash) = (begun.clone(), client_key.clone(), asked_hash.clone());
            Box::pin(async move {
                if let Some(name) = &client_key
                    && let Some(led) = tx.program_conversation_named(token_id, name).await?
                {
                    return Ok(Change::Unlogged(visitor(tx, led.conversation_id).await?));
                }
                let visitor = begun.visitor;
                let entry = begun.write(tx).await?.about("token", token_id);
                tx.insert(program_conversation::Model {
                    conversation_id: visitor.conversation_id,
                    workspace_id: tx.workspace_id(),
                    token_id,
                    client_key,
                    asked_hash,
                    handed_out_at: None,
                    created_at: now,
                })
                .await?;
                Ok::<_, AppError>(Change::Logged(visitor, entry))
            })
        })
        .await
}

/// Parts that nobody can cut elsewhere to get the same.
fn digest(parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

fn hex(parts: &[&str]) -> String {
    digest(parts).iter().map(|byte| format!("{byte:02x}")).collect()
}
