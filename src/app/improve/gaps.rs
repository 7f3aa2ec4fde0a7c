//! Gaps: what visitors asked and the AI could not answer, or answered badly, by what belongs together.
//!
//! One job for each workspace does it (`keep`). It reads the log from where it stopped, looks at every conversation that the entries name, and notes
//! which questions were not answered (`notice`); embeds them outside of any transaction and gives each its gap (`placing`); and looks for an answer
//! among what people replied (`super::proposals`). Each step is kept before the next begins: whatever interrupts the job costs one step at most, and
//! doing it twice changes nothing. Visitors' ratings are not looked at.

mod notice;
mod placing;

pub(in crate::app) use placing::embedded;

use super::proposals::{self, ProposalView};
use crate::app::views::{Page, next_page};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::flow::Flow;
use crate::domain::ids::{CandidateId, ConversationId, GapId, JobId, NotAnId, WorkspaceId};
use crate::domain::improve::gap::{Cause, GapState, ProposalState};
use crate::domain::log::EventKind;
use crate::domain::text::{Note, said};
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::entity::gap;
use crate::store::{Change, GapCursor, JobKind, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// After something happened the job waits this long, in milliseconds, for more of it.
const SOON_MS: i64 = 2_000;
/// Verdicts that may not be told yet are looked at again after this long, in milliseconds.
const LOOK_AGAIN_MS: i64 = 60 * 60_000;
/// Questions of a gap that are shown.
const EXAMPLES: u64 = 5;

/// A gap as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GapView {
    /// Its id.
    pub id: GapId,
    /// The question in its middle.
    pub name: String,
    /// Whether somebody should look after it.
    pub state: GapState,
    /// Why it was dismissed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Different visitors who asked.
    pub visitors: i64,
    /// Questions.
    pub questions: i64,
    /// When the first was asked.
    pub first_at: Timestamp,
    /// When the last was asked.
    pub last_at: Timestamp,
    /// The newest questions.
    pub examples: Vec<GapExample>,
    /// What is proposed for it, if a person has to decide about it.
    pub proposal: Option<ProposalView>,
    /// What was approved for it last and is not live any more, or never was, of a gap that is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub former: Option<ProposalView>,
}

/// A question of a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapExample {
    /// Where it was asked.
    pub conversation_id: ConversationId,
    /// The question, without personal data.
    pub question: String,
    /// Why it belongs to a gap.
    pub cause: Cause,
    /// When it was asked.
    pub at: Timestamp,
}

/// Which gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those that somebody should look after.
    #[default]
    Open,
    /// Those with an approved answer that is not published yet.
    Proposed,
    /// Those whose answer is published.
    Closed,
    /// Those that need no answer.
    Dismissed,
    /// All.
    All,
}

impl Which {
    const fn states(self) -> &'static [GapState] {
        match self {
            Self::Open => &[GapState::Open],
            Self::Proposed => &[GapState::Proposed],
            Self::Closed => &[GapState::Closed],
            Self::Dismissed => &[GapState::Dismissed],
            Self::All => &[
                GapState::Open,
                GapState::Proposed,
                GapState::Closed,
                GapState::Dismissed,
            ],
        }
    }
}

/// The job is to look soon, if what happened to a conversation can have made a gap of a question, or a gap's question none: somebody was called, a
/// person wrote or decided anything but that the draft is good, or it is spam or none.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn look_if_moved(
    tx: &Tx<'_>,
    (before, after): (&Flow, &Flow),
    a_person_did: bool,
    now: Timestamp,
) -> Result<(), AppError> {
    let waits = |flow: &Flow| flow.turn.is_some_and(|(_, turn)| turn.state == TurnState::Waiting);
    let is_called = waits(after) && !waits(before);
    if a_person_did || is_called || before.spam != after.spam {
        look_soon(tx, now).await?;
    }
    Ok(())
}

async fn look_soon(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    Ok(tx
        .schedule_no_later(JobKind::Gaps, tx.workspace_id(), now.plus_ms(SOON_MS))
        .await?)
}

/// A candidate went live, or came to nothing: if it was made for a gap, that is closed, or open again.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn settle(tx: &Tx<'_>, candidate: CandidateId, state: GapState) -> Result<(), AppError> {
    let Some(proposal) = tx.proposal_of_candidate(candidate).await? else {
        return Ok(());
    };
    match tx.gap(proposal.gap_id).await? {
        Some(gap) if gap.state != GapState::Dismissed => Ok(tx.update(gap::Model { state, ..gap }).await?),
        _ => Ok(()),
    }
}

/// After a start: what happened before there was this job, or while there was no embedder, is looked at.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn look_everywhere(app: &App) -> Result<(), AppError> {
    for workspace in app.store().workspaces().await? {
        let now = app.now();
        app.store()
            .write(workspace.id, move |tx| {
                Box::pin(async move {
                    look_soon(tx, now).await?;
                    Ok::<_, AppError>(Change::Unlogged(()))
                })
            })
            .await?;
    }
    Ok(())
}

/// The job.
///
/// # Errors
/// [`AppError::Engine`] while the embedder is not there; it is tried again. Or the store's.
pub(in crate::app) async fn keep(app: &App, workspace_id: WorkspaceId, job_id: JobId) -> Result<(), AppError> {
    notice::notice(app, workspace_id).await?;
    let mut waits = false;
    // With nothing to embed with, what was noticed is kept. A start with an embedder looks at it.
    if let Some(engine) = app.engine() {
        placing::embed_anew(app, engine, workspace_id).await?;
        waits = placing::place_all(app, engine, workspace_id).await?;
        proposals::propose_all(app, engine, workspace_id).await?;
    }
    let again = app.now().plus_ms(LOOK_AGAIN_MS);
    app.store()
        .write(workspace_id, move |tx| {
            Box::pin(async move {
                // What happened while this ran has scheduled the job anew; that one stays.
                if waits {
                    tx.renew_job(job_id, again).await?;
                } else {
                    tx.finish_job(job_id).await?;
                }
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// Gaps, those that most visitors asked about first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn gaps(
    app: &App,
    caller: &Caller,
    which: Which,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<GapView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(cursor).transpose()?;
    let found = rows.gaps(which.states(), below, limit).await?;
    let next = next_page(&found, limit, |last| {
        format!("{}_{}_{}", last.visitors, last.questions, last.id)
    });
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(view(&rows, row).await?);
    }
    Ok(Page { items, next })
}

fn cursor(text: &str) -> Result<GapCursor, AppError> {
    let mut parts = text.splitn(3, '_');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (visitors, questions) = (number().ok_or(NotAnId)?, number().ok_or(NotAnId)?);
    Ok((visitors, questions, parts.next().unwrap_or_default().parse()?))
}

/// One gap.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn gap(app: &App, caller: &Caller, id: GapId) -> Result<GapView, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.gap(id).await?.ok_or(AppError::NotFound("the gap"))?;
    view(&rows, row).await
}

async fn view(rows: &Rows<'_>, row: gap::Model) -> Result<GapView, AppError> {
    let examples = rows.gap_questions(row.id, EXAMPLES).await?.into_iter();
    let examples = examples.map(|question| GapExample {
        conversation_id: question.conversation_id,
        question: question.question,
        cause: question.cause,
        at: question.asked_at,
    });
    let proposal = proposals::waiting(rows, row.id).await?;
    let proposal = match proposal {
        Some(proposal) => Some(proposals::view(rows, proposal, &row.name).await?),
        None => None,
    };
    let former = match row.state {
        GapState::Open => rows.proposals_of(row.id).await?,
        _ => Vec::new(),
    };
    let approved = former.into_iter().filter(|row| row.state == ProposalState::Approved);
    let former = match approved.max_by_key(|row| row.decided_at) {
        Some(approved) => Some(proposals::view(rows, approved, &row.name).await?),
        None => None,
    };
    Ok(GapView {
        former,
        id: row.id,
        state: row.state,
        reason: row.reason,
        visitors: row.visitors,
        questions: row.questions,
        first_at: row.first_at,
        last_at: row.last_at,
        examples: examples.collect(),
        proposal,
        name: row.name,
    })
}

/// A person says that a gap needs no answer. What is proposed for it goes with it; more questions of its kind still belong to it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] when it was dismissed already or an answer was approved, [`AppError::Forbidden`],
/// [`AppError::Text`] for a reason that is too long, or the store's.
pub async fn dismiss(app: &App, caller: &Caller, id: GapId, reason: Option<&str>) -> Result<GapView, AppError> {
    caller.require(Scope::Knowledge)?;
    let reason: Option<String> = said(reason).map(Note::parse).transpose()?.map(Into::into);
    let (actor, by, now) = (caller.actor(), caller.member().ok(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let reason = reason.clone();
            Box::pin(async move {
                let row = tx.gap(id).await?.ok_or(AppError::NotFound("the gap"))?;
                if row.state != GapState::Open {
                    return Err(not_open(row.state));
                }
                proposals::drop_waiting(tx, id, by, "the gap was dismissed", now).await?;
                tx.update(gap::Model {
                    state: GapState::Dismissed,
                    reason: reason.clone(),
                    is_moved: false,
                    ..row
                })
                .await?;
                let mut entry = LogDraft::new(EventKind::GapDismissed, actor).about("gap", id);
                if let Some(reason) = reason {
                    entry = entry.with("reason", reason);
                }
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    gap(app, caller, id).await
}

/// Why nothing is decided about a gap that is not open.
pub(super) fn not_open(state: GapState) -> AppError {
    let sentence = match state {
        GapState::Open => "somebody looks after this gap already; load it again",
        GapState::Proposed => "an answer was approved for this gap already; nothing was changed",
        GapState::Closed => "this gap is closed: its answer is published; nothing was changed",
        GapState::Dismissed => "this gap was dismissed already; nothing was changed",
    };
    AppError::Conflict {
        sentence: sentence.to_owned(),
        extra: json!({ "state": state }),
    }
}
