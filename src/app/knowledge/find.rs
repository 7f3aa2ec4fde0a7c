//! Finding: by meaning while the engine is there, by words when it is not.

use super::index::{EntryId, Index, index, wordings};
use super::tuned::reorder;
use super::vectors::{Part, content_hash, floats};
use super::view::View;
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
use crate::domain::retrieval::{Ranked, RankedEntry, Ranking, RetrievalError};
use crate::domain::settings::AgentSettings;
use crate::engine::Priority;
use crate::stats::tuner::NEAREST;
use crate::store::entity::{document, verified_answer};
use crate::store::{Rows, StoreError};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

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

/// A piece of knowledge that can be found.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: EntryId,
    pub(super) kind: CandidateKind,
    pub(super) title: String,
    pub(super) body: String,
    /// Of its text; vectors of the same one belong to it.
    pub(super) content_hash: Vec<u8>,
    /// The question of a verified answer, where the title is another wording of it.
    pub(super) question: Option<String>,
}

impl Entry {
    /// A verified answer, once for each wording of its question.
    pub(super) fn of_answer(id: VerifiedAnswerId, question: &str, answer: &str, variants: &[String]) -> Vec<Self> {
        let entry = |(id, wording): (EntryId, &str)| Self {
            id,
            kind: CandidateKind::Verified,
            title: wording.to_owned(),
            body: answer.to_owned(),
            content_hash: content_hash(wording, answer),
            question: matches!(id, EntryId::Wording(..)).then(|| question.to_owned()),
        };
        wordings(id, question, variants).map(entry).collect()
    }

    /// The same of a row.
    pub(super) fn wordings(row: &verified_answer::Model) -> Vec<Self> {
        Self::of_answer(row.id, &row.question, &row.answer, &row.variants.0)
    }
}

impl From<document::Model> for Entry {
    fn from(row: document::Model) -> Self {
        Self {
            id: EntryId::Document(row.id),
            kind: match row.kind {
                DocumentKind::Faq => CandidateKind::Faq,
                DocumentKind::Section => CandidateKind::Section,
            },
            title: row.title,
            body: row.body,
            content_hash: row.content_hash,
            question: None,
        }
    }
}

/// What is near a question.
#[derive(Debug)]
pub(super) struct Shortlist {
    /// The nearest first, and then the verified answer to this very question if it is not among them.
    pub(super) entries: Vec<(Entry, RankedEntry)>,
    /// How they stand among all.
    pub(super) ranking: Ranking,
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
        Ok(near) => {
            let allowance = fitness::allowance(app, settings).await?;
            let by_meaning = |allowance| {
                let mut found = by_meaning(question, &near, allowance);
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

/// Ranked passages for a text, of one collection of documents where it is named; verified answers are found from every one.
///
/// # Errors
/// [`AppError::Forbidden`], [`AppError::Engine`] or the store's.
pub async fn search(
    app: &App,
    caller: &Caller,
    text: &str,
    collection: Option<&str>,
    limit: usize,
) -> Result<Vec<Passage>, AppError> {
    caller.require(Scope::Read)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let rows = app.store().rows(caller.workspace_id);
    let collections: Vec<String> = collection.map(str::to_owned).into_iter().collect();
    passages(app, &rows, text, &collections, limit, Priority::Live).await
}

/// The same for whatever asks in the background.
///
/// # Errors
/// [`AppError::Engine`] or the store's.
pub(super) async fn passages(
    app: &App,
    rows: &Rows<'_>,
    text: &str,
    collections: &[String],
    limit: usize,
    priority: Priority,
) -> Result<Vec<Passage>, AppError> {
    let near = match ranked(app, rows, text, collections, priority).await {
        Ok(found) => found,
        Err(Unranked::Engine(_, why)) if priority == Priority::Evaluation => return Err(AppError::Engine(why)),
        Err(Unranked::Engine(..)) => {
            let mut found = rows.documents_with_words(text, limit as u64).await?;
            found.retain(|row| collections.is_empty() || collections.contains(&row.collection));
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
    let passages = near.entries.iter().take(limit).map(|(entry, ranked)| {
        let source = source(entry, ranked.score, Vec::new());
        let (document_id, verified_answer_id) = (source.document_id, source.verified_answer_id);
        Passage {
            document_id,
            verified_answer_id,
            title: source.title,
            text: source.text,
            score: source.score,
        }
    });
    Ok(passages.collect())
}

/// Why nothing could be ranked by meaning.
pub(super) enum Unranked {
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
) -> Result<Shortlist, Unranked> {
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
    let all = whole_index(app, rows, &engine.embedder).await?;
    let live = Arc::<View>::default();
    near(
        app,
        rows,
        (&all, &live),
        (question, vector),
        collections,
        &engine.embedder,
    )
    .await
}

/// The index, if all knowledge has been read.
pub(super) async fn whole_index(app: &App, rows: &Rows<'_>, embedder: &str) -> Result<Arc<Index>, AppError> {
    let all = index(app, rows, embedder).await?;
    if all.is_empty() && rows.document_count().await? > 0 {
        // Just imported: until a job has made the vectors, words must do.
        return Err(AppError::Engine("it has not read the knowledge yet".to_owned()));
    }
    Ok(all)
}

/// What is near a question in a view of the knowledge.
pub(super) async fn near(
    app: &App,
    rows: &Rows<'_>,
    (all, view): (&Arc<Index>, &Arc<View>),
    (question, vector): (&str, Vec<f32>),
    collections: &[String],
    embedder: &str,
) -> Result<Shortlist, Unranked> {
    let failed = |error: RetrievalError| AppError::Engine(error.to_string());
    let (index, of_view, collections) = (all.clone(), view.clone(), collections.to_vec());
    let adapter = view.adapter(app, rows, embedder).await?;
    // Over a hundred thousand entries it takes a while; visitors' messages do not wait for it.
    let ranked = tokio::task::spawn_blocking(move || {
        let keep = if adapter.is_some() { NEAREST } else { KEEP };
        let mut ranking = index.rank(&of_view, &vector, &collections, keep);
        if let (Some(adapter), Ok(found)) = (adapter, &mut ranking) {
            *found = reorder(&adapter, (&index, &of_view), &vector, std::mem::take(found));
            found.entries.truncate(KEEP);
        }
        (vector, ranking)
    });
    let (vector, ranking) = ranked.await.map_err(|error| AppError::Internal(error.to_string()))?;
    shortlist(
        rows,
        (all, view),
        (question, &vector),
        ranking.map_err(failed)?,
        embedder,
    )
    .await
}

/// Reads the texts of the nearest entries. What was removed or changed since the index was read is left out.
async fn shortlist(
    rows: &Rows<'_>,
    (all, view): (&Index, &View),
    (question, vector): (&str, &[f32]),
    ranking: Ranking,
    embedder: &str,
) -> Result<Shortlist, Unranked> {
    let near = ranking.entries.iter().map(|ranked| {
        (
            all.id(ranked.index).ok_or(ranked.index.saturating_sub(all.len())),
            *ranked,
        )
    });
    let near: Vec<(Result<EntryId, usize>, Ranked)> = near.collect();
    let own = all.own(question).filter(|own| !view.hides(own.uuid()));
    // A verified answer that is asked for word for word is looked at wherever the embedder puts it.
    let own = own.filter(|own| near.iter().all(|(id, _)| id.as_ref() != Ok(own)));
    let ids: Vec<EntryId> = near.iter().filter_map(|(id, _)| id.ok()).chain(own).collect();
    let mut texts = texts_of(rows, &ids).await?;
    let owners: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let parts = rows.vectors_of(&owners, embedder).await?;
    let part = |entry: &Entry, name: &str| -> Option<Vec<f32>> {
        let mut of_entry = parts
            .iter()
            .filter(|row| row.owner_id == entry.id.uuid() && row.part == name);
        let row = of_entry.find(|row| row.content_hash == entry.content_hash)?;
        Some(floats(&row.vector).collect())
    };
    let mut entries = Vec::with_capacity(ids.len());
    let mut seen_added = HashSet::new();
    for (id, ranked) in near {
        let id = match id {
            Ok(id) => id,
            Err(index) => {
                if let Some(added) = view.added().get(index)
                    && let Some(body) = added.vectors.part(Part::BODY)
                {
                    seen_added.insert(added.entry.id);
                    let beside = ranked.beside(vector, added.vectors.part(Part::TITLE), body);
                    entries.push((added.entry.clone(), beside));
                }
                continue;
            }
        };
        let Some(entry) = texts.remove(&id) else { continue };
        if let Some(body) = part(&entry, Part::BODY) {
            let title = part(&entry, Part::TITLE);
            let beside = ranked.beside(vector, title.as_deref(), &body);
            entries.push((entry, beside));
        }
    }
    let own = own
        .and_then(|own| texts.remove(&own))
        .filter(|entry| is_own(question, entry));
    let own = match view.own(question) {
        Some(added) => (!seen_added.contains(&added.entry.id)).then(|| added.entry.clone()),
        None => own,
    };
    entries.extend(own.map(|entry| (entry, unranked())));
    Ok(Shortlist { entries, ranking })
}

/// The texts of entries that are there.
async fn texts_of(rows: &Rows<'_>, ids: &[EntryId]) -> Result<HashMap<EntryId, Entry>, StoreError> {
    let (mut documents, mut answers) = (Vec::new(), Vec::new());
    for id in ids {
        match id {
            EntryId::Document(id) => documents.push(*id),
            EntryId::VerifiedAnswer(id) | EntryId::Wording(id, _) => answers.push(*id),
        }
    }
    answers.sort_unstable();
    answers.dedup();
    let mut texts = HashMap::with_capacity(ids.len());
    if !documents.is_empty() {
        let found = rows.documents_of(&documents).await?;
        texts.extend(found.into_iter().map(|row| (EntryId::Document(row.id), row.into())));
    }
    if !answers.is_empty() {
        let found = rows.verified_answers_of(&answers).await?;
        let found = found.iter().flat_map(Entry::wordings);
        texts.extend(found.map(|entry| (entry.id, entry)));
    }
    Ok(texts)
}

/// The answer to a question from what is near it.
pub(super) fn by_meaning(question: &str, near: &Shortlist, allowance: Allowance) -> Found {
    let found: Vec<(&Entry, Candidate<'_>)> = near
        .entries
        .iter()
        .map(|(entry, ranked)| {
            let candidate = Candidate {
                kind: entry.kind,
                title: &entry.title,
                body: &entry.body,
                ranked: *ranked,
                sentence_similarities: None,
            };
            (entry, candidate)
        })
        .collect();
    let candidates: Vec<Candidate<'_>> = found.iter().map(|(_, candidate)| *candidate).collect();
    let chosen = |modes| choose(question, &near.ranking, &candidates, modes, &Thresholds::default());
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
const fn unranked() -> RankedEntry {
    RankedEntry {
        index: usize::MAX,
        score: 0.0,
        title_similarity: None,
        body_similarity: 0.0,
    }
}

fn source(entry: &Entry, score: f64, quoted: Vec<(usize, usize)>) -> Source {
    let document_id = match entry.id {
        EntryId::Document(id) => Some(id),
        EntryId::VerifiedAnswer(_) | EntryId::Wording(..) => None,
    };
    Source {
        document_id,
        verified_answer_id: entry.id.answer(),
        title: entry.question.as_ref().unwrap_or(&entry.title).clone(),
        text: entry.body.clone(),
        score,
        quoted,
    }
}

fn word_for_word(own: &Entry, trouble: EngineTrouble) -> Found {
    let signals = Signals {
        mode: AnswerMode::Verified,
        overlap: 1.0,
        ..Signals::default()
    };
    Found {
        choice: Choice {
            mode: AnswerMode::Verified,
            text: own.body.clone(),
            sources: Vec::new(),
            signals,
        },
        sources: vec![source(own, 1.0, Vec::new())],
        trouble: Some(trouble),
        without_llm: None,
    }
}

/// Without an engine: what was verified for this very question answers it; otherwise the document that has most of its words is quoted, if it has
/// enough of them.
async fn by_words(
    rows: &Rows<'_>,
    question: &str,
    settings: &AgentSettings,
    trouble: EngineTrouble,
) -> Result<Found, AppError> {
    if settings.modes.contains(&AnswerMode::Verified) {
        let verified = rows.verified_answers().await?;
        let mut verified = verified.iter().flat_map(Entry::wordings);
        if let Some(own) = verified.find(|entry| is_own(question, entry)) {
            return Ok(word_for_word(&own, trouble));
        }
    }
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
