//! Knowledge that lies in memory only, ranked and chosen from exactly as a workspace's is: what models are measured with.

use super::BATCH_DEADLINE;
use super::find::{Entry, KEEP, Shortlist, by_meaning};
use super::index::EntryId;
use crate::domain::answer::{CandidateKind, Choice};
use crate::domain::fitness::Allowance;
use crate::domain::ids::DocumentId;
use crate::domain::retrieval::{EntryVectors, RetrievalError, joined, rank, ranking_vector};
use crate::engine::{EngineClient, EngineError};
use uuid::Uuid;

/// Entries with their vectors, in the same order.
#[derive(Debug)]
pub(crate) struct Shelf {
    entries: Vec<Entry>,
    vectors: Vec<EntryVectors>,
}

/// What of a shelf is near a question.
pub(crate) struct Near(Shortlist);

impl Near {
    /// The place of the nearest.
    pub(crate) fn first(&self) -> Option<usize> {
        self.0.ranking.entries.first().map(|entry| entry.index)
    }

    /// How far it rises above its surroundings.
    pub(crate) fn stand_out(&self) -> f64 {
        self.0.ranking.stand_out
    }
}

impl Shelf {
    /// Embeds entries (title and body) with the engine.
    pub(crate) async fn embed(
        client: &EngineClient,
        kind: CandidateKind,
        entries: &[(&str, &str)],
    ) -> Result<Self, EngineError> {
        let texts: Vec<String> = entries
            .iter()
            .flat_map(|(title, body)| [joined(title, body), (*title).to_owned(), (*body).to_owned()])
            .collect();
        let vectors = client.embed(&texts, BATCH_DEADLINE).await?;
        let (parts, _) = vectors.as_chunks::<3>();
        let vectors = parts.iter().map(|[whole, title, body]| EntryVectors {
            ranking: ranking_vector(whole, body),
            title: Some(title.clone()),
            body: body.clone(),
        });
        let places = 0_u128..;
        let entries = entries.iter().zip(places).map(|((title, body), place)| Entry {
            id: EntryId::Document(DocumentId::from(Uuid::from_u128(place))),
            kind,
            title: (*title).to_owned(),
            body: (*body).to_owned(),
            content_hash: Vec::new(),
            question: None,
        });
        Ok(Self {
            entries: entries.collect(),
            vectors: vectors.collect(),
        })
    }

    /// The vectors of questions, in order.
    pub(crate) async fn questions(client: &EngineClient, questions: &[String]) -> Result<Vec<Vec<f32>>, EngineError> {
        client.embed(questions, BATCH_DEADLINE).await
    }

    /// The nearest entries of a question.
    pub(crate) fn near(&self, vector: &[f32]) -> Result<Near, RetrievalError> {
        let ranking = rank(vector, &self.vectors, KEEP)?;
        let entries = ranking.entries.iter().filter_map(|ranked| {
            let (entry, vectors) = (self.entries.get(ranked.index)?, self.vectors.get(ranked.index)?);
            let beside = ranked.beside(vector, vectors.title.as_deref(), &vectors.body);
            Some((entry.clone(), beside))
        });
        let entries = entries.collect();
        Ok(Near(Shortlist { entries, ranking }))
    }

    /// How the question would be answered; its sources are places among the entries.
    pub(crate) fn choice(question: &str, near: &Near, allowance: Allowance) -> (Choice, Vec<usize>) {
        let found = by_meaning(question, &near.0, allowance);
        let place = |source: &crate::domain::draft::Source| {
            let id = source.document_id?;
            usize::try_from(id.uuid().as_u128()).ok()
        };
        let places = found.sources.iter().filter_map(place).collect();
        (found.choice, places)
    }
}
