//! What was learned, to be used, kept and told apart.

use super::basis::Basis;
use super::fit::Weights;
use super::given::Given;
use super::{Entry, Judged, Strength, TunerError, add, check, dot};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Version of the format of [`Adapter::to_bytes`].
const FORMAT: u32 = 1;
/// Largest sizes that are believed of a header, so that a damaged one cannot ask for all memory.
const LARGEST: usize = 1 << 20;

/// What an adapter was learned from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Verdicts in all.
    pub verdicts: usize,
    /// Of them: the shown entry was right.
    pub right: usize,
    /// It was wrong, and a person named the right one.
    pub corrected: usize,
    /// It was wrong, and nobody named another.
    pub wrong: usize,
    /// Groups (conversations) that they came from.
    pub groups: usize,
    /// Entries that they named.
    pub entries: usize,
}

/// A tuned way to rank entries, for one embedder. Without verdicts it ranks as the frozen score does.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    head: Head,
    /// `U`, one direction after the other, each as long as a vector.
    to: Vec<Vec<f32>>,
    /// `V`, likewise.
    from: Vec<Vec<f32>>,
    /// `w_e` by key.
    own: BTreeMap<String, Vec<f32>>,
}

/// All but the numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Head {
    format: u32,
    embedder: String,
    dimensions: usize,
    /// Directions of `U` and `V`.
    rank: usize,
    /// `None`: it changes nothing.
    strength: Option<Strength>,
    seed: u64,
    learned_from: Counts,
    /// Keys of the entries that have something of their own.
    keys: Vec<String>,
}

impl Adapter {
    pub(super) fn of(
        embedder: &str,
        given: &Given<'_>,
        seed: u64,
        learned: Option<(Strength, Basis, Weights)>,
    ) -> Self {
        let strength = learned.as_ref().map(|(strength, ..)| *strength);
        let (to, from, own) = learned.map_or_else(Default::default, |(_, basis, weights)| {
            // U = B S: for each of the questions' directions, where it turns a question to.
            let turned = |across: usize| {
                let mut to = vec![0.0; given.dimensions];
                for (direction, line) in basis.entries.iter().zip(&weights.shared) {
                    add(&mut to, line.get(across).copied().unwrap_or_default(), direction);
                }
                to
            };
            let to: Vec<Vec<f32>> = (0..basis.questions.len()).map(turned).collect();
            let named = |at: usize| given.entries.get(at).map(|entry| entry.key.to_owned());
            let own = weights.own.into_iter();
            let own: BTreeMap<String, Vec<f32>> = own.filter_map(|(at, own)| Some((named(at)?, own))).collect();
            (to, basis.questions, own)
        });
        Self {
            head: Head {
                format: FORMAT,
                embedder: embedder.to_owned(),
                dimensions: given.dimensions,
                rank: to.len(),
                strength,
                seed,
                learned_from: counts(given),
                keys: own.keys().cloned().collect(),
            },
            to,
            from,
            own,
        }
    }

    /// The embedder whose vectors it fits.
    pub fn embedder(&self) -> &str {
        &self.head.embedder
    }

    /// Numbers in a vector of its embedder.
    pub fn dimensions(&self) -> usize {
        self.head.dimensions
    }

    /// What it was learned from.
    pub fn learned_from(&self) -> Counts {
        self.head.learned_from
    }

    /// How strongly it follows the verdicts; `None` if it changes nothing.
    pub fn strength(&self) -> Option<Strength> {
        self.head.strength
    }

    /// Refuses another embedder than the one it was trained over.
    ///
    /// # Errors
    /// [`TunerError::OtherEmbedder`].
    pub fn fits(&self, embedder: &str, dimensions: usize) -> Result<(), TunerError> {
        if self.head.embedder == embedder && self.head.dimensions == dimensions {
            return Ok(());
        }
        Err(TunerError::OtherEmbedder {
            adapter: self.head.embedder.clone(),
            adapter_dimensions: self.head.dimensions,
            in_use: embedder.to_owned(),
            dimensions,
        })
    }

    /// The tuned score of each entry for a question, in their order.
    ///
    /// # Errors
    /// [`TunerError::OtherEmbedder`] for another embedder than its own, and [`TunerError::Dimensions`] or
    /// [`TunerError::NotAVector`] for a vector that cannot be that embedder's.
    pub fn scores(&self, embedder: &str, question: &[f32], entries: &[Entry<'_>]) -> Result<Vec<f64>, TunerError> {
        self.fits(embedder, self.head.dimensions)?;
        check(self.head.dimensions, question, || "the question".to_owned())?;
        let mut turned = question.to_vec();
        for (to, from) in self.to.iter().zip(&self.from) {
            add(&mut turned, dot(from, question), to);
        }
        let score = |entry: &Entry<'_>| {
            check(self.head.dimensions, entry.vector, || format!("entry {:?}", entry.key))?;
            let own = self.own.get(entry.key).map_or(0.0, |own| dot(own, question));
            Ok(f64::from(dot(entry.vector, &turned) + own))
        };
        entries.iter().map(score).collect()
    }

    /// Bytes to keep: a line of JSON that says what it is, then all numbers as 32-bit floats, little-endian. The same
    /// adapter gives the same bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        // A header of names and numbers can always be written.
        let mut bytes = serde_json::to_vec(&self.head).unwrap_or_default();
        bytes.push(b'\n');
        let vectors = self.to.iter().chain(&self.from).chain(self.own.values());
        bytes.extend(vectors.flatten().flat_map(|number| number.to_le_bytes()));
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`TunerError::Unreadable`] for other bytes, damaged ones, and those of a newer format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TunerError> {
        let unreadable = |why: &str| TunerError::Unreadable(why.to_owned());
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (head, numbers) = bytes.split_at_checked(end.unwrap_or_default()).unwrap_or_default();
        let head: Head = serde_json::from_slice(head).map_err(|error| TunerError::Unreadable(error.to_string()))?;
        if head.format != FORMAT {
            return Err(unreadable("it is of another version"));
        }
        let is_ascending = head.keys.array_windows().all(|[a, b]| a < b);
        if [head.dimensions, head.rank, head.keys.len()]
            .iter()
            .any(|size| *size > LARGEST)
            || !is_ascending
        {
            return Err(unreadable("its header is damaged"));
        }
        let (numbers, rest) = numbers.get(1..).unwrap_or_default().as_chunks::<4>();
        let wanted = (2 * head.rank + head.keys.len()).checked_mul(head.dimensions);
        if !rest.is_empty() || wanted != Some(numbers.len()) {
            return Err(unreadable("it is not whole"));
        }
        let numbers: Vec<f32> = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(unreadable("it contains what is not a number"));
        }
        let mut vectors = numbers.chunks_exact(head.dimensions.max(1)).map(<[f32]>::to_vec);
        let to = vectors.by_ref().take(head.rank).collect();
        let from = vectors.by_ref().take(head.rank).collect();
        let own = head.keys.iter().cloned().zip(vectors).collect();
        Ok(Self { head, to, from, own })
    }

    /// SHA-256 of [`Self::to_bytes`].
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.to_bytes()).into()
    }
}

fn counts(given: &Given<'_>) -> Counts {
    let of = |wanted: fn(&Judged) -> bool| given.rows.iter().filter(|row| wanted(&row.judged)).count();
    let groups: BTreeSet<&str> = given.rows.iter().map(|row| row.group).collect();
    let named = given.rows.iter().flat_map(|row| match row.judged {
        Judged::Corrected(right) => [row.shown, right],
        Judged::Right | Judged::Wrong => [row.shown; 2],
    });
    Counts {
        verdicts: given.rows.len(),
        right: of(|judged| matches!(judged, Judged::Right)),
        corrected: of(|judged| matches!(judged, Judged::Corrected(_))),
        wrong: of(|judged| matches!(judged, Judged::Wrong)),
        groups: groups.len(),
        entries: named.collect::<BTreeSet<usize>>().len(),
    }
}
