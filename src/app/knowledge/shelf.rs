//! Knowledge that lies in memory only, ranked and chosen from exactly as a workspace's is: what models are measured with.

use super::BATCH_DEADLINE;
use super::find::{KEEP, by_meaning};
use super::index::{Entry, EntryId, Index};
use crate::domain::answer::{CandidateKind, Choice};
use crate::domain::fitness::Allowance;
use crate::domain::ids::DocumentId;
use crate::domain::retrieval::{EntryVectors, Ranking, RetrievalError, joined, rank};
use crate::engine::{EngineClient, EngineError};
use uuid::Uuid;

/// Entries with their vectors.
#[derive(Debug)]
pub(crate) struct Shelf {
    index: Index,
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
            whole: whole.clone(),
            title: Some(title.clone()),
            body: body.clone(),
        });
        let places = 0_u128..;
        let entries = entries.iter().zip(places).map(|((title, body), place)| Entry {
            id: EntryId::Document(DocumentId::from(Uuid::from_u128(place))),
            kind,
            collection: String::new(),
            title: (*title).to_owned(),
            body: (*body).to_owned(),
        });
        Ok(Self {
            index: Index {
                entries: entries.collect(),
                vectors: vectors.collect(),
            },
        })
    }

    /// The vectors of questions, in order.
    pub(crate) async fn questions(client: &EngineClient, questions: &[String]) -> Result<Vec<Vec<f32>>, EngineError> {
        client.embed(questions, BATCH_DEADLINE).await
    }

    /// The nearest entries of a question.
    pub(crate) fn ranking(&self, vector: &[f32]) -> Result<Ranking, RetrievalError> {
        rank(vector, &self.index.vectors, KEEP)
    }

    /// How the question would be answered; its sources are places among the entries.
    pub(crate) fn choice(&self, question: &str, ranking: &Ranking, allowance: Allowance) -> (Choice, Vec<usize>) {
        let found = by_meaning(question, &self.index, ranking, allowance);
        let place = |source: &crate::domain::draft::Source| {
            let id = source.document_id?;
            usize::try_from(id.uuid().as_u128()).ok()
        };
        let places = found.sources.iter().filter_map(place).collect();
        (found.choice, places)
    }
}
