//! A text as the features see it.

use crate::domain::answer::{is_function_word, stem};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Words that turn a statement around, in the languages that shops here answer in. A language that is missing loses two of
/// some twenty features, nothing else.
const NEGATIONS: &str = " no not never none nothing neither nor without cannot unable nicht kein keine keinen keinem keiner nie niemals ohne \
    non pas jamais aucun aucune sans nunca ningún ninguna sin mai nessun nessuna senza geen niet nooit zonder ";

/// One text, read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Every word, lower-cased, cut to its stem, in order.
    pub(super) words: Vec<String>,
    /// The words that carry content.
    pub(super) content: HashSet<String>,
    /// Those of them that are numbers.
    pub(super) numbers: HashSet<String>,
    /// Words that negate, outside of questions.
    pub(super) negations: usize,
    /// Sentences.
    pub(super) sentences: usize,
    /// Sentences that end with a question mark.
    pub(super) questions: usize,
    /// Does it end in the middle: with a function word and without a full stop?
    pub(super) breaks_off: bool,
    /// Times each run of three letters occurs.
    trigrams: HashMap<[char; 3], f64>,
}

impl Reading {
    pub(super) fn of(text: &str) -> Self {
        let folded = folded(text);
        let mut reading = Self::default();
        let mut last_word = String::new();
        for sentence in folded.unicode_sentences() {
            let asks = sentence.trim_end().ends_with(['?', '？']);
            let before = reading.words.len();
            for word in sentence.unicode_words() {
                if !asks && is_negation(word) {
                    reading.negations += 1;
                }
                let is_number = word.starts_with(|c: char| c.is_ascii_digit());
                let stem = if is_number { word.to_owned() } else { stem(word) };
                if is_number {
                    reading.numbers.insert(stem.clone());
                }
                if !is_function_word(word) {
                    reading.content.insert(stem.clone());
                }
                reading.words.push(stem);
                word.clone_into(&mut last_word);
            }
            if reading.words.len() > before {
                reading.sentences += 1;
                reading.questions += usize::from(asks);
            }
        }
        let ends = folded.trim_end().ends_with(|c: char| !c.is_alphanumeric());
        reading.breaks_off = !ends && is_function_word(&last_word);
        reading.trigrams = trigrams(&folded);
        reading
    }

    /// Is this one of its words of content?
    pub(super) fn has(&self, word: &str) -> bool {
        self.content.contains(word)
    }

    /// Cosine of the counts of letter triples, `0.0..=1.0`; 0 where a text has none.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let length = |text: &Self| text.trigrams.values().map(|n| n * n).sum::<f64>().sqrt();
        let both: f64 = self
            .trigrams
            .iter()
            .filter_map(|(triple, n)| Some(n * other.trigrams.get(triple)?))
            .sum();
        let lengths = length(self) * length(other);
        if lengths > 0.0 { both / lengths } else { 0.0 }
    }

    /// Share of the runs of two words that occurred before, `0.0..=1.0`: a model that has got stuck repeats itself.
    pub(super) fn repeats(&self) -> f64 {
        let mut seen = HashSet::new();
        let pairs = self.words.len().saturating_sub(1);
        let again = self.words.windows(2).filter(|pair| !seen.insert(*pair)).count();
        if pairs == 0 { 0.0 } else { count(again) / count(pairs) }
    }
}

/// Lower case, one width, one kind of apostrophe; "do n't" as tokenisers write it joined again.
fn folded(text: &str) -> String {
    let text: String = text.nfkc().collect::<String>().to_lowercase();
    text.replace('’', "'").replace(" n't", "n't").replace(" '", "'")
}

fn is_negation(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| NEGATIONS.split_ascii_whitespace().collect());
    word.ends_with("n't") || KNOWN.contains(word)
}

fn trigrams(folded: &str) -> HashMap<[char; 3], f64> {
    let mut counts = HashMap::new();
    let mut last = [' ', ' '];
    for c in folded.chars().chain([' ']) {
        let c = if c.is_alphanumeric() { c } else { ' ' };
        let [a, b] = last;
        if c == ' ' && b == ' ' {
            continue;
        }
        if b != ' ' || a != ' ' {
            *counts.entry([a, b, c]).or_insert(0.0) += 1.0;
        }
        last = [b, c];
    }
    counts
}

/// Share of `wanted` that is in `present`; `None` when nothing is wanted.
pub(super) fn share<'a>(wanted: impl Iterator<Item = &'a String>, present: impl Fn(&str) -> bool) -> Option<f64> {
    let (mut all, mut found) = (0_usize, 0_usize);
    for word in wanted {
        all += 1;
        found += usize::from(present(word));
    }
    (all > 0).then(|| count(found) / count(all))
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}
