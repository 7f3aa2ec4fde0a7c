//! Making candidates, looking at them, withdrawing them.

use super::views::{Names, Page, next_page};
use super::{App, AppError, Caller, gaps, knowledge};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, ConversationId, MemberId};
use crate::domain::improve::candidate::{
    Answer, CandidateError, CandidateState, Change, Effect, Found, Known, Origin, check,
};
use crate::domain::improve::gap::GapState;
use crate::domain::log::EventKind;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::{candidate, candidate_change};
use crate::store::{Change as Written, JobKind, Json, LogDraft, Rows, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// Changes of a candidate that are shown.
const SHOWN: usize = 200;
/// Something imported sooner than this after what was imported before it belongs to the same run, in milliseconds.
const RUN_GOES_ON_MS: i64 = 30_000;
/// Most changes of a run that are one candidate.
const MOST_OF_A_RUN: i64 = 5_000;
/// What a run is called after its first file.
const AND_MORE: &str = " and more";

impl From<CandidateError> for AppError {
    fn from(error: CandidateError) -> Self {
        let sentence = error.to_string();
        match error {
            CandidateError::Worse(worse) => Self::Conflict {
                sentence,
                extra: json!({ "worse": worse }),
            },
            CandidateError::NotTried | CandidateError::Over(_) => Self::Conflict {
                sentence,
                extra: json!({}),
            },
            _ => Self::Invalid(sentence),
        }
    }
}

/// What is to be tried.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCandidate {
    /// What it is about.
    pub title: String,
    /// What it changes. Ids of what is new are chosen by whoever asks.
    pub changes: Vec<Change>,
}

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

/// A candidate with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WholeCandidate {
    /// It.
    pub candidate: CandidateView,
    /// What it changes; the first of very many.
    pub changes: Vec<ChangeView>,
    /// What it answers otherwise, what gets worse first.
    pub cases: Vec<CaseView>,
}

/// Makes a candidate: it is tried in the background, and goes live when somebody publishes it.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Invalid`] for changes that cannot be one candidate; or the store's.
pub async fn propose(app: &App, caller: &Caller, new: NewCandidate) -> Result<CandidateView, AppError> {
    caller.require(Scope::Knowledge)?;
    if new.changes.iter().any(Change::is_for_owners) {
        caller.require(Scope::Admin)?;
    }
    check(&new.changes)?;
    knowledge::check_changes(app, &app.store().rows(caller.workspace_id), &new.changes).await?;
    let title: String = Name::parse(&new.title)?.into();
    let changes = Arc::new(new.changes);
    let (actor, member) = (caller.actor(), caller.member().ok());
    let id = CandidateId::new(&*app.sources().ids);
    let now = app.now();
    app.store()
        .write(caller.workspace_id, move |tx| {
            let (title, changes) = (title.clone(), changes.clone());
            Box::pin(async move {
                proposed(tx, (id, title), Origin::Person, member, &changes, Vec::new(), now).await?;
                let entry = LogDraft::new(EventKind::CandidateProposed, actor)
                    .about("candidate", id)
                    .about("changes", changes.len());
                Ok::<_, AppError>(Written::Logged((), entry))
            })
        })
        .await?;
    let rows = app.store().rows(caller.workspace_id);
    let row = rows.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
    view(&rows, &mut Names::default(), row).await
}

/// Writes a candidate down that is to be tried, inside a transaction that says so in the log. `questions`: those of the gap that it is to close.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn proposed(
    tx: &Tx<'_>,
    (id, title): (CandidateId, String),
    origin: Origin,
    member_id: Option<MemberId>,
    changes: &[Change],
    questions: Vec<String>,
    now: Timestamp,
) -> Result<(), AppError> {
    let row = new_row(tx, (id, title), origin, member_id, changes.len(), now).await?;
    tx.insert(candidate::Model {
        questions: Json(questions),
        ..row
    })
    .await?;
    let place = |(place, change): (i64, &Change)| candidate_change::Model {
        candidate_id: id,
        place,
        workspace_id: tx.workspace_id(),
        change: Json(change.clone()),
        inverse: None,
        is_live: false,
    };
    let changes: Vec<candidate_change::Model> = (0..).zip(changes).map(place).collect();
    tx.insert_candidate_changes(&changes).await?;
    knowledge::note_history(tx, id, changes.iter().map(|row| &row.change.0)).await?;
    Ok(tx.schedule(JobKind::Replay, id, now).await?)
}

/// A small change that went live at once, with what takes it back.
#[derive(Debug, Clone)]
pub(in crate::app) struct Recorded {
    /// Its id.
    pub(in crate::app) id: CandidateId,
    /// What it is about.
    pub(in crate::app) title: String,
    /// Where it comes from.
    pub(in crate::app) origin: Origin,
    /// Who made it.
    pub(in crate::app) member_id: Option<MemberId>,
    /// What was changed, and what takes each of it back.
    pub(in crate::app) changes: Vec<(Change, Vec<Change>)>,
}

/// Writes down what has just gone live in the same transaction. What it does to questions of the past is found out afterwards.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn record(tx: &Tx<'_>, made: Recorded, now: Timestamp) -> Result<(), AppError> {
    let more = i64::try_from(made.changes.len()).unwrap_or(i64::MAX);
    let run = run_of(tx, &made, more, now).await?;
    let (id, from) = run.as_ref().map_or((made.id, 0), |row| (row.id, row.changes_count));
    match run {
        Some(row) => {
            let title = if row.title.ends_with(AND_MORE) {
                row.title.clone()
            } else {
                row.title.clone() + AND_MORE
            };
            tx.update(candidate::Model {
                title,
                changes_count: from + more,
                published_at: Some(now),
                ..row
            })
            .await?;
        }
        None => {
            let about = (id, made.title);
            let row = new_row(tx, about, made.origin, made.member_id, made.changes.len(), now).await?;
            tx.insert(candidate::Model {
                state: CandidateState::Published,
                published_by: made.member_id,
                published_at: Some(now),
                ..row
            })
            .await?;
        }
    }
    let place = |(place, (change, inverse)): (i64, (Change, Vec<Change>))| candidate_change::Model {
        candidate_id: id,
        place,
        workspace_id: tx.workspace_id(),
        change: Json(change),
        inverse: Some(Json(inverse)),
        is_live: true,
    };
    let changes: Vec<candidate_change::Model> = (from..).zip(made.changes).map(place).collect();
    tx.insert_candidate_changes(&changes).await?;
    note_changes(tx, &changes).await?;
    // Before anybody has asked anything there is nothing to compare.
    if !tx.newest_drafts(1).await?.is_empty() || tx.regression_question_count().await? > 0 {
        let at = if from == 0 { now } else { now.plus_ms(RUN_GOES_ON_MS) };
        tx.schedule(JobKind::Replay, id, at).await?;
    }
    Ok(())
}

/// Notes which verified answers these changes and what takes them back concern.
///
/// # Errors
/// The store's.
pub(super) async fn note_changes(tx: &Tx<'_>, changes: &[candidate_change::Model]) -> Result<(), AppError> {
    for row in changes {
        let inverse = row.inverse.iter().flat_map(|inverse| &inverse.0);
        knowledge::note_history(tx, row.candidate_id, inverse.chain([&row.change.0])).await?;
    }
    Ok(())
}

/// The files of a folder and the pages of a site come in one after the other, and are one thing to whoever sent them: what the same member imported just
/// before, if nothing else has gone live in between.
async fn run_of(tx: &Tx<'_>, made: &Recorded, more: i64, now: Timestamp) -> Result<Option<candidate::Model>, AppError> {
    if made.origin != Origin::Import {
        return Ok(None);
    }
    let newest = tx.candidates(None, 1).await?.pop();
    Ok(newest.filter(|row| {
        row.origin == Origin::Import
            && row.state == CandidateState::Published
            && row.member_id == made.member_id
            && row.published_at.is_some_and(|at| now < at.plus_ms(RUN_GOES_ON_MS))
            && row.changes_count + more <= MOST_OF_A_RUN
    }))
}

async fn new_row(
    tx: &Tx<'_>,
    (id, title): (CandidateId, String),
    origin: Origin,
    member_id: Option<MemberId>,
    changes: usize,
    now: Timestamp,
) -> Result<candidate::Model, AppError> {
    Ok(candidate::Model {
        id,
        workspace_id: tx.workspace_id(),
        number: tx.newest_candidate_number().await? + 1,
        title,
        origin,
        state: CandidateState::Replaying,
        questions: Json(Vec::new()),
        changes_count: i64::try_from(changes).unwrap_or(i64::MAX),
        found: None,
        replayed_at: None,
        reason: None,
        member_id,
        created_at: now,
        published_by: None,
        published_at: None,
        ended_by: None,
        ended_at: None,
        end_reason: None,
    })
}

/// Something went live: what waits is tried once more, because it would change something else now.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn restart(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    for row in tx.candidates_in(CandidateState::Waiting).await? {
        let id = row.id;
        tx.update(candidate::Model {
            state: CandidateState::Replaying,
            ..row
        })
        .await?;
        tx.schedule(JobKind::Replay, id, now).await?;
    }
    for row in tx.candidates_in(CandidateState::Replaying).await? {
        tx.schedule(JobKind::Replay, row.id, now).await?;
    }
    Ok(())
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
    for row in rows.candidate_changes(id).await?.into_iter().take(SHOWN) {
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
    })
}

/// What a change says that only names it.
async fn about(rows: &Rows<'_>, change: &Change) -> Result<Option<(String, String)>, AppError> {
    Ok(match change {
        Change::RestoreAnswer { id } | Change::RetireAnswer { id } => {
            rows.verified_answer(*id).await?.map(|row| (row.question, row.answer))
        }
        Change::RemoveDocument { id } => rows.document_or_removed(*id).await?.map(|row| (row.title, row.body)),
        _ => None,
    })
}

async fn view(rows: &Rows<'_>, names: &mut Names, row: candidate::Model) -> Result<CandidateView, AppError> {
    let mut name = async |member: Option<MemberId>| -> Result<Option<String>, AppError> {
        match member {
            Some(member) => Ok(Some(names.of(rows, member).await?)),
            None => Ok(None),
        }
    };
    let found = row.found.map(|found| found.0);
    let in_words = match (row.state, &found) {
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

/// Takes a candidate off that is not live.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], a conflict if it is live or over; or the store's.
pub async fn withdraw(app: &App, caller: &Caller, id: CandidateId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let (actor, member, now) = (caller.actor(), caller.member().ok(), app.now());
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
                if !matches!(row.state, CandidateState::Replaying | CandidateState::Waiting) {
                    return Err(AppError::Conflict {
                        sentence: "it is live or over already; what is live can be taken back".to_owned(),
                        extra: json!({}),
                    });
                }
                tx.update(candidate::Model {
                    state: CandidateState::Withdrawn,
                    ended_by: member,
                    ended_at: Some(now),
                    ..row
                })
                .await?;
                tx.unschedule(JobKind::Replay, id).await?;
                gaps::settle(tx, id, GapState::Open).await?;
                let entry = LogDraft::new(EventKind::CandidateWithdrawn, actor).about("candidate", id);
                Ok::<_, AppError>(Written::Logged((), entry))
            })
        })
        .await
}

/// Tries a candidate once more.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], a conflict if it is over; or the store's.
pub async fn try_again(app: &App, caller: &Caller, id: CandidateId) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let now = app.now();
    app.store()
        .write(caller.workspace_id, move |tx| {
            Box::pin(async move {
                let row = tx.candidate(id).await?.ok_or(AppError::NotFound("the candidate"))?;
                match row.state {
                    CandidateState::Waiting => {
                        tx.update(candidate::Model {
                            state: CandidateState::Replaying,
                            ..row
                        })
                        .await?;
                    }
                    CandidateState::Replaying | CandidateState::Published => {}
                    _ => {
                        return Err(AppError::Conflict {
                            sentence: "it is over, or on its way; there is nothing to try".to_owned(),
                            extra: json!({}),
                        });
                    }
                }
                tx.schedule(JobKind::Replay, id, now).await?;
                Ok::<_, AppError>(Written::Unlogged(()))
            })
        })
        .await
}
