//! Learning from some conversations, judging on the others.

use crate::app::AppError;
use crate::domain::ids::ConversationId;
use crate::domain::tuning::{Figures, Judged as JudgedOn};
use crate::stats::bootstrap::lower95;
use crate::stats::tuner::{Adapter, Entry, Judged, TunerError, Verdict, train};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Of how many conversations one is kept for judging.
const ONE_IN: u8 = 4;
/// How the cross-validation parts conversations, and the bootstrap draws them: a constant, so that a version can be made
/// again, byte by byte, from the same verdicts.
const SEED: u64 = 0x5eed_700e;

/// One verdict of a workspace, ready to be learned from.
#[derive(Debug)]
pub(super) struct Lesson {
    pub(super) conversation: ConversationId,
    pub(super) group: String,
    pub(super) question: Vec<f32>,
    pub(super) among: Vec<usize>,
    pub(super) shown: usize,
    pub(super) judged: Judged,
}

impl Lesson {
    fn verdict(&self) -> Verdict<'_> {
        Verdict {
            group: &self.group,
            question: &self.question,
            among: self.among.clone(),
            shown: self.shown,
            judged: self.judged,
        }
    }

    /// Kept from learning: fixed by the conversation alone, so that it stays so in later versions.
    fn is_kept(&self) -> bool {
        let [first, ..]: [u8; 32] = Sha256::digest(self.conversation.uuid()).into();
        first.is_multiple_of(ONE_IN)
    }
}

/// The entries that lessons are about: of a large knowledge, a small part.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) keys: Vec<String>,
    pub(super) vectors: Vec<Vec<f32>>,
}

impl Shelf {
    /// The entries that lessons name by their positions in `all`, and the lessons with positions on the shelf.
    pub(super) fn of<'a>(all: impl Iterator<Item = (Uuid, &'a [f32])>, lessons: Vec<Lesson>) -> (Self, Vec<Lesson>) {
        let named = lessons.iter().flat_map(|lesson| {
            let right = match lesson.judged {
                Judged::Corrected(right) => Some(right),
                Judged::Right | Judged::Wrong => None,
            };
            lesson.among.iter().copied().chain([lesson.shown]).chain(right)
        });
        let named: BTreeSet<usize> = named.collect();
        let kept = all.enumerate().filter(|(at, _)| named.contains(at));
        let (places, entries): (Vec<usize>, Vec<(Uuid, &[f32])>) = kept.unzip();
        let place = |at: usize| places.binary_search(&at).unwrap_or(usize::MAX);
        let moved = |lesson: Lesson| Lesson {
            among: lesson.among.into_iter().map(place).collect(),
            shown: place(lesson.shown),
            judged: match lesson.judged {
                Judged::Corrected(right) => Judged::Corrected(place(right)),
                told => told,
            },
            ..lesson
        };
        let lessons = lessons.into_iter().map(moved).collect();
        let (keys, vectors) = entries
            .into_iter()
            .map(|(id, vector)| (id.to_string(), vector.to_vec()))
            .unzip();
        (Self { keys, vectors }, lessons)
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        let pairs = self.keys.iter().zip(&self.vectors);
        pairs.map(|(key, vector)| Entry { key, vector }).collect()
    }
}

/// Learns from some conversations and judges on the others.
pub(super) fn learn(embedder: &str, shelf: &Shelf, lessons: &[Lesson]) -> Result<(Adapter, Figures), AppError> {
    let entries = shelf.entries();
    let dimensions = shelf.vectors.first().map_or(0, Vec::len);
    let (kept, learned): (Vec<&Lesson>, Vec<&Lesson>) = lessons.iter().partition(|lesson| lesson.is_kept());
    let verdicts: Vec<Verdict<'_>> = learned.iter().map(|lesson| lesson.verdict()).collect();
    let adapter = train(embedder, dimensions, &entries, &verdicts, SEED)?.adapter;
    let figures = Figures {
        learned_from: adapter.learned_from(),
        strength: adapter.strength(),
        judged_on: judge(embedder, &adapter, &entries, &kept)?,
    };
    Ok((adapter, figures))
}

/// What the tuned ranking makes of verdicts that it did not learn from.
fn judge(embedder: &str, adapter: &Adapter, entries: &[Entry<'_>], kept: &[&Lesson]) -> Result<JudgedOn, TunerError> {
    let mut found = JudgedOn {
        verdicts: kept.len(),
        ..JudgedOn::default()
    };
    // By conversation: right entries won less those lost, and how many are known.
    let mut by_conversation: BTreeMap<ConversationId, (f64, f64)> = BTreeMap::new();
    for lesson in kept {
        let sums = by_conversation.entry(lesson.conversation).or_default();
        let near: Vec<Entry<'_>> = lesson.among.iter().filter_map(|at| entries.get(*at).copied()).collect();
        let scores = adapter.scores(embedder, &lesson.question, &near)?;
        // The first of equals, as without it.
        let ranked = lesson.among.iter().zip(scores).rev();
        let tuned = ranked.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| *at);
        let untuned = lesson.among.first().copied();
        let right = match lesson.judged {
            Judged::Right => lesson.shown,
            Judged::Corrected(right) => right,
            Judged::Wrong => {
                found.wrong_gone += usize::from(tuned != Some(lesson.shown));
                continue;
            }
        };
        found.known += 1;
        found.right_first_untuned += usize::from(untuned == Some(right));
        found.right_first_tuned += usize::from(tuned == Some(right));
        let share = |first: Option<usize>| f64::from(u8::from(first == Some(right)));
        sums.0 += share(tuned) - share(untuned);
        sums.1 += 1.0;
    }
    found.conversations = by_conversation.len();
    let sums: Vec<(f64, f64)> = by_conversation.into_values().collect();
    let mean = |sample: &[usize]| {
        let drawn = sample.iter().filter_map(|at| sums.get(*at));
        let (won, known) = drawn.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        (known > 0.0).then(|| won / known)
    };
    let all: Vec<usize> = (0..sums.len()).collect();
    found.difference = mean(&all);
    found.lower95 = lower95(sums.len(), SEED, mean);
    Ok(found)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
