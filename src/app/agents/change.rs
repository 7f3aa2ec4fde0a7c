//! Changing an agent: what changes no answer is live at once; what can change one is tried on questions of the past first.

use super::{AgentView, current_version, evidence, improve, models, view};
use crate::app::policy::is_owner;
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::agent_change::{
    Difference, at_once, changes_answers, changes_finding, changes_writers, differences, in_words, merged,
};
use crate::domain::ids::{AgentId, AgentVersionId, CandidateId};
use crate::domain::improve::candidate::{CandidateState, Change, Origin};
use crate::domain::log::{Actor, EventKind};
use crate::domain::settings::AgentSettings;
use crate::domain::text::{Name, Note};
use crate::domain::time::Timestamp;
use crate::store::entity::{agent, agent_version};
use crate::store::{Change as Written, Json, LogDraft, Rows, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// When a change that can change answers goes live.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum When {
    /// After it was tried and somebody published it.
    #[default]
    Tried,
    /// At once, on an owner's responsibility, and why; it is compared with what was there afterwards.
    Now(String),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// The agent as it is now.
    #[serde(flatten)]
    pub agent: AgentView,
    /// What can change answers, if anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Tried>,
}

/// A change that can change answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// The candidate's id.
    pub id: CandidateId,
    /// How far it is: `published` where it is live already.
    pub state: CandidateState,
    /// The fields that it changes.
    pub changes: Vec<&'static str>,
    /// The page that shows what it does.
    pub see: String,
    /// The same for people: one sentence.
    pub in_words: String,
}

impl Changed {
    /// Something is not live yet.
    pub fn waits(&self) -> bool {
        let mut tried = self.candidate.iter();
        tried.any(|tried| tried.state != CandidateState::Published)
    }
}

/// Makes settings the agent's next version, and tells its number.
async fn put_version(
    tx: &Tx<'_>,
    agent: agent::Model,
    (id, settings): (AgentVersionId, AgentSettings),
    by: Actor,
    now: Timestamp,
) -> Result<i64, AppError> {
    let number = tx.newest_version(agent.id).await? + 1;
    let name = Name::parse(&settings.name)?.into();
    let row = agent_version::Model {
        id,
        workspace_id: tx.workspace_id(),
        agent_id: agent.id,
        number,
        settings: Json(settings),
        created_at: now,
        publisher: Some(by.to_string()),
    };
    tx.insert(row).await?;
    tx.update(agent::Model {
        version_id: Some(id),
        name,
        ..agent
    })
    .await?;
    Ok(number)
}

/// The settings that an agent would have after a change that was made from settings it may not have any more.
///
/// # Errors
/// [`AppError::NotFound`] or the store's.
pub(in crate::app) async fn after(
    rows: &Rows<'_>,
    id: AgentId,
    settings: &AgentSettings,
    from: Option<&AgentSettings>,
) -> Result<AgentSettings, AppError> {
    let (_, live) = current_version(rows, id).await?;
    Ok(from.map_or_else(|| settings.clone(), |from| merged(&live, from, settings)))
}

/// Makes a change the agent's next version, inside a transaction that says so in the log; and tells what takes it back, nothing where nothing
/// changes.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Text`], [`AppError::Invalid`] or the store's.
pub(in crate::app) async fn set(
    tx: &Tx<'_>,
    id: AgentId,
    (settings, from): (&AgentSettings, Option<&AgentSettings>),
    by: Actor,
    now: Timestamp,
) -> Result<Vec<Change>, AppError> {
    let (_, live) = current_version(tx, id).await?;
    let next = after(tx, id, settings, from).await?;
    next.check().map_err(|refused| AppError::Invalid(refused.to_string()))?;
    if next == live {
        return Ok(Vec::new());
    }
    let agent = tx.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    let version_id = AgentVersionId::new(&*tx.sources().ids);
    put_version(tx, agent, (version_id, next.clone()), by, now).await?;
    if changes_finding(&live, &next) {
        evidence::found_otherwise(tx, Some(id), now).await?;
    }
    Ok(vec![Change::SetAgent {
        id,
        settings: Box::new(live),
        from: Some(Box::new(next)),
    }])
}

/// Whether an agent that is as `live` says may become as `wished` says.
///
/// # Errors
/// [`AppError::Text`], [`AppError::Invalid`] or [`AppError::Conflict`] with what to do instead; or the store's.
pub(in crate::app) async fn check(app: &App, live: &AgentSettings, wished: &AgentSettings) -> Result<(), AppError> {
    wished
        .check()
        .map_err(|refused| AppError::Invalid(refused.to_string()))?;
    Name::parse(&wished.name)?;
    if changes_writers(live, wished) {
        models::check_writers(app, wished).await?;
    }
    Ok(())
}

/// Makes a new agent.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Invalid`] or the store's.
pub async fn create(app: &App, caller: &Caller, settings: AgentSettings) -> Result<AgentView, AppError> {
    caller.require(Scope::Admin)?;
    check(app, &AgentSettings::default(), &settings).await?;
    let name: String = Name::parse(&settings.name)?.into();
    let sources = app.sources();
    let mut key = [0; 12];
    sources.random.fill(&mut key);
    let public_key = format!("ag_{}", URL_SAFE_NO_PAD.encode(key));
    let agent_id = AgentId::new(&*sources.ids);
    let version_id = AgentVersionId::new(&*sources.ids);
    let (now, actor) = (app.now(), caller.actor());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (name, public_key, settings) = (name.clone(), public_key.clone(), settings.clone());
            Box::pin(async move {
                let row = agent::Model {
                    id: agent_id,
                    workspace_id: tx.workspace_id(),
                    public_key,
                    name,
                    version_id: None,
                    created_at: now,
                };
                tx.insert(row.clone()).await?;
                let number = put_version(tx, row, (version_id, settings), actor, now).await?;
                evidence::published(tx, now).await?;
                Ok::<_, AppError>(Written::Logged((), published(actor, agent_id, (version_id, number))))
            })
        })
        .await?;
    super::agent(app, caller, agent_id).await
}

fn published(by: Actor, id: AgentId, (version_id, number): (AgentVersionId, i64)) -> LogDraft {
    LogDraft::new(EventKind::AgentPublished, by)
        .about("agent", id)
        .about("agent_version", version_id)
        .about("number", number)
}

/// Changes an agent. What changes no answer is live when this returns. What can change one becomes a candidate; it is live at once where the agent
/// has been asked nothing yet, and where an owner says why it cannot wait: then it is a published candidate, which can be taken back.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], [`AppError::Text`], [`AppError::Invalid`], a conflict for what cannot run; or the store's.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: AgentId,
    wished: AgentSettings,
    when: When,
) -> Result<Changed, AppError> {
    caller.require(Scope::Admin)?;
    let reason = match when {
        When::Tried => None,
        When::Now(_) if !is_owner(caller) => {
            return Err(AppError::Invalid(
                "only an owner can publish what changes answers before it was tried; leave `publish=now` out"
                    .to_owned(),
            ));
        }
        When::Now(reason) => Some(Note::parse(&reason).map(String::from).map_err(|_too_long_or_empty| {
            AppError::Invalid("say why this cannot wait until it was tried; the log keeps it".to_owned())
        })?),
    };
    let rows = app.store().rows(caller.workspace_id);
    let (_, live) = current_version(&rows, id).await?;
    check(app, &live, &wished).await?;
    if !changes_answers(&live, &wished) {
        put_at_once(app, caller, id, &wished).await?;
        return finish(app, caller, id, None).await;
    }
    let changed: Vec<Difference> = differences(&live, &wished);
    let changed: Vec<Difference> = changed.into_iter().filter(|field| field.changes_answers).collect();
    if reason.is_some() || !was_asked(&rows, id).await? {
        let tried = put_recorded(app, caller, (id, &wished), &changed, reason).await?;
        return finish(app, caller, id, Some(tried)).await;
    }
    put_at_once(app, caller, id, &wished).await?;
    let now = at_once(&live, &wished);
    let (candidate, state) = match waiting_alike(&rows, id, &now, &wished).await? {
        Some(known) => known,
        None => {
            let change = Change::SetAgent {
                id,
                settings: Box::new(wished.clone()),
                from: Some(Box::new(now)),
            };
            let new = improve::NewCandidate {
                title: title(&wished, &changed),
                changes: vec![change],
            };
            (improve::propose(app, caller, new).await?.id, CandidateState::Replaying)
        }
    };
    let says = format!(
        "What changes answers ({}) is tried on questions of the past and goes live when it is published.",
        in_words(&changed)
    );
    finish(app, caller, id, Some(tried(candidate, state, &changed, says))).await
}

async fn finish(app: &App, caller: &Caller, id: AgentId, candidate: Option<Tried>) -> Result<Changed, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
    let agent = view(app, &rows, row).await?;
    Ok(Changed { agent, candidate })
}

fn tried(id: CandidateId, state: CandidateState, changed: &[Difference], in_words: String) -> Tried {
    Tried {
        id,
        state,
        changes: changed.iter().map(|field| field.field).collect(),
        see: format!("/improve/{id}"),
        in_words,
    }
}

fn title(settings: &AgentSettings, changed: &[Difference]) -> String {
    format!("{}: {}", settings.name, in_words(changed))
        .chars()
        .take(100)
        .collect()
}

/// Whether there is a question that the agent was or will be asked again.
async fn was_asked(rows: &Rows<'_>, id: AgentId) -> Result<bool, AppError> {
    if rows.has_drafted(id).await? {
        return Ok(true);
    }
    let first = rows.agents().await?.first().map(|agent| agent.id);
    let questions = rows.regression_questions(improve::MOST_QUESTIONS).await?;
    Ok(questions.iter().any(|row| row.agent_id.or(first) == Some(id)))
}

/// How many questions a change of the agent that can change answers is tried on, about; 0 where it would be live at once.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn tried_on(app: &App, caller: &Caller, id: AgentId) -> Result<u64, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    if !was_asked(&rows, id).await? {
        return Ok(0);
    }
    improve::questions_to_try(&rows).await
}

/// What changes no answer goes live.
async fn put_at_once(app: &App, caller: &Caller, id: AgentId, wished: &AgentSettings) -> Result<(), AppError> {
    let (now, actor, wished) = (app.now(), caller.actor(), wished.clone());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let wished = wished.clone();
            Box::pin(async move {
                let (_, live) = current_version(tx, id).await?;
                let next = at_once(&live, &wished);
                if next == live {
                    return Ok(Written::Unlogged(()));
                }
                let row = tx.agent(id).await?.ok_or(AppError::NotFound("the agent"))?;
                let version_id = AgentVersionId::new(&*tx.sources().ids);
                let number = put_version(tx, row, (version_id, next), actor, now).await?;
                evidence::published(tx, now).await?;
                Ok::<_, AppError>(Written::Logged((), published(actor, id, (version_id, number))))
            })
        })
        .await
}

/// Everything goes live, and is written down as a published candidate.
async fn put_recorded(
    app: &App,
    caller: &Caller,
    (id, wished): (AgentId, &AgentSettings),
    changed: &[Difference],
    reason: Option<String>,
) -> Result<Tried, AppError> {
    let (now, actor, member_id) = (app.now(), caller.actor(), caller.member().ok());
    let candidate_id = CandidateId::new(&*app.sources().ids);
    let (title, settings, why) = (title(wished, changed), wished.clone(), reason.clone());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (title, settings, why) = (title.clone(), settings.clone(), why.clone());
            Box::pin(async move {
                let (_, live) = current_version(tx, id).await?;
                let inverse = set(tx, id, (&settings, None), actor, now).await?;
                let made = Change::SetAgent {
                    id,
                    settings: Box::new(settings),
                    from: Some(Box::new(live)),
                };
                let recorded = improve::Recorded {
                    run: None,
                    id: candidate_id,
                    title,
                    origin: Origin::Person,
                    member_id,
                    reason: why.clone(),
                    changes: vec![(made, inverse)],
                };
                improve::record(tx, recorded, now).await?;
                evidence::published(tx, now).await?;
                let (version_id, _) = current_version(tx, id).await?;
                let number = tx.newest_version(id).await?;
                let mut entry = published(actor, id, (version_id, number)).about("candidate", candidate_id);
                if let Some(why) = why {
                    entry = entry.with("reason", why);
                }
                Ok::<_, AppError>(Written::Logged((), entry))
            })
        })
        .await?;
    let says = match reason {
        Some(_) => "It is live, and is compared with what was there before now. It can be taken back.",
        None => "It is live: nobody has asked this agent anything yet that it could be tried on. It can be taken back.",
    };
    Ok(tried(candidate_id, CandidateState::Published, changed, says.to_owned()))
}

/// The candidate that would make the very same of the agent and has not gone live, if there is one: whoever repeats a request makes no second one.
async fn waiting_alike(
    rows: &Rows<'_>,
    id: AgentId,
    live: &AgentSettings,
    wished: &AgentSettings,
) -> Result<Option<(CandidateId, CandidateState)>, AppError> {
    for state in [CandidateState::Replaying, CandidateState::Waiting] {
        for row in rows.candidates_in(state).await? {
            if row.changes_count != 1 {
                continue;
            }
            let changes = rows.candidate_changes(row.id).await?;
            let is_same = changes.iter().any(|row| match &row.change.0 {
                Change::SetAgent { id: of, settings, from } => {
                    let from = from.as_deref().unwrap_or(live);
                    *of == id && merged(live, from, settings) == *wished
                }
                _ => false,
            });
            if is_same {
                return Ok(Some((row.id, state)));
            }
        }
    }
    Ok(None)
}
