//! Verified answers as people read them.

use crate::app::views::Names;
use crate::app::{App, AppError, Caller, evidence};
use crate::domain::account::Scope;
use crate::domain::answer::Difference;
use crate::domain::ids::{CandidateId, ConflictId, ConversationId, DocumentId, DraftId, VerifiedAnswerId};
use crate::domain::improve::answer::{ConflictDecision, ConflictKind};
use crate::domain::improve::candidate::CandidateState;
use crate::domain::time::Timestamp;
use crate::store::Rows;
use crate::store::entity::{answer_conflict, answer_use, candidate, document, verified_answer};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Answers with something against them that are listed.
const LISTED: u64 = 1_000;
/// Uses that are looked at for the verdicts on them.
const USES: u64 = 2_000;
/// Earlier texts of an answer that are followed.
const EARLIER: usize = 20;
/// Weeks whose uses are counted.
const WEEKS: usize = 12;
/// What ends within this time is about to, in milliseconds.
const SOON_MS: i64 = 30 * 24 * 60 * 60_000;
/// A week, in milliseconds.
const WEEK_MS: i64 = 7 * 24 * 60 * 60_000;

/// A verified answer as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VerifiedAnswerView {
    /// Its id.
    pub id: VerifiedAnswerId,
    /// The question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Other wordings of the question.
    pub variants: Vec<String>,
    /// The language it is written in, as ISO 639-1, where that can be told.
    pub language: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    pub expires_at: Option<Timestamp>,
    /// Who approved it.
    pub author: String,
    /// The conversation it came from.
    pub conversation_id: Option<ConversationId>,
    /// Drafts made from it.
    pub uses: i64,
    /// When it was approved.
    pub created_at: Timestamp,
    /// Newer knowledge speaks against it: somebody is to look at it.
    pub to_look_at: bool,
}

/// A document that an answer rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerSourceView {
    /// Which.
    pub document_id: DocumentId,
    /// Its title when that was noted.
    pub title: String,
    /// What its text hashed to then, in hexadecimal.
    pub content_hash: String,
    /// It is still there.
    pub is_there: bool,
    /// It still says the same.
    pub is_same: bool,
}

/// What speaks against an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictView {
    /// Its id.
    pub id: ConflictId,
    /// The answer.
    pub answer_id: VerifiedAnswerId,
    /// What it is.
    pub kind: ConflictKind,
    /// The document that speaks against it, if it is one.
    pub document_id: Option<DocumentId>,
    /// The verified answer that does, if it is one.
    pub other_answer_id: Option<VerifiedAnswerId>,
    /// Its title or question.
    pub title: String,
    /// What was known before.
    pub before: String,
    /// What is said now; empty where it is gone.
    pub after: String,
    /// What the answer says, and what is said now, where these are facts that can be compared.
    pub differs: Vec<Difference>,
    /// When it was found.
    pub found_at: Timestamp,
}

/// What was decided about something that spoke against an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedView {
    /// What spoke against it.
    pub title: String,
    /// What was decided.
    pub decision: ConflictDecision,
    /// Who decided; none where it was settled by itself, or by the administrator.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A candidate that concerns an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryLine {
    /// Which.
    pub candidate_id: CandidateId,
    /// Counted from 1.
    pub number: i64,
    /// What it is about.
    pub title: String,
    /// How far it is.
    pub state: CandidateState,
    /// Who made it.
    pub author: Option<String>,
    /// When it went live, or was made.
    pub at: Timestamp,
}

/// A verified answer with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WholeAnswer {
    /// It.
    #[serde(flatten)]
    pub answer: VerifiedAnswerView,
    /// When it went out of use.
    pub retired_at: Option<Timestamp>,
    /// When somebody said last that it is still right.
    pub confirmed_at: Option<Timestamp>,
    /// What it rests on; none while that is being found out.
    pub sources: Option<Vec<AnswerSourceView>>,
    /// What was said of answers with these very words.
    pub record: evidence::Record,
    /// Drafts with these very words in the last twelve weeks, the oldest week first.
    pub weeks: Vec<u64>,
    /// What speaks against it.
    pub conflicts: Vec<ConflictView>,
    /// What was decided about what spoke against it before.
    pub decided: Vec<DecidedView>,
    /// Candidates that concern it or an earlier text of it, the newest first.
    pub history: Vec<HistoryLine>,
    /// The earlier text whose place it took.
    pub replaces: Option<VerifiedAnswerId>,
    /// The later text that took its place.
    pub replaced_by: Option<VerifiedAnswerId>,
}

async fn view(
    rows: &Rows<'_>,
    names: &mut Names,
    doubted: &HashSet<VerifiedAnswerId>,
    row: verified_answer::Model,
) -> Result<VerifiedAnswerView, AppError> {
    Ok(VerifiedAnswerView {
        author: names.of(rows, row.member_id).await?,
        to_look_at: doubted.contains(&row.id),
        id: row.id,
        question: row.question,
        answer: row.answer,
        variants: row.variants.0,
        language: row.language,
        owner: row.owner,
        expires_at: row.expires_at,
        conversation_id: row.conversation_id,
        uses: row.uses,
        created_at: row.created_at,
    })
}

async fn doubted(rows: &Rows<'_>) -> Result<HashSet<VerifiedAnswerId>, AppError> {
    let open = rows.open_conflicts(LISTED).await?;
    Ok(open.into_iter().map(|row| row.answer_id).collect())
}

/// Verified answers in use, newest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn verified_answers(app: &App, caller: &Caller) -> Result<Vec<VerifiedAnswerView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let (mut names, doubted) = (Names::default(), doubted(&rows).await?);
    let mut views = Vec::new();
    for row in rows.verified_answers().await? {
        views.push(view(&rows, &mut names, &doubted, row).await?);
    }
    Ok(views)
}

/// Which verified answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhichAnswers {
    /// All in use.
    #[default]
    #[serde(alias = "")]
    All,
    /// Those that newer knowledge speaks against.
    ToLookAt,
    /// Those whose last day is over within thirty days, the next first.
    Expiring,
    /// Those that no draft was made from.
    Unused,
}

/// Some of the verified answers in use.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn verified_answers_of(
    app: &App,
    caller: &Caller,
    which: WhichAnswers,
) -> Result<Vec<VerifiedAnswerView>, AppError> {
    let mut found = verified_answers(app, caller).await?;
    let soon = app.now().plus_ms(SOON_MS);
    found.retain(|answer| match which {
        WhichAnswers::All => true,
        WhichAnswers::ToLookAt => answer.to_look_at,
        WhichAnswers::Expiring => answer.expires_at.is_some_and(|end| end <= soon),
        WhichAnswers::Unused => answer.uses == 0,
    });
    if which == WhichAnswers::Expiring {
        found.sort_by_key(|answer| answer.expires_at);
    }
    Ok(found)
}

/// Verified answers that newer knowledge speaks against, each with what does, the longest known first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn answers_to_look_at(
    app: &App,
    caller: &Caller,
) -> Result<Vec<(VerifiedAnswerView, Vec<ConflictView>)>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut order: Vec<VerifiedAnswerId> = Vec::new();
    let mut against: HashMap<VerifiedAnswerId, Vec<ConflictView>> = HashMap::new();
    for row in rows.open_conflicts(LISTED).await? {
        if !order.contains(&row.answer_id) {
            order.push(row.answer_id);
        }
        against.entry(row.answer_id).or_default().push(conflict(row));
    }
    let found = rows.verified_answers_of(&order).await?;
    let mut found: HashMap<VerifiedAnswerId, verified_answer::Model> =
        found.into_iter().map(|row| (row.id, row)).collect();
    let (mut names, doubted) = (Names::default(), order.iter().copied().collect());
    let mut answers = Vec::with_capacity(order.len());
    for id in order {
        if let Some(row) = found.remove(&id) {
            let conflicts = against.remove(&id).unwrap_or_default();
            answers.push((view(&rows, &mut names, &doubted, row).await?, conflicts));
        }
    }
    Ok(answers)
}

fn conflict(row: answer_conflict::Model) -> ConflictView {
    ConflictView {
        id: row.id,
        answer_id: row.answer_id,
        kind: row.kind,
        document_id: row.document_id,
        other_answer_id: row.other_answer_id,
        title: row.title,
        before: row.before,
        after: row.after,
        differs: row.differs.0,
        found_at: row.found_at,
    }
}

/// A verified answer with all that is known of it, in use or not.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Forbidden`] or the store's.
pub async fn verified_answer(app: &App, caller: &Caller, id: VerifiedAnswerId) -> Result<WholeAnswer, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.verified_answer(id).await?;
    let row = row.ok_or(AppError::NotFound("the verified answer"))?;
    let mut names = Names::default();
    let earlier = earlier(&rows, &row).await?;
    let same_words = { earlier.iter() }.take_while(|former| former.answer == row.answer);
    let said: Vec<VerifiedAnswerId> = std::iter::once(id).chain(same_words.map(|former| former.id)).collect();
    let uses = rows.uses_of_answers(&said, USES).await?;
    let drafts: Vec<DraftId> = uses.iter().map(|used| used.draft_id).collect();
    let mut lineage: Vec<VerifiedAnswerId> = earlier.iter().map(|former| former.id).collect();
    lineage.push(id);
    let (mut conflicts, mut decided) = (Vec::new(), Vec::new());
    for row in rows.conflicts_of(id).await? {
        match (row.decision, row.decided_at) {
            (Some(decision), Some(at)) => decided.push(DecidedView {
                by: match row.decided_by {
                    Some(member) => Some(names.of(&rows, member).await?),
                    None => None,
                },
                title: row.title,
                decision,
                at,
            }),
            _ => conflicts.push(conflict(row)),
        }
    }
    let mut history = Vec::new();
    for row in rows.candidates_of_answers(&lineage).await? {
        history.push(line(&rows, &mut names, row).await?);
    }
    let replaced_by = rows.replacements_of(id).await?.first().map(|row| row.id);
    let doubted = conflicts.iter().map(|conflict| conflict.answer_id).collect();
    Ok(WholeAnswer {
        retired_at: row.retired_at,
        confirmed_at: row.confirmed_at,
        sources: match row.grounded_at {
            Some(_) => Some(sources(&rows, id).await?),
            None => None,
        },
        record: evidence::record_of(app, &rows, &drafts).await?,
        weeks: weeks(&uses, app.now()),
        conflicts,
        decided,
        history,
        replaces: row.replaces,
        replaced_by,
        answer: view(&rows, &mut names, &doubted, row).await?,
    })
}

/// Earlier texts of an answer, the last one first.
async fn earlier(rows: &Rows<'_>, row: &verified_answer::Model) -> Result<Vec<verified_answer::Model>, AppError> {
    let (mut found, mut next) = (Vec::new(), row.replaces);
    while let Some(id) = next.filter(|_| found.len() < EARLIER) {
        let Some(former) = rows.verified_answer(id).await? else {
            break;
        };
        next = former.replaces;
        found.push(former);
    }
    Ok(found)
}

async fn sources(rows: &Rows<'_>, id: VerifiedAnswerId) -> Result<Vec<AnswerSourceView>, AppError> {
    let noted = rows.sources_of_answer(id).await?;
    let documents: Vec<DocumentId> = noted.iter().map(|source| source.document_id).collect();
    let there = rows.documents_of(&documents).await?;
    let there: HashMap<DocumentId, document::Model> = there.into_iter().map(|row| (row.id, row)).collect();
    let source = noted.into_iter().map(|source| {
        let now = there.get(&source.document_id);
        AnswerSourceView {
            document_id: source.document_id,
            title: source.title,
            is_there: now.is_some(),
            is_same: now.is_some_and(|row| row.content_hash == source.content_hash),
            content_hash: source.content_hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    });
    Ok(source.collect())
}

async fn line(rows: &Rows<'_>, names: &mut Names, row: candidate::Model) -> Result<HistoryLine, AppError> {
    Ok(HistoryLine {
        candidate_id: row.id,
        number: row.number,
        title: row.title,
        state: row.state,
        author: match row.member_id {
            Some(member) => Some(names.of(rows, member).await?),
            None => None,
        },
        at: row.published_at.unwrap_or(row.created_at),
    })
}

/// Uses by week, the oldest first.
fn weeks(uses: &[answer_use::Model], now: Timestamp) -> Vec<u64> {
    let mut weeks = vec![0; WEEKS];
    for used in uses {
        let ago = usize::try_from(now.ms_since(used.created_at).max(0) / WEEK_MS).unwrap_or(usize::MAX);
        if let Some(week) = (WEEKS - 1).checked_sub(ago).and_then(|at| weeks.get_mut(at)) {
            *week += 1;
        }
    }
    weeks
}
