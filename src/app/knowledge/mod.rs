//! What the AI may answer from: importing it, finding in it, and the answers that people have verified.

mod change;
pub mod chunk;
mod compare;
mod conflicts;
mod documents;
pub mod evaluate;
mod expire;
mod find;
mod import;
mod index;
pub mod parse;
mod shelf;
mod sitemap;
mod tune;
mod tuned;
mod twice;
mod vectors;
mod verified;
mod view;
mod waiting;

pub use conflicts::confirm_answer;
pub use documents::{DocumentView, SourceView, document, documents, remove, sources};
pub use evaluate::Report;
pub use evaluate::curves::{Curves, Plan};
pub use expire::expired_documents;
pub use find::{Passage, search};
pub use import::{Change, ChangeKind, Import, ImportReport, SkippedRow, import, remove_source};
pub use sitemap::{NotImported, SitePage, SitePages, import_page, site_pages};
pub use tune::{RetrievalVersionView, retrieval_versions, tune};
pub use verified::{
    AnswerRulesInput, AnswerSourceView, ChangedAnswer, ConflictView, DecidedView, HistoryLine, NewVerifiedAnswer,
    VerifiedAnswerView, WhichAnswers, WholeAnswer, Written, add_verified_answer, answer_rules, answers_to_look_at,
    change_verified_answer, retire_verified_answer, set_answer_rules, verified_answer, verified_answers,
    verified_answers_of,
};

pub(super) use change::{Prepared, Source as ChangeOf, apply, check_changes, document_of, note_sources_anew, text_of};
pub(super) use conflicts::keep as look_for_conflicts;
pub(super) use expire::expire;
pub(super) use find::{Found, find_answer};
pub(super) use import::Turns;
pub(super) use index::{Indexes, changed};
pub(super) use parse::delimiter;
pub(super) use shelf::Shelf;
pub(super) use tuned::Tuned;
pub(super) use twice::{Compared, Side, compare};
pub(super) use vectors::embed_missing;
pub(super) use verified::{Remembered, check_second_person, in_conflict, note_history, title_of};
pub(super) use verified::{breaks, is_still_there};
pub(super) use view::View;

use super::{App, AppError, Caller};
use crate::domain::account::Scope;
use crate::engine::{EngineClient, EngineError};
use evaluate::curves;
use std::time::Duration;

/// Longest time for the embedding of one question; then words alone decide.
const QUESTION_DEADLINE: Duration = Duration::from_secs(5);
/// Longest time for one batch of embeddings in the background.
const BATCH_DEADLINE: Duration = Duration::from_mins(2);

struct ThroughEngine<'a>(&'a EngineClient);

impl evaluate::Embedder for ThroughEngine<'_> {
    type Error = EngineError;

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.0.embed(texts, BATCH_DEADLINE).await
    }
}

/// Measures retrieval on questions with known answers (`kb eval`).
///
/// # Errors
/// [`AppError::Engine`] without an embedder, [`AppError::Invalid`] for unusable data.
pub async fn evaluate(
    app: &App,
    documents: &[evaluate::Document],
    questions: &[evaluate::Question],
) -> Result<Report, AppError> {
    let engine = app.engine().ok_or_else(no_engine)?;
    evaluate::evaluate(&ThroughEngine(&engine.client), documents, questions, |done, all| {
        tracing::debug!(done, all, "embedding");
    })
    .await
    .map_err(refused)
}

/// Measures what verdicts would teach the retrieval tuner (`kb tune-eval`).
///
/// # Errors
/// As [`evaluate()`].
pub async fn tuning_curves(
    app: &App,
    documents: &[evaluate::Document],
    questions: &[evaluate::Question],
    plan: Plan,
) -> Result<Curves, AppError> {
    let engine = app.engine().ok_or_else(no_engine)?;
    let told = |done, all| tracing::debug!(done, all, "embedding");
    let embedded = curves::embed(&ThroughEngine(&engine.client), documents, questions, told).await;
    let embedded = embedded.map_err(refused)?;
    // Minutes of computing: not on a thread that serves visitors.
    tokio::task::spawn_blocking(move || curves::curves(&embedded, plan))
        .await
        .map_err(|ended| AppError::Internal(ended.to_string()))?
        .map_err(refused)
}

fn refused(error: evaluate::EvaluateError) -> AppError {
    match error {
        evaluate::EvaluateError::Embedder(why) => AppError::Engine(why),
        unusable => AppError::Invalid(unusable.to_string()),
    }
}

fn no_engine() -> AppError {
    AppError::Engine("no embedding model is configured".to_owned())
}

/// The collections that the workspace's documents stand in, by name.
///
/// # Errors
/// [`AppError::Forbidden`] or the store's.
pub async fn collections(app: &App, caller: &Caller) -> Result<Vec<String>, AppError> {
    caller.require(Scope::Read)?;
    Ok(app.store().rows(caller.workspace_id).collections().await?)
}
