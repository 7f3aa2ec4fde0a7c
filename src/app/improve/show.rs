//! Candidates as people read them: what they change, what they answer otherwise, and how far they are.

use super::views::{Names, Page, next_page};
use super::{App, AppError, Caller, ComparisonView, comparison};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, ConversationId, MemberId};
use crate::domain::improve::candidate::{Answer, CandidateState, Change, Effect, Found, Known, Origin};
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::candidate;
use serde::Serialize;

/// Changes of a candidate that are shown.
const SHOWN: u64 = 200;

/// A candidate as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CandidateView {
    /// Its id.
    pub id: CandidateId,
    /// Counted from 1.
    pub number: i64,
    /// What it is about.
    pub title: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How far it is.
    pub state: CandidateState,
    /// How many things it changes.
    pub changes: i64,
    /// What was found when it was tried.
    pub found: Option<Found>,
    /// The same in words.
    pub in_words: String,
    /// While the LLM writes what it would answer: how far that is.
    pub writing: Option<WritingView>,
    /// Why it went live over a regression.
    pub reason: Option<String>,
    /// Who made it; nobody for the administrator of the machine.
    pub author: Option<String>,
    /// When.
    pub created_at: Timestamp,
    /// Who published it.
    pub published_by: Option<String>,
    /// When.
    pub published_at: Option<Timestamp>,
    /// Who withdrew it or took it back.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<Timestamp>,
    /// Why.
    pub end_reason: Option<String>,
}

/// How many texts the LLM has written for a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WritingView {
    /// Written so far.
    pub written: u64,
    /// All.
    pub all: u64,
}

/// A change as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeView {
    /// What is changed.
    pub change: Change,
    /// Title and text of what goes or comes back, which the change itself does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<(String, String)>,
    /// What it replaces, known since it went live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inverse: Option<Vec<Change>>,
    /// Whether it is live.
    pub is_live: bool,
}

/// A question that is answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CaseView {
    /// What is asked.
    pub question: String,
    /// Where a visitor asked it.
    pub conversation_id: Option<ConversationId>,
    /// What is known of it.
    pub known: Known,
    /// How it is answered without the candidate.
    pub before: Answer,
    /// And with it.
    pub after: Answer,
    /// What that is.
    pub effect: Effect,
}

impl CaseView {
    /// Both answers are there, in other words.
    pub fn is_comparable(&self) -> bool {
        self.before.differs_in_words(&self.after)
    }
}

/// A candidate with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WholeCandidate {
    /// It.
    pub candidate: CandidateView,
    /// What it changes; the first of very many.
    pub changes: Vec<ChangeView>,
    /// What it answers otherwise, what gets worse first.
    pub cases: Vec<CaseView>,
    /// What people found who read its answers blind.
    pub comparison: ComparisonView,
}

/// Candidates, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Id`] for a bad cursor, or the store's.
pub async fn candidates(
    app: &App,
    caller: &Caller,
    after: Option<&str>,
    limit: u64,
) -> Result<Page<CandidateView>, AppError> {
    caller.require(Scope::Read)?;
    let below = after.map(str::parse::<CandidateId>).transpose()?;
    let rows = app.store().rows(caller.workspace_id);
    let found = rows.candidates(below, limit).await?;
    let next = next_page(&found, limit, |last| last.id.to_string());
    let mut names = Names::default();
    let mut items = Vec::with_capacity(found.len());
    for row in found {
        items.push(view(&rows, &mut names, row).await?);
    }
    Ok(Page { items, next })
}

/// A candidate with its changes and what it answers otherwise.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`] or the store's.
pub async fn candidate(app: &App, caller: &Caller, id: CandidateId) -> Result<WholeCandidate, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    let mut changes = Vec::new();
    for row in rows.first_candidate_changes(id, SHOWN).await? {
        changes.push(ChangeView {
            about: about(&rows, &row.change.0).await?,
            change: row.change.0,
            inverse: row.inverse.map(|inverse| inverse.0),
            is_live: row.is_live,
        });
    }
    let cases = rows.candidate_cases(id).await?.into_iter();
    Ok(WholeCandidate {
        candidate: view(&rows, &mut Names::default(), row).await?,
        changes,
        cases: cases
            .map(|row| CaseView {
                question: row.question,
                conversation_id: row.conversation_id,
                known: row.known.0,
                before: row.before.0,
                after: row.after.0,
                effect: row.effect,
            })
            .collect(),
        comparison: comparison::view(&rows, id).await?,
    })
}

/// What a change says that only names it.
async fn about(rows: &Rows<'_>, change: &Change) -> Result<Option<(String, String)>, AppError> {
    Ok(match change {
        Change::RestoreAnswer { id } | Change::RetireAnswer { id } => {
            rows.verified_answer(*id).await?.map(|row| (row.question, row.answer))
        }
        Change::RemoveDocument { id, .. } => rows.document_or_removed(*id).await?.map(|row| (row.title, row.body)),
        _ => None,
    })
}

pub(super) async fn view(rows: &Rows<'_>, names: &mut Names, row: candidate::Model) -> Result<CandidateView, AppError> {
    let mut name = async |member: Option<MemberId>| -> Result<Option<String>, AppError> {
        match member {
            Some(member) => Ok(Some(names.of(rows, member).await?)),
            None => Ok(None),
        }
    };
    let writing = writing(rows, &row).await?;
    let found = row.found.map(|found| found.0);
    let in_words = match (row.state, &found) {
        (CandidateState::Replaying, _) if let Some(WritingView { written, all }) = writing => format!(
            "It is being tried on questions of the past: the LLM has written {written} of {all} answers that would be other ones."
        ),
        (CandidateState::Replaying, _) => "It is being tried on questions of the past.".to_owned(),
        (_, Some(found)) => found.in_words(),
        (CandidateState::Published, None) => "It was not compared with questions of the past yet.".to_owned(),
        (_, None) => String::new(),
    };
    Ok(CandidateView {
        id: row.id,
        number: row.number,
        title: row.title,
        origin: row.origin,
        state: row.state,
        changes: row.changes_count,
        found,
        in_words,
        writing,
        reason: row.reason,
        author: name(row.member_id).await?,
        created_at: row.created_at,
        published_by: name(row.published_by).await?,
        published_at: row.published_at,
        ended_by: name(row.ended_by).await?,
        ended_at: row.ended_at,
        end_reason: row.end_reason,
    })
}

/// How far the LLM is, while it writes.
async fn writing(rows: &Rows<'_>, row: &candidate::Model) -> Result<Option<WritingView>, AppError> {
    if !matches!(row.state, CandidateState::Replaying | CandidateState::Published) {
        return Ok(None);
    }
    let (all, left) = rows.candidate_text_counts(row.id).await?;
    Ok((left > 0).then(|| WritingView {
        written: all - left,
        all,
    }))
}
