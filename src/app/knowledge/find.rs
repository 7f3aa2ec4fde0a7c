//! Finding: by meaning while the engine is there, by words when it is not.

use super::index::{Entry, EntryId, Index, index};
use super::{BATCH_DEADLINE, QUESTION_DEADLINE, no_engine};
use crate::app::error::trouble_of;
use crate::app::{App, AppError, Caller, fitness};
use crate::domain::account::Scope;
use crate::domain::answer::{
    AnswerMode, Candidate, CandidateKind, Choice, Signals, Thresholds, choose, overlap, same_words,
};
use crate::domain::draft::Source;
use crate::domain::fitness::Allowance;
use crate::domain::ids::{DocumentId, VerifiedAnswerId};
use crate::domain::knowledge::DocumentKind;
use crate::domain::policy::EngineTrouble;
use crate::domain::retrieval::{EntryVectors, RankedEntry, Ranking, RetrievalError, rank};
use crate::domain::settings::AgentSettings;
use crate::engine::Priority;
use crate::store::{Rows, StoreError};
use serde::Serialize;
use std::sync::Arc;

/// Candidates that are looked at.
pub(super) const KEEP: usize = 8;
/// Share of the question's content words that a passage must have before it is quoted without an engine.
const WORDS_ENOUGH: f64 = 0.6;

/// How a question is to be answered, with its sources.
#[derive(Debug)]
pub(crate) struct Found {
    /// The mode, and the text unless it is still to be written.
    pub(crate) choice: Choice,
    /// What it rests on.
    pub(crate) sources: Vec<Source>,
    /// What the engine could not do, so that words alone decided.
    pub(crate) trouble: Option<EngineTrouble>,
    /// How it is answered if the LLM cannot write what was left to it.
    pub(crate) without_llm: Option<Box<Self>>,
}

/// A ranked passage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Passage {
    /// The document, unless it is a verified answer.
    pub document_id: Option<DocumentId>,
    /// The verified answer, if it is one.
    pub verified_answer_id: Option<VerifiedAnswerId>,
    /// Title or question.
    pub title: String,
    /// Text or answer.
    pub text: String,
    /// Ranking score.
    pub score: f64,
}

/// Finds an answer to a visitor's question.
pub(crate) async fn find_answer(
    app: &App,
    rows: &Rows<'_>,
    question: &str,
    settings: &AgentSettings,
    priority: Priority,
) -> Result<Found, AppError> {
    match ranked(app, rows, question, &settings.collections, priority).await {
        Ok((index, ranking)) => {
            let allowance = fitness::allowance(app, settings).await?;
            let by_meaning = |allowance| {
                let mut found = by_meaning(question, &index, &ranking, allowance);
                found.choice.signals.embedder = app.engine().map(|engine| engine.embedder.clone());
                found
            };
            let found = by_meaning(allowance);
            let without_llm =
                (found.choice.mode == AnswerMode::Compose).then(|| Box::new(by_meaning(allowance.without_llm())));
            Ok(Found { without_llm, ..found })
        }
        Err(Unranked::Engine(trouble, why)) => {
            tracing::warn!("the engine is missing ({why}); looking for words instead");
            by_words(rows, question, settings, trouble).await
        }
        Err(Unranked::Other(error)) => Err(error),
    }
}

/// Ranked passages for a text.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Engine`] or the store's.
pub async fn search(app: &App, caller: &Caller, text: &str, limit: usize) -> Result<Vec<Passage>, AppError> {
    caller.require(Scope::Read)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let rows = app.store().rows(caller.workspace_id);
    let (index, ranking) = match ranked(app, &rows, text, &[], Priority::Live).await {
        Ok(found) => found,
        Err(Unranked::Engine(..)) => {
            let found = rows.documents_with_words(text, limit as u64).await?;
            let passages = found.into_iter().map(|row| Passage {
                document_id: Some(row.id),
                verified_answer_id: None,
                score: overlap(text, &format!("{} {}", row.title, row.body)),
                title: row.title,
                text: row.body,
            });
            return Ok(passages.collect());
        }
        Err(Unranked::Other(error)) => return Err(error),
    };
    let passages = ranking.entries.iter().take(limit).filter_map(|ranked| {
        let entry = index.entries.get(ranked.index)?;
        let source = source(entry, ranked.score, Vec::new());
        let (document_id, verified_answer_id) = (source.document_id, source.verified_answer_id);
        Some(Passage {
            document_id,
            verified_answer_id,
            title: source.title,
            text: source.text,
            score: source.score,
        })
    });
    Ok(passages.collect())
}

/// Why nothing could be ranked by meaning.
enum Unranked {
    Engine(EngineTrouble, String),
    Other(AppError),
}

impl From<AppError> for Unranked {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Engine(why) => Self::Engine(EngineTrouble::Unavailable, why),
            other => Self::Other(other),
        }
    }
}

impl From<StoreError> for Unranked {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

async fn ranked(
    app: &App,
    rows: &Rows<'_>,
    question: &str,
    collections: &[String],
    priority: Priority,
) -> Result<(Arc<Index>, Ranking), Unranked> {
    let engine = app.engine().ok_or_else(no_engine)?;
    let deadline = match priority {
        Priority::Live | Priority::Copilot => QUESTION_DEADLINE,
        Priority::Evaluation => BATCH_DEADLINE,
    };
    let mut vectors = engine
        .client
        .at_priority(priority)
        .sharing(&rows.workspace_id().to_string())
        .embed(&[question.to_owned()], deadline)
        .await
        .map_err(|error| Unranked::Engine(trouble_of(&error), error.to_string()))?;
    let vector = vectors
        .pop()
        .ok_or_else(|| AppError::Engine("it answered with no vector".to_owned()))?;
    let all = index(app, rows, &engine.embedder).await?;
    if all.entries.is_empty() && rows.document_count().await? > 0 {
        // Just imported: until a job has made the vectors, words must do.
        return Err(AppError::Engine("it has not read the knowledge yet".to_owned()).into());
    }
    let failed = |error: RetrievalError| AppError::Engine(error.to_string());
    if collections.is_empty() {
        let ranking = rank(&vector, &all.vectors, KEEP).map_err(failed)?;
        return Ok((all, ranking));
    }
    let belongs = |entry: &Entry| entry.kind == CandidateKind::Verified || collections.contains(&entry.collection);
    let (places, vectors): (Vec<usize>, Vec<&EntryVectors>) = all
        .entries
        .iter()
        .zip(&all.vectors)
        .enumerate()
        .filter(|(_, (entry, _))| belongs(entry))
        .map(|(place, (_, vectors))| (place, vectors))
        .unzip();
    let mut ranking = rank(&vector, &vectors, KEEP).map_err(failed)?;
    for ranked in &mut ranking.entries {
        ranked.index = places.get(ranked.index).copied().unwrap_or(usize::MAX);
    }
    Ok((all, ranking))
}

/// The answer to a question from what was ranked.
pub(super) fn by_meaning(question: &str, index: &Index, ranking: &Ranking, allowance: Allowance) -> Found {
    let own = index.entries.iter().position(|entry| is_own(question, entry));
    // A verified answer that is asked for word for word is looked at wherever the embedder puts it.
    let own = own.filter(|at| !ranking.entries.iter().any(|ranked| ranked.index == *at));
    let ranked = ranking.entries.iter().copied().chain(own.map(unranked));
    let found: Vec<(&Entry, Candidate<'_>)> = ranked
        .filter_map(|ranked| {
            let entry = index.entries.get(ranked.index)?;
            let candidate = Candidate {
                kind: entry.kind,
                title: &entry.title,
                body: &entry.body,
                ranked,
                sentence_similarities: None,
            };
            Some((entry, candidate))
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = found.iter().map(|(_, candidate)| *candidate).collect();
    let chosen = |modes| choose(question, ranking, &candidates, modes, &Thresholds::default());
    let mut choice = chosen(allowance.modes);
    let first = choice.sources.first().and_then(|chosen| found.get(chosen.candidate));
    let word_for_word = first.is_some_and(|(entry, _)| is_own(question, entry));
    choice.signals.unfit = allowance.is_unfit(choice.mode, word_for_word);
    choice.signals.probabilities_tell = allowance.probabilities_tell;
    if choice.mode == AnswerMode::Abstain && allowance.modes != allowance.wanted {
        // The knowledge may answer it; what is missing is a model that is fit to say so.
        choice.signals.unfit = chosen(allowance.wanted).mode != AnswerMode::Abstain;
    }
    let sources = choice
        .sources
        .iter()
        .filter_map(|chosen| {
            let (entry, candidate) = found.get(chosen.candidate)?;
            Some(source(entry, candidate.ranked.score, chosen.quoted.clone()))
        })
        .collect();
    Found {
        choice,
        sources,
        trouble: None,
        without_llm: None,
    }
}

/// Is this the verified answer to this very question?
fn is_own(question: &str, entry: &Entry) -> bool {
    entry.kind == CandidateKind::Verified && same_words(question, &entry.title)
}

/// An entry that the ranking does not have.
const fn unranked(index: usize) -> RankedEntry {
    RankedEntry {
        index,
        score: 0.0,
        title_similarity: None,
        body_similarity: 0.0,
    }
}

fn source(entry: &Entry, score: f64, quoted: Vec<(usize, usize)>) -> Source {
    let (document_id, verified_answer_id) = match entry.id {
        EntryId::Document(id) => (Some(id), None),
        EntryId::VerifiedAnswer(id) => (None, Some(id)),
    };
    Source {
        document_id,
        verified_answer_id,
        title: entry.title.clone(),
        text: entry.body.clone(),
        score,
        quoted,
    }
}

/// Without an engine: the document that has most of the question's words is quoted, if it has enough of them.
async fn by_words(
    rows: &Rows<'_>,
    question: &str,
    settings: &AgentSettings,
    trouble: EngineTrouble,
) -> Result<Found, AppError> {
    let mut found = rows.documents_with_words(question, KEEP as u64).await?;
    found.retain(|row| settings.collections.is_empty() || settings.collections.contains(&row.collection));
    let sources: Vec<Source> = found
        .iter()
        .map(|row| Source {
            document_id: Some(row.id),
            verified_answer_id: None,
            title: row.title.clone(),
            text: row.body.clone(),
            score: overlap(question, &format!("{} {}", row.title, row.body)),
            quoted: Vec::new(),
        })
        .collect();
    let best = found.first().zip(sources.first()).filter(|(row, source)| {
        row.kind == DocumentKind::Faq && source.score >= WORDS_ENOUGH && settings.modes.contains(&AnswerMode::Quote)
    });
    let (mode, text, score) = match best {
        Some((row, source)) => (AnswerMode::Quote, row.body.clone(), source.score),
        None => (
            AnswerMode::Abstain,
            String::new(),
            sources.first().map_or(0.0, |source| source.score),
        ),
    };
    let signals = Signals {
        mode,
        overlap: score,
        ..Signals::default()
    };
    let choice = Choice {
        mode,
        text,
        sources: Vec::new(),
        signals,
    };
    let kept = if mode == AnswerMode::Quote { 1 } else { 3 };
    Ok(Found {
        choice,
        sources: sources.into_iter().take(kept).collect(),
        trouble: Some(trouble),
        without_llm: None,
    })
}
