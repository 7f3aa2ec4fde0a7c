//! Programs that pass on what their visitors say, and read how they are answered. Behind them is an ordinary conversation of an
//! ordinary visitor: the same policy, the same queue, the same log.
//!
//! [`prepare`] finds out what a request means and changes nothing, so that limits can be looked at; [`say`] says what is new;
//! [`waited`] waits for the answer of the turn, and [`hand_out`] notes what the program was given.

mod asking;
mod standing;

pub(super) use asking::Asking;
pub use asking::{Handing, Prepared, prepare, say};
pub use standing::{Place, Standing, State, hand_out, place, waited};

use super::caller::{Caller, Program};
use super::{App, AppError, agents};
use crate::domain::account::Scope;
use crate::domain::asking::Line;
use crate::domain::ids::AgentId;
use crate::domain::time::Timestamp;

/// Longest name that a program gives a conversation, in characters.
const NAME_CHARS: usize = 64;

/// Which conversation a request belongs to, as the program names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// By an id of the program's own, or by Holdpoint's.
    Id(String),
    /// By whom it speaks for: one conversation for each.
    User(String),
}

/// What a program asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The agent: its public key, or its name.
    pub agent: String,
    /// Its conversation; none for one that consists of a single message.
    pub conversation: Option<Called>,
    /// What was said, as the program remembers it.
    pub lines: Vec<Line>,
    /// The program's own name for this request.
    pub idempotency_key: Option<String>,
    /// The program's library says that it repeats a request.
    pub is_retry: bool,
}

/// An agent as programs see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramsAgent {
    /// Its id.
    pub id: AgentId,
    /// Its public key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The program behind a request.
fn program(caller: &Caller) -> Result<&Program, AppError> {
    caller.require(Scope::Converse)?;
    caller.program.as_ref().ok_or(AppError::Forbidden)
}

/// The agents that a program may speak with: those of its workspace.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn agents(app: &App, caller: &Caller) -> Result<Vec<ProgramsAgent>, AppError> {
    program(caller)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut found = Vec::new();
    for agent in rows.agents().await? {
        if agent.version_id.is_none() {
            continue;
        }
        let (_, settings) = agents::current_version(&rows, agent.id).await?;
        found.push(ProgramsAgent {
            id: agent.id,
            key: agent.public_key,
            name: settings.name,
            created_at: agent.created_at,
        });
    }
    Ok(found)
}

/// The agent that a program names.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Invalid`] for a name that several have, [`AppError::Forbidden`] or the store's.
pub async fn agent(app: &App, caller: &Caller, name: &str) -> Result<ProgramsAgent, AppError> {
    let mut all = agents(app, caller).await?;
    if let Some(at) = all.iter().position(|agent| agent.key == name) {
        return Ok(all.swap_remove(at));
    }
    let wanted = name.trim().to_lowercase();
    all.retain(|agent| agent.name.to_lowercase() == wanted);
    match (all.pop(), all.len()) {
        (Some(agent), 0) => Ok(agent),
        (Some(last), _) => {
            let keys: Vec<String> = all.into_iter().chain([last]).map(|agent| agent.key).collect();
            Err(AppError::Invalid(format!(
                "several agents have this name; send one of their keys as `model`: {}",
                keys.join(", ")
            )))
        }
        (None, _) => Err(AppError::NotFound("the agent named as `model`")),
    }
}

/// A name that a program gave, if it can be one.
fn checked_name(raw: &str) -> Result<&str, AppError> {
    let printable = raw.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if raw.trim().is_empty() || raw.len() > NAME_CHARS || !printable {
        return Err(AppError::Invalid(format!(
            "a conversation's id has 1 to {NAME_CHARS} printable ASCII characters; a random UUID is a good one"
        )));
    }
    Ok(raw)
}
