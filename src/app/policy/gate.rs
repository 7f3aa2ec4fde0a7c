//! The gate: owners release topics on their own responsibility, and close them again.

use super::change::is_owner;
use super::current;
use crate::app::evidence::{self, ClosedView};
use crate::app::views::Names;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::log::EventKind;
use crate::domain::policy::{GateState, Topic};
use crate::domain::suggestion::closest;
use crate::domain::time::Timestamp;
use crate::store::entity::workspace;
use crate::store::{Change, Json, LogDraft, Rows, Tx};
use serde::Serialize;
use serde_json::json;

/// The gate as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateView {
    /// `closed`, `uncertified` or `certified`.
    pub state: &'static str,
    /// What that means.
    pub in_words: String,
    /// Topics released without a certificate.
    pub released: Vec<ReleasedView>,
    /// When and why it closed by itself, if it has not been opened since.
    pub closed_by_itself: Option<ClosedView>,
    /// Topics that could be released: those of the agents' policies that are not sensitive, and are not released.
    pub can_be_released: Vec<String>,
}

/// A topic that somebody let through on their own responsibility.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleasedView {
    /// Its name.
    pub topic: String,
    /// Who took the responsibility.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// The gate.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn gate(app: &App, caller: &Caller) -> Result<GateView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let gate = workspace(&rows).await?.gate.0;
    let mut names = Names::default();
    let mut released = Vec::new();
    for topic in gate.released() {
        released.push(ReleasedView {
            topic: topic.topic.clone(),
            by: names.of(&rows, topic.by).await?,
            at: topic.at,
        });
    }
    let topics = topics(&rows).await?;
    let is_free = |topic: &&Topic| !topic.sensitive && released.iter().all(|released| released.topic != topic.name);
    let mut can_be_released: Vec<String> = topics.iter().filter(is_free).map(|topic| topic.name.clone()).collect();
    can_be_released.sort_unstable();
    can_be_released.dedup();
    let (state, in_words) = in_words(&gate);
    Ok(GateView {
        state,
        in_words,
        released,
        closed_by_itself: evidence::closed(app, caller).await?,
        can_be_released,
    })
}

fn in_words(gate: &GateState) -> (&'static str, String) {
    match gate {
        GateState::Closed => ("closed", "Every answer waits for a person.".to_owned()),
        GateState::Certified(_) => (
            "certified",
            "Answers inside the certificate go out by themselves.".to_owned(),
        ),
        GateState::Uncertified { topics } => {
            let names: Vec<String> = topics.iter().map(|released| format!("“{}”", released.topic)).collect();
            let topics = if names.len() == 1 { "the topic" } else { "the topics" };
            let words = format!(
                "Answers about {topics} {} go out without a person, on the responsibility of whoever released them and without a certificate, unless something speaks against it.",
                names.join(", ")
            );
            ("uncertified", words)
        }
    }
}

pub(super) async fn workspace(rows: &Rows<'_>) -> Result<workspace::Model, AppError> {
    rows.workspace().await?.ok_or(AppError::NotFound("the workspace"))
}

/// The topics of all agents' policies.
async fn topics(rows: &Rows<'_>) -> Result<Vec<Topic>, AppError> {
    let mut topics = Vec::new();
    for agent in rows.agents().await? {
        topics.extend(current(rows, agent.id).await?.document.topics);
    }
    Ok(topics)
}

/// Releases topics: from now on drafts about them go out without a person, unless something else speaks against it. Only a person
/// who is an owner can take that responsibility.
///
/// # Errors
/// [`AppError::NoMember`] and [`AppError::Forbidden`] for anybody else; [`AppError::Invalid`] for a topic that is not there or is
/// sensitive; [`AppError::Conflict`] under a certificate; or the store's.
pub async fn release(app: &App, caller: &Caller, names: Vec<String>) -> Result<GateView, AppError> {
    let by = caller.member()?;
    if !is_owner(caller) {
        return Err(AppError::Forbidden);
    }
    caller.require(Scope::Admin)?;
    if names.is_empty() {
        return Err(AppError::Invalid("name the topics that are to be released".to_owned()));
    }
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let names = names.clone();
            Box::pin(async move {
                let row = workspace(tx).await?;
                let topics = topics(tx).await?;
                for name in &names {
                    may_be_released(name, &topics)?;
                }
                if let GateState::Certified(_) = row.gate.0 {
                    return Err(AppError::Conflict {
                        sentence:
                            "the gate is open under a certificate; close it before you release topics without one"
                                .to_owned(),
                        extra: json!({}),
                    });
                }
                let gate = row.gate.0.releasing(&names, by, now);
                let entry = LogDraft::new(EventKind::GateChanged, actor)
                    .about("gate", EventKind::GateOpened.as_str())
                    .with("released", names.clone());
                set(tx, row, (gate, false), entry).await
            })
        })
        .await?;
    gate(app, caller).await
}

/// Writes the gate and what is said of it, unless it stands so already and nothing else is news.
async fn set(
    tx: &Tx<'_>,
    row: workspace::Model,
    (gate, is_news): (GateState, bool),
    entry: LogDraft,
) -> Result<Change<()>, AppError> {
    if gate == row.gate.0 && !is_news {
        return Ok(Change::Unlogged(()));
    }
    tx.update(workspace::Model {
        gate: Json(gate),
        ..row
    })
    .await?;
    Ok(Change::Logged((), entry))
}

fn may_be_released(name: &str, topics: &[Topic]) -> Result<(), AppError> {
    let mut of_name = topics.iter().filter(|topic| topic.name == name).peekable();
    if of_name.peek().is_none() {
        let known = closest(name, topics.iter().map(|topic| topic.name.as_str()));
        let meant = known.map_or_else(
            || "add it to the policy first: holdpoint policy show".to_owned(),
            |meant| format!("did you mean “{meant}”?"),
        );
        return Err(AppError::Invalid(format!("no policy has a topic “{name}”; {meant}")));
    }
    if of_name.any(|topic| topic.sensitive) {
        return Err(AppError::Invalid(format!(
            "the topic “{name}” is called sensitive, so its answers never go out without a person; take `sensitive` from it in the policy first, if that is wrong"
        )));
    }
    Ok(())
}

/// Closes the gate: for these topics, or altogether if none are named. Every owner and admin may. Where nothing goes out any more then, it stays so
/// until an owner lets certificates open the gate again.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Invalid`] for a topic that is not released, or the store's.
pub async fn close(app: &App, caller: &Caller, names: Vec<String>) -> Result<GateView, AppError> {
    caller.require(Scope::Admin)?;
    let actor = caller.actor();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let names = names.clone();
            Box::pin(async move {
                let mut row = workspace(tx).await?;
                let released = row.gate.0.released();
                if let Some(other) = names
                    .iter()
                    .find(|name| released.iter().all(|released| released.topic != **name))
                {
                    return Err(AppError::Invalid(format!(
                        "the topic “{other}” is not released; nothing was changed"
                    )));
                }
                let gate = row
                    .gate
                    .0
                    .keeping(|topic| !names.is_empty() && names.iter().all(|name| name != topic));
                let entry = LogDraft::new(EventKind::GateChanged, actor)
                    .about("gate", EventKind::GateClosed.as_str())
                    .with("closed", names.clone());
                // Whoever closes it wants it closed: no certificate opens it either, be it in force already or still being tested.
                let is_news = gate == GateState::Closed && row.settings.0.autonomy.opens;
                if is_news {
                    row.settings.0.autonomy.opens = false;
                }
                set(tx, row, (gate, is_news), entry).await
            })
        })
        .await?;
    gate(app, caller).await
}
