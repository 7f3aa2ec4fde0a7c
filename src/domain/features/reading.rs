//! A text as the features see it.

use crate::domain::answer::{is_function_word, stem};
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::HashSet;
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
    /// Share of its sentences that are questions; none where it has no words.
    pub(super) asks: Option<f64>,
    /// Does it end in the middle: with a function word and without a full stop?
    pub(super) breaks_off: bool,
    /// In lower case, for its letters.
    folded: String,
    letters: OnceCell<Letters>,
}

/// Times each run of three letters occurs, in the order of the runs.
#[derive(Debug, Clone, Default)]
struct Letters {
    runs: Vec<([char; 3], f64)>,
    /// Length of the vector of those counts.
    length: f64,
}

impl Reading {
    pub(super) fn of(text: &str) -> Self {
        let folded = folded(text);
        let mut reading = Self::default();
        let mut last_word = "";
        let (mut said, mut asked) = (0, 0);
        // Where nothing is asked, nothing depends on where a sentence ends; finding that out costs more than all the rest.
        let sentences: Vec<&str> = if folded.contains(['?', '？']) {
            folded.unicode_sentences().collect()
        } else {
            vec![&folded]
        };
        for sentence in sentences {
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
                last_word = word;
            }
            if reading.words.len() > before {
                said += 1;
                asked += usize::from(asks);
            }
        }
        reading.asks = (said > 0).then(|| count(asked) / count(said));
        let ends = folded.trim_end().ends_with(|c: char| !c.is_alphanumeric());
        reading.breaks_off = !ends && is_function_word(last_word);
        reading.folded = folded;
        reading
    }

    /// Is this one of its words of content?
    pub(super) fn has(&self, word: &str) -> bool {
        self.content.contains(word)
    }

    /// Cosine of the counts of letter triples, `0.0..=1.0`; 0 where a text has none.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        self.letters().cosine(other.letters())
    }

    fn letters(&self) -> &Letters {
        self.letters.get_or_init(|| Letters::of(&self.folded))
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
    let text = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().collect::<String>().to_lowercase().replace('’', "'")
    };
    if text.contains(" n't") || text.contains(" '") {
        text.replace(" n't", "n't").replace(" '", "'")
    } else {
        text
    }
}

fn is_negation(word: &str) -> bool {
    static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| NEGATIONS.split_ascii_whitespace().collect());
    word.ends_with("n't") || KNOWN.contains(word)
}

impl Letters {
    fn of(folded: &str) -> Self {
        let mut all: Vec<[char; 3]> = Vec::with_capacity(folded.len());
        let mut last = [' ', ' '];
        for c in folded.chars().chain([' ']) {
            let c = if c.is_alphanumeric() { c } else { ' ' };
            let [a, b] = last;
            if c == ' ' && b == ' ' {
                continue;
            }
            if b != ' ' || a != ' ' {
                all.push([a, b, c]);
            }
            last = [b, c];
        }
        all.sort_unstable();
        let runs: Vec<([char; 3], f64)> = all
            .chunk_by(|a, b| a == b)
            .filter_map(|same| Some((*same.first()?, count(same.len()))))
            .collect();
        let length = runs.iter().map(|(_, n)| n * n).sum::<f64>().sqrt();
        Self { runs, length }
    }

    /// Cosine of the counts, `0.0..=1.0`; 0 where one has none.
    fn cosine(&self, other: &Self) -> f64 {
        let (mut ours, mut theirs) = (self.runs.iter().peekable(), other.runs.iter().peekable());
        let mut both = 0.0;
        while let (Some((run, n)), Some((other, m))) = (ours.peek(), theirs.peek()) {
            match run.cmp(other) {
                Ordering::Less => _ = ours.next(),
                Ordering::Greater => _ = theirs.next(),
                Ordering::Equal => {
                    both += n * m;
                    ours.next();
                    theirs.next();
                }
            }
        }
        let lengths = self.length * other.length;
        if lengths > 0.0 { both / lengths } else { 0.0 }
    }
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
