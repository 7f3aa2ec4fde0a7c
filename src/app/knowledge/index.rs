//! What a workspace's knowledge is ranked by, in memory: one vector an entry, one after the other.

use super::vectors::floats;
use super::view::View;
use super::{App, AppError};
use crate::domain::answer::words_of;
use crate::domain::ids::{DocumentId, VerifiedAnswerId, WorkspaceId};
use crate::domain::retrieval::{Ranking, RetrievalError, dot, scan};
use crate::store::entity::verified_answer;
use crate::store::{RankingVector, Rows};
use sha2::{Digest, Sha256};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Vectors read at once.
const PAGE: u64 = 5_000;

/// What an entry of the index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum EntryId {
    Document(DocumentId),
    VerifiedAnswer(VerifiedAnswerId),
    /// Another wording of a verified answer's question, by its place among them.
    Wording(VerifiedAnswerId, u8),
}

impl EntryId {
    /// What its vectors belong to. A wording has no id of its own: a text of a verified answer never changes, so its place tells it.
    pub(super) fn uuid(self) -> Uuid {
        match self {
            Self::Document(id) => id.uuid(),
            Self::VerifiedAnswer(id) => id.uuid(),
            Self::Wording(id, place) => {
                let digest = Sha256::new()
                    .chain_update(b"holdpoint/wording/1\0")
                    .chain_update(id.uuid().as_bytes())
                    .chain_update([place])
                    .finalize();
                let mut bytes = [0; 16];
                bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
                Uuid::from_bytes(bytes)
            }
        }
    }

    /// The verified answer that it leads to.
    pub(super) const fn answer(self) -> Option<VerifiedAnswerId> {
        match self {
            Self::Document(_) => None,
            Self::VerifiedAnswer(id) | Self::Wording(id, _) => Some(id),
        }
    }
}

/// All wordings of a verified answer's question, its own first.
pub(super) fn wordings<'a>(
    id: VerifiedAnswerId,
    question: &'a str,
    variants: &'a [String],
) -> impl Iterator<Item = (EntryId, &'a str)> {
    let others = (0_u8..).zip(variants);
    let others = others.map(move |(place, text)| (EntryId::Wording(id, place), text.as_str()));
    std::iter::once((EntryId::VerifiedAnswer(id), question)).chain(others)
}

/// An entry without its texts: those are read for the few that a question is near to.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: i64,
    owner: Uuid,
    /// Among the names of collections; none for a verified answer.
    collection: Option<usize>,
}

/// All entries of a workspace that have vectors of their present text. 100 000 of them take some 160 MB.
#[derive(Debug, Default, Clone)]
pub(super) struct Index {
    /// In order of number, which is the order in which vectors were made.
    places: Vec<Place>,
    /// Names of the collections.
    collections: Vec<String>,
    /// `width` numbers an entry.
    vectors: Vec<f32>,
    width: usize,
    /// The newest verified answer to a question, by its words in any wording.
    verified: HashMap<String, EntryId>,
    /// Other wordings of verified answers, by what their vectors belong to.
    wordings: HashMap<Uuid, EntryId>,
    /// Wordings that a newer verified answer has as well: that one counts.
    overtaken: HashSet<Uuid>,
    /// Positions of the wordings of each verified answer that has several: only the nearest is ranked, so that they are no surroundings of one another.
    groups: Vec<Vec<usize>>,
}

impl Index {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn id(&self, index: usize) -> Option<EntryId> {
        self.places.get(index).map(|place| match place.collection {
            Some(_) => EntryId::Document(DocumentId::from(place.owner)),
            None => match self.wordings.get(&place.owner) {
                Some(wording) => *wording,
                None => EntryId::VerifiedAnswer(VerifiedAnswerId::from(place.owner)),
            },
        })
    }

    /// An entry with what it is ranked by.
    pub(super) fn entry(&self, index: usize) -> Option<(Uuid, &[f32])> {
        let from = index * self.width;
        Some((
            self.places.get(index)?.owner,
            self.vectors.get(from..from + self.width)?,
        ))
    }

    /// All entries with what they are ranked by, in the order of their positions.
    pub(super) fn each(&self) -> impl Iterator<Item = (Uuid, &[f32])> {
        let vectors = self.vectors.chunks_exact(self.width.max(1));
        self.places.iter().map(|place| place.owner).zip(vectors)
    }

    /// The verified answer to this very question, wherever the embedder puts it.
    pub(super) fn own(&self, question: &str) -> Option<EntryId> {
        self.verified.get(&words_of(question)).copied()
    }

    /// How many entries there are. Those that a view adds stand behind them.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The nearest `keep` among verified answers and the documents of these collections; of all, where none is named. With what a view adds and
    /// without what it hides.
    pub(super) fn rank(
        &self,
        view: &View,
        question: &[f32],
        collections: &[String],
        keep: usize,
    ) -> Result<Ranking, RetrievalError> {
        let admitted: Vec<bool> = self
            .collections
            .iter()
            .map(|name| collections.is_empty() || collections.contains(name))
            .collect();
        let is_admitted = |place: &Place| match place.collection {
            Some(collection) => admitted.get(collection).copied().unwrap_or(false),
            None => true,
        };
        let is_hidden = |owner: Uuid| view.hides(owner) || self.overtaken.contains(&owner);
        let is_there = |place: &Place| is_admitted(place) && !is_hidden(place.owner);
        let mut further = self.further_wordings(question, |at| {
            self.places.get(at).is_none_or(|place| is_hidden(place.owner))
        });
        further.extend(view.further_wordings(question).map(|at| at + self.len()));
        let is_wanted = |name: &String| collections.is_empty() || collections.contains(name);
        let added = (self.len()..).zip(view.added());
        let added = added.filter(|(_, added)| added.collection.as_ref().is_none_or(is_wanted));
        let added = added.map(|(index, added)| (index, added.vectors.ranking()));
        let vectors = self.vectors.chunks_exact(self.width.max(1));
        let admitted = self.places.iter().zip(vectors).enumerate();
        let admitted = admitted.filter(|(_, (place, _))| is_there(place));
        let live = admitted.map(|(index, (_, vector))| (index, vector));
        let all = live.chain(added).filter(|(index, _)| !further.contains(index));
        scan(question, all, keep)
    }

    /// Positions of wordings that another one of the same answer is nearer than.
    fn further_wordings(&self, question: &[f32], is_hidden: impl Fn(usize) -> bool) -> HashSet<usize> {
        let mut further = HashSet::new();
        for group in &self.groups {
            let there = group.iter().copied().filter(|at| !is_hidden(*at));
            let near = there.filter_map(|at| Some((at, dot(question, self.entry(at)?.1))));
            further.extend(all_but_nearest(near));
        }
        further
    }

    /// With what has changed since it was read.
    async fn refreshed(mut self, rows: &Rows<'_>, embedder: &str) -> Result<Self, AppError> {
        let count = usize::try_from(rows.ranking_vector_count(embedder).await?).unwrap_or(usize::MAX);
        if self.is_empty() {
            self.places.reserve_exact(count);
        }
        loop {
            let after = self.places.last().map_or(0, |place| place.number);
            let page = rows.ranking_vectors(embedder, after, PAGE).await?;
            let is_last = (page.len() as u64) < PAGE;
            for row in page {
                self.add(&row, count);
            }
            if is_last {
                break;
            }
        }
        if self.places.len() != usize::try_from(rows.ranking_vector_count(embedder).await?).unwrap_or(usize::MAX) {
            self.retain(&rows.ranking_vector_numbers(embedder).await?);
        }
        self.name(&rows.verified_answers().await?);
        Ok(self)
    }

    /// Which words ask for which verified answer. The newest come first; they count.
    fn name(&mut self, answers: &[verified_answer::Model]) {
        self.verified.clear();
        self.wordings.clear();
        self.overtaken.clear();
        let mut several: HashMap<Uuid, usize> = HashMap::new();
        let mut groups = 0;
        for row in answers {
            for (id, text) in wordings(row.id, &row.question, &row.variants.0) {
                match self.verified.entry(words_of(text)) {
                    Entry::Occupied(_) => {
                        self.overtaken.insert(id.uuid());
                    }
                    Entry::Vacant(free) if !free.key().is_empty() => {
                        free.insert(id);
                    }
                    Entry::Vacant(_) => {}
                }
                if matches!(id, EntryId::Wording(..)) {
                    self.wordings.insert(id.uuid(), id);
                }
                if !row.variants.0.is_empty() {
                    several.insert(id.uuid(), groups);
                }
            }
            groups += usize::from(!row.variants.0.is_empty());
        }
        self.groups = vec![Vec::new(); groups];
        if groups == 0 {
            return;
        }
        for (at, place) in self.places.iter().enumerate() {
            if let Some(group) = several.get(&place.owner).and_then(|group| self.groups.get_mut(*group)) {
                group.push(at);
            }
        }
    }

    /// `expected`: so many there will be, as far as is known.
    fn add(&mut self, row: &RankingVector, expected: usize) {
        if self.is_empty() {
            self.width = row.vector.len() / size_of::<f32>();
            self.vectors.clear();
            self.vectors.reserve_exact(self.width * expected);
        }
        if row.vector.len() != self.width * size_of::<f32>() || self.width == 0 {
            tracing::error!(owner = %row.owner_id, "a vector is not as long as the others of its embedder; it is left out");
            return;
        }
        let collection = row.collection.as_ref().map(|name| {
            let known = self.collections.iter().position(|known| known == name);
            known.unwrap_or_else(|| {
                self.collections.push(name.clone());
                self.collections.len() - 1
            })
        });
        self.vectors.extend(floats(&row.vector));
        self.places.push(Place {
            number: row.number,
            owner: row.owner_id,
            collection,
        });
    }

    /// Leaves out what has none of these numbers.
    fn retain(&mut self, numbers: &[i64]) {
        let numbers: HashSet<i64> = numbers.iter().copied().collect();
        let mut kept = 0;
        for index in 0..self.places.len() {
            let Some(place) = self
                .places
                .get(index)
                .copied()
                .filter(|place| numbers.contains(&place.number))
            else {
                continue;
            };
            if let Some(free) = self.places.get_mut(kept) {
                *free = place;
            }
            let from = index * self.width;
            self.vectors.copy_within(from..from + self.width, kept * self.width);
            kept += 1;
        }
        self.places.truncate(kept);
        self.vectors.truncate(kept * self.width);
    }
}

/// Of positions with their scores all but the one of the highest.
pub(super) fn all_but_nearest(near: impl Iterator<Item = (usize, f32)>) -> Vec<usize> {
    let near: Vec<(usize, f32)> = near.collect();
    let nearest = near.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| *at);
    let all = near.into_iter().map(|(at, _)| at);
    all.filter(|at| Some(*at) != nearest).collect()
}

/// The indexes of all workspaces. What has changed since one was read is read before the next question.
#[derive(Debug, Default)]
pub(crate) struct Indexes {
    of_workspace: Mutex<HashMap<WorkspaceId, Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    /// Changes so far.
    version: u64,
    /// The index, and the version it was read at.
    read: Option<(u64, Arc<Index>)>,
    /// Held while it is read: questions that come at once wait for one reading.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// Knowledge of a workspace has changed: the next question reads what is new.
pub(crate) fn changed(app: &App, workspace_id: WorkspaceId) {
    app.inner.indexes.slot(workspace_id, |slot| slot.version += 1);
}

/// The current index.
pub(super) async fn index(app: &App, rows: &Rows<'_>, embedder: &str) -> Result<Arc<Index>, AppError> {
    let (indexes, workspace_id) = (&app.inner.indexes, rows.workspace_id());
    let reading = match indexes.look(workspace_id) {
        Look::Current(index) => return Ok(index),
        Look::Stale { reading, .. } => reading,
    };
    let _turn = reading.lock().await;
    let (version, former) = match indexes.look(workspace_id) {
        Look::Current(index) => return Ok(index),
        Look::Stale { version, former, .. } => (version, former),
    };
    // A question that is still looking at the former one keeps it; otherwise nothing is copied.
    indexes.slot(workspace_id, |slot| slot.read = None);
    let former = former.map_or_else(Index::default, Arc::unwrap_or_clone);
    let index = Arc::new(former.refreshed(rows, embedder).await?);
    // If something changed while it was read, it serves this question, and the next one reads on.
    indexes.slot(workspace_id, |slot| slot.read = Some((version, index.clone())));
    Ok(index)
}

/// What a look at a workspace's index finds.
enum Look {
    Current(Arc<Index>),
    Stale {
        version: u64,
        former: Option<Arc<Index>>,
        reading: Arc<tokio::sync::Mutex<()>>,
    },
}

impl Indexes {
    fn slot<T>(&self, workspace_id: WorkspaceId, look: impl FnOnce(&mut Slot) -> T) -> T {
        let mut slots = self.of_workspace.lock().unwrap_or_else(PoisonError::into_inner);
        look(slots.entry(workspace_id).or_default())
    }

    fn look(&self, workspace_id: WorkspaceId) -> Look {
        self.slot(workspace_id, |slot| match &slot.read {
            Some((version, index)) if *version == slot.version => Look::Current(index.clone()),
            read => Look::Stale {
                version: slot.version,
                former: read.as_ref().map(|(_, index)| index.clone()),
                reading: slot.reading.clone(),
            },
        })
    }
}
