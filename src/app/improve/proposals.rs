//! Pairs of question and answer that are proposed for gaps, and what people decide about them.
//!
//! An answer is proposed from what a person replied to a visitor who asked (`find`), or written by a person for the gap. Nothing is answered
//! differently before somebody has approved it.

mod find;

pub(super) use find::propose_all;

use super::gaps::not_open;
use super::proposed;
use crate::app::views::{Names, Page, next_page};
use crate::app::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, ConversationId, GapId, MemberId, ProposalId, VerifiedAnswerId};
use crate::domain::improve::candidate;
use crate::domain::improve::gap::{GapState, Origin, ProposalState};
use crate::domain::log::EventKind;
use crate::domain::text::{AnswerText, Note, QuestionText};
use crate::domain::time::Timestamp;
use crate::store::entity::{gap, gap_proposal};
use crate::store::{Change, JobKind, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Questions of a gap on which what is approved is tried.
const TRIED: u64 = 200;

/// A proposed pair as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProposalView {
    /// Its id.
    pub id: ProposalId,
    /// The gap it is for.
    pub gap_id: GapId,
    /// What the gap is called.
    pub gap: String,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Said to a visitor, or written for the gap.
    pub origin: Origin,
    /// Who said or wrote it; none for the administrator of the machine.
    pub author: Option<String>,
    /// Where it was said.
    pub conversation_id: Option<ConversationId>,
    /// Whether a person has to decide about it.
    pub state: ProposalState,
    /// Why it was dismissed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who decided; none for Holdpoint itself and the administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<Timestamp>,
}

/// A question and its answer in the words of whoever approves or writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wording {
    /// The question; as it was proposed where it is left out.
    #[serde(default)]
    pub question: Option<String>,
    /// The answer; as it was proposed where it is left out.
    #[serde(default)]
    pub answer: Option<String>,
}

/// A pair that a person approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approved {
    /// The proposal.
    pub id: ProposalId,
    /// Its gap.
    pub gap_id: GapId,
    /// The question, as it was approved.
    pub question: String,
    /// The answer, as it was approved.
    pub answer: String,
    /// What is tried on questions of the past before it goes live.
    pub candidate_id: CandidateId,
}

/// Proposals in a state, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn proposals(
    app: &App,
    caller: &Caller,
    state: ProposalState,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<ProposalView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let below = after.map(str::parse::<ProposalId>).transpose()?;
    let found = rows.proposals(state, below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        let name = rows.gap(row.gap_id).await?.map(|gap| gap.name).unwrap_or_default();
        items.push(view(&rows, row, &name).await?);
    }
    Ok(Page { items, next })
}

async fn shown(app: &App, caller: &Caller, id: ProposalId) -> Result<ProposalView, AppError> {
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.proposal(id).await?.ok_or(AppError::NotFound("the proposal"))?;
    let name = rows.gap(row.gap_id).await?.map(|gap| gap.name).unwrap_or_default();
    view(&rows, row, &name).await
}

/// A proposal for the gap of this name.
///
/// # Errors
/// The store's.
pub(super) async fn view(rows: &Rows<'_>, row: gap_proposal::Model, gap: &str) -> Result<ProposalView, AppError> {
    let mut names = Names::default();
    let mut name = async |member: Option<MemberId>| match member {
        Some(member) => names.of(rows, member).await.map(Some),
        None => Ok(None),
    };
    Ok(ProposalView {
        author: name(row.author_id).await?,
        decided_by: name(row.decided_by).await?,
        id: row.id,
        gap_id: row.gap_id,
        gap: gap.to_owned(),
        question: row.question,
        answer: row.answer,
        origin: row.origin,
        conversation_id: row.conversation_id,
        state: row.state,
        reason: row.reason,
        created_at: row.created_at,
        decided_at: row.decided_at,
    })
}

/// What waits for a decision about a gap.
///
/// # Errors
/// The store's.
pub(super) async fn waiting(rows: &Rows<'_>, id: GapId) -> Result<Option<gap_proposal::Model>, AppError> {
    let mut proposed = rows.proposals_of(id).await?.into_iter();
    Ok(proposed.find(|proposal| proposal.state == ProposalState::Waiting))
}

/// Dismisses what waits for a gap, if anything does.
///
/// # Errors
/// The store's.
pub(super) async fn drop_waiting(
    tx: &Tx<'_>,
    id: GapId,
    by: Option<MemberId>,
    reason: &str,
    now: Timestamp,
) -> Result<(), AppError> {
    if let Some(row) = waiting(tx, id).await? {
        tx.update(gap_proposal::Model {
            state: ProposalState::Dismissed,
            reason: Some(reason.to_owned()),
            decided_by: by,
            decided_at: Some(now),
            ..row
        })
        .await?;
    }
    Ok(())
}

/// A better proposal takes the place of this one.
///
/// # Errors
/// The store's.
async fn supersede(tx: &Tx<'_>, row: gap_proposal::Model, now: Timestamp) -> Result<(), AppError> {
    Ok(tx
        .update(gap_proposal::Model {
            state: ProposalState::Superseded,
            decided_at: Some(now),
            ..row
        })
        .await?)
}

/// Writes a question and an answer for a gap; they wait for approval. What Holdpoint proposed goes.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] where the gap is not open or what somebody else wrote waits, [`AppError::Forbidden`],
/// [`AppError::Text`], or the store's.
pub async fn write(app: &App, caller: &Caller, id: GapId, wording: &Wording) -> Result<ProposalView, AppError> {
    caller.require(Scope::Knowledge)?;
    let answer: String = AnswerText::parse(wording.answer.as_deref().unwrap_or_default())?.into();
    let question = wording.question.as_deref().map(QuestionText::parse).transpose()?;
    let question: Option<String> = question.map(Into::into);
    let (actor, author_id, now) = (caller.actor(), caller.member().ok(), app.now());
    let proposal_id = ProposalId::new(&*app.sources().ids);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (question, answer) = (question.clone(), answer.clone());
            Box::pin(async move {
                let gap = tx.gap(id).await?.ok_or(AppError::NotFound("the gap"))?;
                if gap.state != GapState::Open {
                    return Err(not_open(gap.state));
                }
                if let Some(row) = waiting(tx, id).await? {
                    let is_of_another = row.origin == Origin::Written && row.author_id != author_id;
                    if is_of_another {
                        return Err(waits_already(tx, &row).await?);
                    }
                    supersede(tx, row, now).await?;
                }
                let row = gap_proposal::Model {
                    id: proposal_id,
                    workspace_id: tx.workspace_id(),
                    gap_id: id,
                    question: question.unwrap_or(gap.name),
                    answer,
                    origin: Origin::Written,
                    turn_id: None,
                    conversation_id: None,
                    author_id,
                    state: ProposalState::Waiting,
                    reason: None,
                    decided_by: None,
                    created_at: now,
                    decided_at: None,
                    candidate_id: None,
                };
                let entry = LogDraft::new(EventKind::ProposalWritten, actor)
                    .about("gap", id)
                    .about("proposal", row.id)
                    .with("question", row.question.clone())
                    .with("answer", row.answer.clone());
                tx.insert(row).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    shown(app, caller, proposal_id).await
}

async fn waits_already(rows: &Rows<'_>, row: &gap_proposal::Model) -> Result<AppError, AppError> {
    let who = match row.author_id {
        Some(member) => Names::default().of(rows, member).await?,
        None => "The administrator".to_owned(),
    };
    Ok(AppError::Conflict {
        sentence: format!("{who} has written an answer for this gap, and it waits; approve or dismiss that one first"),
        extra: json!({ "proposal": row.id }),
    })
}

/// A person approves a proposed pair, in these words. It becomes a candidate: tried on the gap's questions, the regression set and what visitors
/// asked last, and live when somebody publishes it.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::NoMember`], [`AppError::Conflict`] when it was decided already or its gap is not open,
/// [`AppError::Forbidden`], [`AppError::Text`], or the store's.
pub async fn approve(app: &App, caller: &Caller, id: ProposalId, wording: &Wording) -> Result<Approved, AppError> {
    caller.require(Scope::Knowledge)?;
    let (by, actor, now) = (caller.member()?, caller.actor(), app.now());
    let question = wording.question.as_deref().map(QuestionText::parse).transpose()?;
    let answer = wording.answer.as_deref().map(AnswerText::parse).transpose()?;
    let (question, answer): (Option<String>, Option<String>) = (question.map(Into::into), answer.map(Into::into));
    let candidate_id = CandidateId::new(&*app.sources().ids);
    let answer_id = VerifiedAnswerId::new(&*app.sources().ids);
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (question, answer) = (question.clone(), answer.clone());
            Box::pin(async move {
                let (row, gap) = undecided(tx, id).await?;
                if gap.state != GapState::Open {
                    return Err(not_open(gap.state));
                }
                let row = gap_proposal::Model {
                    question: question.unwrap_or(row.question),
                    answer: answer.unwrap_or(row.answer),
                    state: ProposalState::Approved,
                    decided_by: Some(by),
                    decided_at: Some(now),
                    candidate_id: Some(candidate_id),
                    ..row
                };
                let change = candidate::Change::AddAnswer {
                    id: answer_id,
                    question: row.question.clone(),
                    answer: row.answer.clone(),
                    details: Box::default(),
                };
                let questions = tx.gap_questions(gap.id, TRIED).await?;
                let questions = questions.into_iter().map(|asked| asked.question).collect();
                let made = (candidate_id, gap.name.clone());
                proposed(
                    tx,
                    made,
                    candidate::Origin::Proposal,
                    Some(by),
                    &[change],
                    questions,
                    now,
                )
                .await?;
                let approved = Approved {
                    id,
                    gap_id: row.gap_id,
                    question: row.question.clone(),
                    answer: row.answer.clone(),
                    candidate_id,
                };
                tx.update(row).await?;
                tx.update(gap::Model {
                    state: GapState::Proposed,
                    is_moved: false,
                    ..gap
                })
                .await?;
                let entry = LogDraft::new(EventKind::ProposalApproved, actor)
                    .about("gap", approved.gap_id)
                    .about("proposal", id)
                    .with("question", approved.question.clone())
                    .with("answer", approved.answer.clone());
                Ok::<_, AppError>(Change::Logged(approved, entry))
            })
        })
        .await
}

/// A person does not want what is proposed. It is not proposed again; something else may be.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Conflict`] when it was decided already, [`AppError::Forbidden`], [`AppError::Text`] without a reason or for
/// one that is too long, or the store's.
pub async fn dismiss(app: &App, caller: &Caller, id: ProposalId, reason: &str) -> Result<ProposalView, AppError> {
    caller.require(Scope::Knowledge)?;
    if reason.trim().is_empty() {
        return Err(AppError::Invalid(
            "say why it is not right, in a few words; that is the `reason`".to_owned(),
        ));
    }
    let reason: String = Note::parse(reason)?.into();
    let (by, actor, now) = (caller.member().ok(), caller.actor(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            let reason = reason.clone();
            Box::pin(async move {
                let (row, gap) = undecided(tx, id).await?;
                let entry = LogDraft::new(EventKind::ProposalDismissed, actor)
                    .about("gap", row.gap_id)
                    .about("proposal", id)
                    .with("reason", reason.clone());
                tx.update(gap_proposal::Model {
                    state: ProposalState::Dismissed,
                    reason: Some(reason),
                    decided_by: by,
                    decided_at: Some(now),
                    ..row
                })
                .await?;
                tx.update(gap::Model { is_moved: true, ..gap }).await?;
                // Somebody else may have said something better.
                tx.schedule_no_later(JobKind::Gaps, tx.workspace_id(), now).await?;
                Ok::<_, AppError>(Change::Logged((), entry))
            })
        })
        .await?;
    shown(app, caller, id).await
}

/// A proposal that waits, with its gap.
async fn undecided(tx: &Tx<'_>, id: ProposalId) -> Result<(gap_proposal::Model, gap::Model), AppError> {
    let row = tx.proposal(id).await?.ok_or(AppError::NotFound("the proposal"))?;
    if row.state != ProposalState::Waiting {
        return Err(decided_already(tx, &row).await?);
    }
    let gap = tx.gap(row.gap_id).await?.ok_or(AppError::NotFound("the gap"))?;
    Ok((row, gap))
}

async fn decided_already(rows: &Rows<'_>, row: &gap_proposal::Model) -> Result<AppError, AppError> {
    let by = match row.decided_by {
        Some(member) => Names::default().of(rows, member).await?,
        None => "Holdpoint".to_owned(),
    };
    let sentence = match row.state {
        ProposalState::Waiting => "this proposal waits for a decision; load it again".to_owned(),
        ProposalState::Approved => format!("{by} approved this already; nothing was changed"),
        ProposalState::Dismissed => format!("{by} dismissed this already; nothing was changed"),
        ProposalState::Superseded => "a newer proposal took the place of this one; decide about that one".to_owned(),
    };
    Ok(AppError::Conflict {
        sentence,
        extra: json!({ "decided_by": by, "decided_at": row.decided_at, "state": row.state }),
    })
}
