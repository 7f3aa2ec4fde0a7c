//! Tuning the ranking of a workspace from its own verdicts (`holdpoint tune`).
//!
//! What is made is a *candidate*: kept with what it was measured to do, and ranking nothing. It learns from three
//! quarters of the conversations and is judged on the last one.

mod learn;

use super::index::{EntryId, Index, index};
use super::view::View;
use super::{App, AppError, BATCH_DEADLINE, no_engine};
use crate::app::Caller;
use crate::app::views::Names;
use crate::domain::account::Scope;
use crate::domain::answer::AnswerMode;
use crate::domain::ids::{AgentVersionId, ConversationId, DraftId, OutcomeId, RetrievalVersionId};
use crate::domain::log::EventKind;
use crate::domain::time::Timestamp;
use crate::domain::tuning::{Figures, RetrievalState, Told, told};
use crate::engine::Priority;
use crate::stats::tuner::{Adapter, Judged, MOST, NEAREST, TunerError};
use crate::store::entity::{draft, evidence, retrieval_version, verdict};
use crate::store::{Change, Json, LogDraft, RetrievalVersionRow, Rows};
use learn::{Lesson, Shelf, learn};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::collections::hash_map::Entry::Vacant;
use uuid::Uuid;

/// Verdicts needed to begin: what is kept for judging leaves enough to learn from.
const ENOUGH: usize = 40;
/// Texts embedded at a time.
const BATCH: usize = 64;
/// Versions listed.
const LISTED: u64 = 100;

/// A version of the tuned ranking, as people read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetrievalVersionView {
    /// Its id.
    pub id: RetrievalVersionId,
    /// Counted from 1.
    pub number: i64,
    /// `candidate` ranks nothing yet.
    pub state: RetrievalState,
    /// The embedder whose vectors it fits.
    pub embedder: String,
    /// Why it cannot be used with the embedding model in use, if it cannot.
    pub unfit: Option<String>,
    /// SHA-256 of what it weighs, hexadecimal.
    pub hash: String,
    /// What it was measured to do.
    pub figures: Figures,
    /// Who had it made.
    pub author: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

impl From<TunerError> for AppError {
    fn from(error: TunerError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Learns a version from the workspace's verdicts in the queue, judges it and keeps it as a candidate. It changes no
/// answer: whoever reads its figures decides about that.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Engine`] without an embedder, [`AppError::Invalid`] for too few verdicts, or the
/// store's.
pub async fn tune(app: &App, caller: &Caller) -> Result<RetrievalVersionView, AppError> {
    caller.require(Scope::Knowledge)?;
    let embedder = app.engine().ok_or_else(no_engine)?.embedder.clone();
    // It takes a core for minutes.
    let Ok(_learning) = app.inner.tuning.try_lock() else {
        return Err(AppError::Conflict {
            sentence: "the ranking is learning already; wait until that is done".to_owned(),
            extra: json!({}),
        });
    };
    let rows = app.store().rows(caller.workspace_id);
    let index = index(app, &rows, &embedder).await?;
    let lessons = lessons(app, &rows, &index).await?;
    if lessons.len() < ENOUGH {
        return Err(AppError::Invalid(format!(
            "only {} verdicts tell which passage is right or wrong for a question, and {ENOUGH} are needed; judge more drafts in the queue",
            lessons.len()
        )));
    }
    let name = embedder.clone();
    let made = tokio::task::spawn_blocking(move || {
        let (shelf, lessons) = Shelf::of(index.each(), lessons);
        learn(&name, &shelf, &lessons)
    });
    let (adapter, figures) = made.await.map_err(|ended| AppError::Internal(ended.to_string()))??;
    keep(app, caller, &adapter, figures).await
}

/// Writes a version down.
async fn keep(
    app: &App,
    caller: &Caller,
    adapter: &Adapter,
    figures: Figures,
) -> Result<RetrievalVersionView, AppError> {
    let dimensions = i64::try_from(adapter.dimensions()).map_err(|error| AppError::Internal(error.to_string()))?;
    let made = retrieval_version::Model {
        id: RetrievalVersionId::new(&*app.sources().ids),
        workspace_id: caller.workspace_id,
        number: 0,
        state: RetrievalState::Candidate,
        embedder: adapter.embedder().to_owned(),
        dimensions,
        adapter: adapter.to_bytes(),
        adapter_hash: adapter.hash().to_vec(),
        figures: Json(figures),
        member_id: caller.member().ok(),
        created_at: app.now(),
    };
    let actor = caller.actor();
    let row = app
        .store()
        .write(caller.workspace_id, move |tx| {
            let made = made.clone();
            Box::pin(async move {
                let row = retrieval_version::Model {
                    number: tx.newest_retrieval_number().await? + 1,
                    ..made
                };
                tx.insert(row.clone()).await?;
                let entry = LogDraft::new(EventKind::RetrievalTuned, actor).about("retrieval_version", row.id);
                Ok::<_, AppError>(Change::Logged(row, entry))
            })
        })
        .await?;
    let row = RetrievalVersionRow {
        id: row.id,
        workspace_id: row.workspace_id,
        number: row.number,
        state: row.state,
        embedder: row.embedder,
        dimensions: row.dimensions,
        adapter_hash: row.adapter_hash,
        figures: row.figures,
        member_id: row.member_id,
        created_at: row.created_at,
    };
    view(app, &app.store().rows(caller.workspace_id), &mut Names::default(), row).await
}

/// The versions of a workspace, the newest first.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn retrieval_versions(app: &App, caller: &Caller) -> Result<Vec<RetrievalVersionView>, AppError> {
    caller.require(Scope::Read)?;
    let rows = app.store().rows(caller.workspace_id);
    let mut names = Names::default();
    let mut views = Vec::new();
    for row in rows.retrieval_versions(LISTED).await? {
        views.push(view(app, &rows, &mut names, row).await?);
    }
    Ok(views)
}

async fn view(
    app: &App,
    rows: &Rows<'_>,
    names: &mut Names,
    row: RetrievalVersionRow,
) -> Result<RetrievalVersionView, AppError> {
    let author = match row.member_id {
        Some(member) => Some(names.of(rows, member).await?),
        None => None,
    };
    let unfit = app
        .engine()
        .filter(|engine| engine.embedder != row.embedder)
        .map(|engine| {
            let (embedder, in_use) = (&row.embedder, &engine.embedder);
            format!("it was trained over the embedder {embedder:?}, the one in use is {in_use:?}; tune again")
        });
    Ok(RetrievalVersionView {
        id: row.id,
        number: row.number,
        state: row.state,
        unfit,
        embedder: row.embedder,
        hash: row.adapter_hash.iter().map(|byte| format!("{byte:02x}")).collect(),
        figures: row.figures.0,
        author,
        created_at: row.created_at,
    })
}

/// What a verdict says, before its question is embedded: the conversation, the draft, the positions of the entry that was
/// shown and of the right one.
struct Said<'d> {
    conversation: ConversationId,
    draft: &'d draft::Model,
    shown: usize,
    judged: Judged,
}

/// What the workspace's verdicts in the queue teach: of each draft that rests on one entry, its question, that entry and
/// what was said of it. An entry that is gone since teaches nothing.
async fn lessons(app: &App, rows: &Rows<'_>, index: &Index) -> Result<Vec<Lesson>, AppError> {
    let judged = rows.judged_in_the_queue(MOST as u64).await?;
    let ids: Vec<DraftId> = judged.iter().map(|row| row.draft_id).collect();
    let drafts = rows.drafts_of(&ids).await?;
    let drafts: HashMap<DraftId, draft::Model> = drafts.into_iter().map(|row| (row.id, row)).collect();
    let verdicts = rows.verdicts_of(&ids).await?;
    let verdicts: HashMap<DraftId, verdict::Model> = verdicts.into_iter().map(|row| (row.draft_id, row)).collect();
    let remembered = rows.verified_answers().await?.into_iter();
    let remembered: HashMap<OutcomeId, Uuid> = remembered
        .filter_map(|row| Some((row.outcome_id?, row.id.uuid())))
        .collect();
    let places: HashMap<Uuid, usize> = index.each().enumerate().map(|(at, (id, _))| (id, at)).collect();
    let said = |row: &evidence::Model| {
        let (draft, verdict) = (drafts.get(&row.draft_id)?, verdicts.get(&row.draft_id)?);
        let corrected = remembered.get(&verdict.outcome_id).and_then(|id| places.get(id));
        Some(Said {
            conversation: row.conversation_id,
            shown: *places.get(&shown(draft)?)?,
            judged: match (told(verdict.label, &verdict.reasons.0)?, corrected) {
                (Told::Right, _) => Judged::Right,
                (Told::Wrong, Some(right)) => Judged::Corrected(*right),
                (Told::Wrong, None) => Judged::Wrong,
            },
            draft,
        })
    };
    let said: Vec<Said<'_>> = judged.iter().filter_map(said).collect();

    let questions: Vec<String> = said.iter().map(|it| it.draft.question.clone()).collect();
    let vectors = embedded(app, rows, &questions).await?;
    let mut reach: HashMap<AgentVersionId, Vec<String>> = HashMap::new();
    let mut lessons = Vec::with_capacity(said.len());
    for (it, question) in said.into_iter().zip(vectors) {
        let version = it.draft.agent_version_id;
        if let Vacant(unknown) = reach.entry(version) {
            let settings = rows.agent_version(version).await?.map(|row| row.settings.0);
            unknown.insert(settings.map(|settings| settings.collections).unwrap_or_default());
        }
        let collections = reach.get(&version).map(Vec::as_slice).unwrap_or_default();
        let near = index.rank(&View::default(), &question, collections, NEAREST);
        let near = near.map_err(|error| AppError::Engine(error.to_string()))?;
        lessons.push(Lesson {
            group: it.conversation.to_string(),
            among: near.entries.iter().map(|ranked| ranked.index).collect(),
            conversation: it.conversation,
            question,
            shown: it.shown,
            judged: it.judged,
        });
    }
    Ok(lessons)
}

/// The entry that a draft rests on, if it is one.
fn shown(draft: &draft::Model) -> Option<Uuid> {
    match (draft.mode, draft.sources.0.as_slice()) {
        (AnswerMode::Verified | AnswerMode::Quote, [first, ..]) | (AnswerMode::Compose, [first]) => {
            let verified = first.verified_answer_id.map(EntryId::VerifiedAnswer);
            Some(verified.or(first.document_id.map(EntryId::Document))?.uuid())
        }
        _ => None,
    }
}

async fn embedded(app: &App, rows: &Rows<'_>, texts: &[String]) -> Result<Vec<Vec<f32>>, AppError> {
    let engine = app.engine().ok_or_else(no_engine)?;
    let mut vectors = Vec::with_capacity(texts.len());
    for batch in texts.chunks(BATCH) {
        let client = engine.client.at_priority(Priority::Evaluation);
        let made = client
            .sharing(&rows.workspace_id().to_string())
            .embed(batch, BATCH_DEADLINE)
            .await;
        vectors.extend(made.map_err(|error| AppError::Engine(error.to_string()))?);
    }
    Ok(vectors)
}
