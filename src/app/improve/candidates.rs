//! Making candidates, trying them once more, withdrawing them.

use super::guards::require_for;
use super::of_agents::made_from;
use super::show::{CandidateView, view};
use super::views::Names;
use super::{App, AppError, Caller, fitness, gaps, knowledge};
use crate::domain::account::Scope;
use crate::domain::ids::{CandidateId, MemberId};
use crate::domain::improve::candidate::{CandidateError, CandidateState, Change, MOST_CHANGES, Origin, check};
use crate::domain::improve::gap::GapState;
use crate::domain::log::EventKind;
use crate::domain::text::Name;
use crate::domain::time::Timestamp;
use crate::store::entity::{candidate, candidate_change};
use crate::store::{Change as Written, JobKind, Json, LogDraft, Tx};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// What a run brought is compared once nothing more has come for this long, in milliseconds.
const RUN_GOES_ON_MS: i64 = 30_000;
/// What waits is tried again this long after something went live, with all that goes live until then, in milliseconds.
const TRIED_AGAIN_MS: i64 = 30_000;
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
            CandidateError::FoundWorse => Self::Conflict {
                sentence,
                extra: json!({ "found_worse": true }),
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

/// Makes a candidate: it is tried in the background, and goes live when somebody publishes it.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Text`], [`AppError::Invalid`] for changes that cannot be one candidate; or the store's.
pub async fn propose(app: &App, caller: &Caller, new: NewCandidate) -> Result<CandidateView, AppError> {
    caller.require(Scope::Knowledge)?;
    if new.changes.iter().any(Change::is_for_owners) {
        caller.require(Scope::Admin)?;
    }
    let rows = app.store().rows(caller.workspace_id);
    let mut changes = new.changes;
    check(&changes)?;
    knowledge::check_changes(app, &rows, &changes).await?;
    let writers = made_from(&rows, &mut changes).await?;
    let title: String = Name::parse(&new.title)?.into();
    let changes = Arc::new(changes);
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
    for settings in writers {
        fitness::measure_writers(app, &settings).await?;
    }
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
    /// Why it was not tried first.
    pub(in crate::app) reason: Option<String>,
    /// The run of an import that it belongs to.
    pub(in crate::app) run: Option<String>,
    /// What was changed, and what takes each of it back.
    pub(in crate::app) changes: Vec<(Change, Vec<Change>)>,
}

/// Writes down what has just gone live in the same transaction. What it does to questions of the past is found out afterwards.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn record(tx: &Tx<'_>, made: Recorded, now: Timestamp) -> Result<(), AppError> {
    let more = i64::try_from(made.changes.len()).unwrap_or(i64::MAX);
    let run = run_of(tx, made.run.as_deref(), more).await?;
    let (id, from) = run.as_ref().map_or((made.id, 0), |row| (row.id, row.changes_count));
    match run {
        Some(row) => {
            let title = if row.title == made.title || row.title.ends_with(AND_MORE) {
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
                reason: made.reason,
                import_run: made.run,
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

/// The files of a folder and the pages of a site come in one after the other, and are one thing to whoever sent them: unless something else has gone
/// live in between, which would have to be taken back first.
async fn run_of(tx: &Tx<'_>, run: Option<&str>, more: i64) -> Result<Option<candidate::Model>, AppError> {
    let Some(run) = run else { return Ok(None) };
    let Some(row) = tx.candidate_of_run(run).await? else {
        return Ok(None);
    };
    let most = i64::try_from(MOST_CHANGES).unwrap_or(i64::MAX);
    let is_last = tx.last_publication().await?.is_some_and(|(id, _)| id == row.id);
    let goes_on = is_last && row.state == CandidateState::Published && row.changes_count + more <= most;
    Ok(goes_on.then_some(row))
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
        import_run: None,
    })
}

/// Something went live: what waits is tried once more, because it would change something else now. It goes on waiting meanwhile, and can be published:
/// the regression set is asked then.
///
/// # Errors
/// The store's.
pub(in crate::app) async fn restart(tx: &Tx<'_>, now: Timestamp) -> Result<(), AppError> {
    let at = now.plus_ms(TRIED_AGAIN_MS);
    for state in [CandidateState::Waiting, CandidateState::Replaying] {
        for row in tx.candidates_in(state).await? {
            tx.schedule_no_later(JobKind::Replay, row.id, at).await?;
        }
    }
    Ok(())
}

/// Nothing more is said of a candidate that is over.
///
/// # Errors
/// A conflict.
pub(super) fn is_over(state: CandidateState) -> Result<(), AppError> {
    if !state.is_over() {
        return Ok(());
    }
    Err(AppError::Conflict {
        sentence: "this change is over; what was said of it stays as it is".to_owned(),
        extra: json!({}),
    })
}

/// Takes a candidate off that is not live.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::NotFound`], a conflict if it is live or over; or the store's.
pub async fn withdraw(app: &App, caller: &Caller, id: CandidateId) -> Result<(), AppError> {
    withdraw_because(app, caller, id, None).await
}

/// The same, for something that people do not say by themselves.
///
/// # Errors
/// Those of [`withdraw`].
pub(in crate::app) async fn withdraw_because(
    app: &App,
    caller: &Caller,
    id: CandidateId,
    reason: Option<&'static str>,
) -> Result<(), AppError> {
    caller.require(Scope::Knowledge)?;
    let rows = app.store().rows(caller.workspace_id);
    require_for(caller, &rows.candidate_changes(id).await?)?;
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
                    end_reason: reason.map(str::to_owned),
                    ..row
                })
                .await?;
                tx.unschedule(JobKind::Replay, id).await?;
                tx.unschedule(JobKind::Write, id).await?;
                tx.replace_candidate_texts(id, &[]).await?;
                gaps::settle(tx, id, GapState::Open).await?;
                let mut entry = LogDraft::new(EventKind::CandidateWithdrawn, actor).about("candidate", id);
                if let Some(reason) = reason {
                    entry = entry.with("reason", reason);
                }
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
                // What the LLM could not be asked for, it is asked for once more.
                let mut texts = tx.candidate_texts(id).await?;
                texts.retain(|row| !row.is_given_up);
                tx.replace_candidate_texts(id, &texts).await?;
                tx.schedule(JobKind::Replay, id, now).await?;
                Ok::<_, AppError>(Written::Unlogged(()))
            })
        })
        .await
}
