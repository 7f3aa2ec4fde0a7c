//! Questions that mean the same, gathered while they come in.
//!
//! A young workspace has too few questions to tell what belongs together, so at four moments ([`SETTLES_AT`]) all of its questions are grouped anew,
//! as a whole; a cluster keeps its id through this where most of its questions stay together. After the last of these moments nothing moves any
//! more: a question goes to the nearest cluster, or waits (*other*) if none is near, and where enough waiting questions resemble one another they
//! become a new cluster. What a person has named or merged is never touched.
//!
//! Nearness is a competition between clusters (the cosine to their mean) and not a threshold: measured in `docs/analyse.md`, thresholds make whoever
//! came first swallow what comes later. The one threshold there is, for *other*, is relative to how alike any two questions of the workspace are,
//! because those of one trade all resemble one another.

mod agree;
mod group;
mod kmeans;
mod ward;

pub use agree::{mutual_information, purity};
pub use kmeans::k_means;

use super::number::{count, count_u64};
use super::vector::dot;

/// Clusters of a workspace at most.
pub const MOST: usize = 200;
/// After so many questions all are grouped anew; after the last of them never again.
pub const SETTLES_AT: [usize; 4] = [32, 128, 512, 2_048];
/// A question waits if it is less like the nearest cluster's questions than this: 0 as like as any two questions, 1 the same. Compared on banking77, CLINC150 and bitext, as docs/analyse.md says.
const FAR: f64 = 0.15;
/// Waiting questions that make a new cluster, at least.
const ENOUGH: usize = 5;
/// And how like one another they are, on the same scale as [`FAR`].
const ALIKE: f64 = 0.45;
/// Of the waiting questions so many are looked at, the newest.
const WAITING: usize = 512;
/// Waiting questions are gathered from so many on.
const WORTH_IT: usize = 16;
/// A cluster of fewer questions is small: it may give way to a new one.
const SMALL: u64 = 20;
/// It goes into another one that is at least so like it, on the same scale.
const NEAR: f64 = 0.25;

/// Questions that mean the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The mean of its own questions' vectors; without those of clusters that were merged into it.
    pub mean: Vec<f32>,
    /// How many questions are its own.
    pub questions: u64,
    /// A person named or merged it: nothing moves in it or out of it by itself.
    pub is_kept: bool,
    /// The cluster that stands for it.
    pub merged_into: Option<usize>,
}

/// A question with where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Of unit length. Empty once it is not needed any more.
    pub vector: Vec<f32>,
    /// None while it waits.
    pub cluster: Option<usize>,
}

/// A workspace's clusters and those of its questions that may still move. Positions never change; what is new comes behind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clusters {
    all: Vec<Cluster>,
    questions: Vec<Question>,
    seen: usize,
    middles: Vec<Middle>,
}

/// A cluster as questions see it: with all that was merged into it.
#[derive(Debug, Clone, PartialEq)]
struct Middle {
    cluster: usize,
    sum: Vec<f32>,
    length: f64,
    questions: u64,
}

impl Clusters {
    /// As they were stored: the clusters from the oldest on, the questions that may still move, and how many there have ever been.
    pub fn restored(clusters: Vec<Cluster>, questions: Vec<Question>, seen: usize) -> Self {
        let mut restored = Self {
            all: clusters,
            questions,
            seen,
            middles: Vec::new(),
        };
        restored.look();
        restored
    }

    /// All clusters, also those without questions and those that were merged.
    pub fn clusters(&self) -> &[Cluster] {
        &self.all
    }

    /// The questions that were restored and came since, in order.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Clusters that are shown: with questions, and merged into no other.
    pub const fn live(&self) -> usize {
        self.middles.len()
    }

    /// Has the last moment passed at which questions move?
    pub const fn is_settled(&self) -> bool {
        self.seen >= last_moment()
    }

    /// The cluster that stands for this one in the end.
    pub fn root(&self, cluster: usize) -> usize {
        let mut at = cluster;
        // A circle cannot be made here; whoever restores one gets an end all the same.
        for _ in 0..=self.all.len() {
            match self.all.get(at).and_then(|cluster| cluster.merged_into) {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// One more question, with a vector of unit length.
    pub fn take(&mut self, vector: Vec<f32>) {
        self.seen += 1;
        let place = self.nearest(&vector);
        if let Some(cluster) = place {
            self.add(cluster, &vector);
        }
        let is_done = place.is_some() && self.is_settled() && self.seen > last_moment();
        self.questions.push(Question {
            vector: if is_done { Vec::new() } else { vector },
            cluster: place,
        });
        if SETTLES_AT.contains(&self.seen) {
            self.regroup();
        }
    }

    /// Waiting questions that resemble one another become clusters. To be called after a page of questions.
    pub fn gather(&mut self) {
        if self.seen < first_moment() {
            return;
        }
        let waiting: Vec<usize> = { self.questions.iter().enumerate() }
            .filter(|(_, question)| question.cluster.is_none() && !question.vector.is_empty())
            .map(|(at, _)| at)
            .collect();
        if waiting.len() < WORTH_IT {
            return;
        }
        let newest = waiting.get(waiting.len().saturating_sub(WAITING)..).unwrap_or_default();
        let vectors: Vec<&[f32]> = { newest.iter() }
            .filter_map(|at| self.questions.get(*at).map(|question| question.vector.as_slice()))
            .collect();
        let base = self.base();
        for members in group::alike(&vectors, base, ALIKE, ENOUGH) {
            if self.live() >= MOST && !self.make_room() {
                break;
            }
            let members: Vec<usize> = members.into_iter().filter_map(|at| newest.get(at).copied()).collect();
            let at = self.all.len();
            self.all.push(self.of_questions(&members));
            for member in members {
                if let Some(question) = self.questions.get_mut(member) {
                    question.cluster = Some(at);
                }
            }
            self.look();
        }
    }

    /// A small cluster of the machine's goes into the one most like it, if that is older. Returns whether there was one.
    fn make_room(&mut self) -> bool {
        let base = self.base();
        let mut best: Option<(f64, usize, usize)> = None;
        for young in &self.middles {
            if young.questions >= SMALL || self.is_kept(young.cluster) {
                continue;
            }
            for old in self.middles.iter().filter(|old| old.cluster < young.cluster) {
                let cosine = f64::from(dot(&young.sum, &old.sum)) / count_u64(young.questions * old.questions);
                if best.is_none_or(|(most, ..)| cosine > most) {
                    best = Some((cosine, young.cluster, old.cluster));
                }
            }
        }
        let Some((_, young, old)) = best.filter(|(cosine, ..)| relative(*cosine, base) >= NEAR) else {
            return false;
        };
        if let Some(cluster) = self.all.get_mut(young) {
            cluster.merged_into = Some(old);
        }
        self.look();
        true
    }

    fn is_kept(&self, cluster: usize) -> bool {
        self.all.get(cluster).is_some_and(|cluster| cluster.is_kept)
    }

    /// How alike any two questions are: the square of the length of the mean of all.
    fn base(&self) -> f64 {
        let mut sum: Vec<f32> = Vec::new();
        let mut all = 0;
        for middle in &self.middles {
            sum.resize(middle.sum.len().max(sum.len()), 0.0);
            for (sum, value) in sum.iter_mut().zip(&middle.sum) {
                *sum += value;
            }
            all += middle.questions;
        }
        let all = count_u64(all).max(1.0);
        (f64::from(dot(&sum, &sum)) / (all * all)).min(0.9)
    }

    /// Where a question goes; none if nothing is near.
    fn nearest(&self, vector: &[f32]) -> Option<usize> {
        let mut best: Option<(f64, &Middle, f64)> = None;
        for middle in self.middles.iter().filter(|middle| middle.sum.len() == vector.len()) {
            let product = f64::from(dot(&middle.sum, vector));
            let cosine = product / middle.length;
            if best.is_none_or(|(most, ..)| cosine > most) {
                best = Some((cosine, middle, product / count_u64(middle.questions)));
            }
        }
        let (_, middle, likeness) = best?;
        (relative(likeness, self.base()) >= FAR).then_some(middle.cluster)
    }

    /// Would a question with this vector belong to some cluster?
    pub fn has_near(&self, vector: &[f32]) -> bool {
        self.nearest(vector).is_some()
    }

    fn add(&mut self, cluster: usize, vector: &[f32]) {
        if let Some(cluster) = self.all.get_mut(cluster) {
            cluster.questions += 1;
            let share = 1.0 / count_u64(cluster.questions);
            for (mean, value) in cluster.mean.iter_mut().zip(vector) {
                *mean = narrowed(f64::from(*mean) + (f64::from(*value) - f64::from(*mean)) * share);
            }
        }
        if let Some(middle) = self.middles.iter_mut().find(|middle| middle.cluster == cluster) {
            for (sum, value) in middle.sum.iter_mut().zip(vector) {
                *sum += value;
            }
            middle.questions += 1;
            middle.length = length(&middle.sum);
        }
    }

    /// Looks at the clusters anew.
    fn look(&mut self) {
        let mut middles: Vec<Option<Middle>> = vec![None; self.all.len()];
        for (at, cluster) in self.all.iter().enumerate() {
            if cluster.questions == 0 {
                continue;
            }
            let root = self.root(at);
            let Some(middle) = middles.get_mut(root) else { continue };
            let middle = middle.get_or_insert_with(|| Middle {
                cluster: root,
                sum: vec![0.0; cluster.mean.len()],
                length: 0.0,
                questions: 0,
            });
            let questions = count_u64(cluster.questions);
            for (sum, mean) in middle.sum.iter_mut().zip(&cluster.mean) {
                *sum += narrowed(f64::from(*mean) * questions);
            }
            middle.questions += cluster.questions;
        }
        self.middles = middles.into_iter().flatten().collect();
        for middle in &mut self.middles {
            middle.length = length(&middle.sum);
        }
    }

    fn of_questions(&self, members: &[usize]) -> Cluster {
        let vectors = members.iter().filter_map(|at| self.questions.get(*at));
        let sum = group::sum(vectors.map(|question| question.vector.as_slice()));
        let questions = count(members.len()).max(1.0);
        Cluster {
            mean: sum
                .iter()
                .map(|value| narrowed(f64::from(*value) / questions))
                .collect(),
            questions: members.len() as u64,
            is_kept: false,
            merged_into: None,
        }
    }

    /// All questions that no person's cluster has are grouped anew. A cluster goes on as the group that has most of its questions.
    fn regroup(&mut self) {
        let free: Vec<usize> = { self.questions.iter().enumerate() }
            .filter(|(_, question)| !question.vector.is_empty())
            .filter(|(_, question)| question.cluster.is_none_or(|cluster| !self.is_kept(self.root(cluster))))
            .map(|(at, _)| at)
            .collect();
        let kept: Vec<Middle> = { self.middles.iter() }
            .filter(|middle| self.is_kept(middle.cluster))
            .cloned()
            .collect();
        let vectors: Vec<&[f32]> = { free.iter() }
            .filter_map(|at| self.questions.get(*at).map(|question| question.vector.as_slice()))
            .collect();
        let mut groups = group::groups(&vectors, MOST.saturating_sub(kept.len()));
        let sums: Vec<(Vec<f32>, f64)> = { groups.iter() }
            .map(|group| {
                let sum = group::sum(group.iter().filter_map(|at| vectors.get(*at).copied()));
                let length = length(&sum);
                (sum, length)
            })
            .collect();
        // What is nearer to a person's cluster than to its own group goes there.
        let mut to_kept: Vec<(usize, usize)> = Vec::new();
        for (group, (sum, length)) in groups.iter_mut().zip(&sums) {
            group.retain(|member| {
                let Some(vector) = vectors.get(*member) else {
                    return false;
                };
                let own = f64::from(dot(sum, vector)) / length;
                let other = { kept.iter() }
                    .map(|middle| (f64::from(dot(&middle.sum, vector)) / middle.length, middle.cluster))
                    .filter(|(cosine, _)| *cosine > own)
                    .max_by(|a, b| a.0.total_cmp(&b.0));
                to_kept.extend(other.map(|(_, cluster)| (*member, cluster)));
                other.is_none()
            });
        }
        groups.retain(|group| group.len() > 1);
        self.carry_over(&free, &groups);
        for (member, cluster) in to_kept {
            let Some(question) = free.get(member).and_then(|at| self.questions.get_mut(*at)) else {
                continue;
            };
            question.cluster = Some(cluster);
            let vector = question.vector.clone();
            self.add(cluster, &vector);
        }
        self.look();
    }

    /// The groups become clusters: each the one it shares most questions with, if that is not taken, or a new one.
    fn carry_over(&mut self, free: &[usize], groups: &[Vec<usize>]) {
        let former: Vec<Option<usize>> = { free.iter() }
            .map(|at| self.questions.get(*at)?.cluster.map(|cluster| self.root(cluster)))
            .collect();
        let mut shared: Vec<(usize, usize, usize)> = Vec::new();
        for (at, group) in groups.iter().enumerate() {
            let mut of_group: Vec<usize> = group.iter().filter_map(|member| *former.get(*member)?).collect();
            of_group.sort_unstable();
            for same in of_group.chunk_by(|a, b| a == b) {
                shared.extend(same.first().map(|cluster| (same.len(), *cluster, at)));
            }
        }
        shared.sort_unstable_by_key(|(common, cluster, group)| (std::cmp::Reverse(*common), *cluster, *group));
        let mut goes_on: Vec<Option<usize>> = vec![None; groups.len()];
        let mut taken = vec![false; self.all.len()];
        for (_, cluster, group) in &shared {
            if let (Some(goes_on @ None), Some(taken @ false)) = (goes_on.get_mut(*group), taken.get_mut(*cluster)) {
                *goes_on = Some(*cluster);
                *taken = true;
            }
        }
        for at in free {
            if let Some(question) = self.questions.get_mut(*at) {
                question.cluster = None;
            }
        }
        let emptied: Vec<usize> = { former.iter().flatten().copied() }
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect();
        for cluster in &emptied {
            if let Some(cluster) = self.all.get_mut(*cluster) {
                cluster.questions = 0;
            }
        }
        for (group, goes_on) in groups.iter().zip(&mut goes_on) {
            let members: Vec<usize> = group.iter().filter_map(|member| free.get(*member).copied()).collect();
            let made = self.of_questions(&members);
            let at = match *goes_on {
                Some(at) => {
                    if let Some(cluster) = self.all.get_mut(at) {
                        *cluster = made;
                    }
                    at
                }
                None => {
                    self.all.push(made);
                    self.all.len() - 1
                }
            };
            *goes_on = Some(at);
            for member in members {
                if let Some(question) = self.questions.get_mut(member) {
                    question.cluster = Some(at);
                }
            }
        }
        // Whoever has a link to a cluster that is no more finds where most of its questions went.
        for cluster in emptied {
            if taken.get(cluster).copied().unwrap_or(true) {
                continue;
            }
            let most = shared.iter().find(|(_, from, _)| *from == cluster);
            let heir = most.and_then(|(_, _, group)| goes_on.get(*group).copied().flatten());
            if let Some(cluster) = self.all.get_mut(cluster) {
                cluster.merged_into = heir;
            }
        }
    }
}

const fn first_moment() -> usize {
    SETTLES_AT[0]
}

const fn last_moment() -> usize {
    SETTLES_AT[SETTLES_AT.len() - 1]
}

/// A cosine between two questions on the scale on which 0 is what any two have and 1 is the same.
fn relative(cosine: f64, base: f64) -> f64 {
    (cosine - base) / (1.0 - base)
}

/// The length of a vector; never 0.
fn length(vector: &[f32]) -> f64 {
    f64::from(dot(vector, vector)).sqrt().max(f64::MIN_POSITIVE)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "vectors are kept as the embedder makes them"
)]
const fn narrowed(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests;
