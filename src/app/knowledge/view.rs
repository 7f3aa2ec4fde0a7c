//! Knowledge as it would be: what is live, with some of it gone and something added. A candidate is tried on questions of the past with this, and
//! nothing of it is stored.

use super::find::Entry;
use super::index::{EntryId, all_but_nearest, wordings};
use super::tuned;
use super::vectors::{NewVectors, content_hash, embed};
use crate::app::{App, AppError, agents};
use crate::domain::answer::{CandidateKind, same_words, words_of};
use crate::domain::ids::{AgentId, VerifiedAnswerId};
use crate::domain::improve::candidate::Change;
use crate::domain::knowledge::DocumentKind;
use crate::domain::retrieval::dot;
use crate::domain::settings::AgentSettings;
use crate::engine::Priority;
use crate::stats::tuner::Adapter;
use crate::store::Rows;
use crate::store::entity::verified_answer;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

/// Entries embedded at once.
const BATCH: usize = 32;

/// Entries that come in, each with its collection.
type New = HashMap<Uuid, (Entry, Option<String>)>;

/// Knowledge as it would be. The default is what is live.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Entries that are not there any more, or not with the text they have.
    removed: HashSet<Uuid>,
    added: Vec<Added>,
    settings: HashMap<AgentId, AgentSettings>,
    ranker: Ranker,
}

/// What orders the nearest entries.
#[derive(Debug, Default, Clone)]
pub(super) enum Ranker {
    /// Whatever is in use.
    #[default]
    Live,
    /// The ranking as it comes.
    Plain,
    /// A version that was learned from verdicts.
    Tuned(Arc<Adapter>),
}

/// An entry that is not live.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) entry: Entry,
    /// Of a document; a verified answer belongs to all.
    pub(super) collection: Option<String>,
    pub(super) vectors: NewVectors,
}

impl View {
    /// What would be there after these changes, one after the other.
    ///
    /// # Errors
    /// [`AppError::Engine`] while what is new cannot be embedded; or the store's.
    pub(crate) async fn after(app: &App, rows: &Rows<'_>, changes: &[Change]) -> Result<Self, AppError> {
        let mut view = Self::default();
        let mut new = New::new();
        let mut order = Vec::new();
        let mut live = None;
        for change in changes {
            let (entry, collection) = match change {
                Change::AddAnswer {
                    id,
                    question,
                    answer,
                    details,
                } => {
                    if live.is_none() {
                        live = Some(rows.verified_answers().await?);
                    }
                    let entries = Entry::of_answer(*id, question, answer, &details.variants);
                    let live = live.as_deref().unwrap_or_default();
                    order.extend(view.answer_comes(live, (question, details.replaces), entries, &mut new));
                    continue;
                }
                Change::RestoreAnswer { id } => {
                    let Some(row) = rows.verified_answer(*id).await? else {
                        continue;
                    };
                    if live.is_none() {
                        live = Some(rows.verified_answers().await?);
                    }
                    let live = live.as_deref().unwrap_or_default();
                    let entries = Entry::wordings(&row);
                    order.extend(view.answer_comes(live, (&row.question, None), entries, &mut new));
                    continue;
                }
                Change::RetireAnswer { id } => {
                    if let Some(row) = rows.verified_answer(*id).await? {
                        view.remove_answer(&row, &mut new);
                    }
                    new.retain(|_, (entry, _)| entry.id.answer() != Some(*id));
                    continue;
                }
                Change::PutDocument { id, document } => {
                    view.remove(id.uuid(), &mut new);
                    let entry = Entry {
                        id: EntryId::Document(*id),
                        kind: match document.kind {
                            DocumentKind::Faq => CandidateKind::Faq,
                            DocumentKind::Section => CandidateKind::Section,
                        },
                        title: document.title.clone(),
                        body: document.body.clone(),
                        content_hash: content_hash(&document.title, &document.body),
                        question: None,
                    };
                    (entry, Some(document.collection.clone()))
                }
                Change::RemoveDocument { id, .. } => {
                    view.remove(id.uuid(), &mut new);
                    continue;
                }
                Change::SetAgent { id, settings, from } => {
                    let settings = agents::after(rows, *id, settings, from.as_deref()).await?;
                    view.settings.insert(*id, settings);
                    continue;
                }
                Change::RankWith { id } => {
                    view.ranker = match id {
                        Some(id) => {
                            let engine = app.engine().ok_or_else(super::no_engine)?;
                            Ranker::Tuned(tuned::adapter(rows, &engine.embedder, *id).await?)
                        }
                        None => Ranker::Plain,
                    };
                    continue;
                }
            };
            let id = entry.id.uuid();
            view.removed.insert(id);
            order.push(id);
            new.insert(id, (entry, collection));
        }
        let new: Vec<(Entry, Option<String>)> = order.into_iter().filter_map(|id| new.remove(&id)).collect();
        for part in new.chunks(BATCH) {
            let texts: Vec<(&str, &str)> = part
                .iter()
                .map(|(entry, _)| (entry.title.as_str(), entry.body.as_str()))
                .collect();
            let made = embed(app, rows.workspace_id(), &texts, Priority::Evaluation).await?;
            view.added
                .extend(part.iter().zip(made).map(|((entry, collection), vectors)| Added {
                    entry: entry.clone(),
                    collection: collection.clone(),
                    vectors,
                }));
        }
        Ok(view)
    }

    /// A wording that these entries have as well leads to them from then on.
    fn overtake(&mut self, live: &[verified_answer::Model], entries: &[Entry], new: &mut New) {
        let said: HashSet<String> = entries.iter().map(|entry| words_of(&entry.title)).collect();
        for (id, text) in live.iter().flat_map(wordings_of) {
            if said.contains(&words_of(text)) {
                self.removed.insert(id.uuid());
            }
        }
        let is_other = |entry: &Entry| entry.kind != CandidateKind::Verified || !said.contains(&words_of(&entry.title));
        new.retain(|_, (entry, _)| is_other(entry));
    }

    /// An answer comes in with its wordings; one to the very same question goes, and the one that it replaces.
    fn answer_comes(
        &mut self,
        live: &[verified_answer::Model],
        (question, replaces): (&str, Option<VerifiedAnswerId>),
        entries: Vec<Entry>,
        new: &mut New,
    ) -> Vec<Uuid> {
        let gone = |row: &&verified_answer::Model| same_words(&row.question, question) || replaces == Some(row.id);
        for row in live.iter().filter(gone) {
            self.remove_answer(row, new);
        }
        self.overtake(live, &entries, new);
        let put = entries.into_iter().map(|entry| {
            let id = entry.id.uuid();
            self.removed.insert(id);
            new.insert(id, (entry, None));
            id
        });
        put.collect()
    }

    fn remove_answer(&mut self, row: &verified_answer::Model, new: &mut New) {
        for (id, _) in wordings_of(row) {
            self.remove(id.uuid(), new);
        }
    }

    /// Positions among what is added of wordings that another one of the same answer is nearer than.
    pub(super) fn further_wordings(&self, question: &[f32]) -> impl Iterator<Item = usize> {
        let mut of_answer: HashMap<VerifiedAnswerId, Vec<(usize, f32)>> = HashMap::new();
        for (at, added) in self.added.iter().enumerate() {
            if let Some(id) = added.entry.id.answer() {
                let near = (at, dot(question, added.vectors.ranking()));
                of_answer.entry(id).or_default().push(near);
            }
        }
        of_answer
            .into_values()
            .flat_map(|near| all_but_nearest(near.into_iter()))
    }

    fn remove(&mut self, id: Uuid, new: &mut New) {
        self.removed.insert(id);
        new.remove(&id);
    }

    /// Is this entry, as it is live, out of the view?
    pub(super) fn hides(&self, id: Uuid) -> bool {
        self.removed.contains(&id)
    }

    /// What orders the nearest entries.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn adapter(
        &self,
        app: &App,
        rows: &Rows<'_>,
        embedder: &str,
    ) -> Result<Option<Arc<Adapter>>, AppError> {
        match &self.ranker {
            Ranker::Live => tuned::in_use(app, rows, embedder).await,
            Ranker::Plain => Ok(None),
            Ranker::Tuned(adapter) => Ok(Some(adapter.clone())),
        }
    }

    /// What is there and not live.
    pub(super) fn added(&self) -> &[Added] {
        &self.added
    }

    /// The verified answer to this very question that is not live.
    pub(super) fn own(&self, question: &str) -> Option<&Added> {
        let mut added = self.added.iter();
        added.find(|added| added.entry.kind == CandidateKind::Verified && same_words(&added.entry.title, question))
    }

    /// What the verified answers of the view say, by the words of their questions in every wording. `live`: those in use, the newest first.
    pub(crate) fn verified(&self, live: &[verified_answer::Model]) -> HashMap<String, String> {
        // The newest of several to the same words counts.
        let there = live.iter().rev().flat_map(|row| {
            let wordings = wordings_of(row).filter(|(id, _)| !self.hides(id.uuid()));
            wordings.map(|(_, text)| (words_of(text), row.answer.clone()))
        });
        let added = self.added.iter().map(|added| &added.entry);
        let added = added.filter(|entry| entry.kind == CandidateKind::Verified);
        there
            .chain(added.map(|entry| (words_of(&entry.title), entry.body.clone())))
            .collect()
    }

    /// The settings of an agent.
    pub(crate) fn settings<'a>(&'a self, id: AgentId, live: &'a AgentSettings) -> &'a AgentSettings {
        self.settings.get(&id).unwrap_or(live)
    }
}

fn wordings_of(row: &verified_answer::Model) -> impl Iterator<Item = (EntryId, &str)> {
    wordings(row.id, &row.question, &row.variants.0)
}
