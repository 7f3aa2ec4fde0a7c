//! A text as the features see it.

use crate::domain::answer::{KnownWords, is_function_word, stem};
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Words that turn a statement around, in the languages that shops here answer in. A language that is missing loses two of
/// some twenty features, nothing else.
const NEGATIONS: &str = " no not never none nothing neither nor without cannot unable nicht kein keine keinen keinem keiner nie niemals ohne \
    non pas jamais aucun aucune sans nunca ningún ninguna sin mai nessun nessuna senza geen niet nooit zonder ";

/// Numbers the words of a draft's texts, so that each is looked up once and then compared as a number.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashMap<String, Word>);

/// A word, lower-cased and cut to its stem, by its number in the vocabulary of its draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(usize);

impl Vocabulary {
    fn number(&mut self, word: &str) -> Word {
        if let Some(known) = self.0.get(word) {
            return *known;
        }
        let new = Word(self.0.len());
        self.0.insert(word.to_owned(), new);
        new
    }
}

/// One text, read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Every word in order.
    pub(super) words: Vec<Word>,
    /// The words that carry content, each once, in the order of their numbers.
    pub(super) content: Vec<Word>,
    /// Those of them that are numbers, likewise.
    pub(super) numbers: Vec<Word>,
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
    /// Three letters of 21 bits each: numbers are sorted several times faster than arrays.
    runs: Vec<(u64, f64)>,
    /// Length of the vector of those counts.
    length: f64,
}

impl Reading {
    pub(super) fn of(text: &str, vocabulary: &mut Vocabulary) -> Self {
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
                let number = vocabulary.number(if is_number { word } else { stem(word) });
                if is_number {
                    reading.numbers.push(number);
                }
                if !is_function_word(word) {
                    reading.content.push(number);
                }
                reading.words.push(number);
                last_word = word;
            }
            if reading.words.len() > before {
                said += 1;
                asked += usize::from(asks);
            }
        }
        for each_once in [&mut reading.content, &mut reading.numbers] {
            each_once.sort_unstable();
            each_once.dedup();
        }
        reading.asks = (said > 0).then(|| count(asked) / count(said));
        let ends = folded.trim_end().ends_with(|c: char| !c.is_alphanumeric());
        reading.breaks_off = !ends && is_function_word(last_word);
        reading.folded = folded;
        reading
    }

    /// Is this one of its words of content?
    pub(super) fn has(&self, word: Word) -> bool {
        self.content.binary_search(&word).is_ok()
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
        let mut pairs: Vec<&[Word]> = self.words.windows(2).collect();
        let all = pairs.len();
        pairs.sort_unstable();
        pairs.dedup();
        if all == 0 {
            0.0
        } else {
            count(all - pairs.len()) / count(all)
        }
    }
}

/// Lower case, one width, one kind of apostrophe; "do n't" as tokenisers write it joined again.
fn folded(text: &str) -> String {
    let text = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        // A price in euros does not make a text one that has to be composed anew.
        let text = match is_nfkc_quick(text.chars()) {
            IsNormalized::Yes => text.to_lowercase(),
            IsNormalized::No | IsNormalized::Maybe => text.nfkc().collect::<String>().to_lowercase(),
        };
        text.replace('’', "'")
    };
    if text.contains(" n't") || text.contains(" '") {
        text.replace(" n't", "n't").replace(" '", "'")
    } else {
        text
    }
}

fn is_negation(word: &str) -> bool {
    static KNOWN: LazyLock<KnownWords> = LazyLock::new(|| KnownWords::of(NEGATIONS));
    word.ends_with("n't") || KNOWN.has(word)
}

impl Letters {
    fn of(folded: &str) -> Self {
        let mut all: Vec<u64> = Vec::with_capacity(folded.len());
        let mut last = [' ', ' '];
        for c in folded.chars().chain([' ']) {
            let c = if c.is_alphanumeric() { c } else { ' ' };
            let [a, b] = last;
            if c == ' ' && b == ' ' {
                continue;
            }
            if b != ' ' || a != ' ' {
                all.push(u64::from(a) << 42 | u64::from(b) << 21 | u64::from(c));
            }
            last = [b, c];
        }
        all.sort_unstable();
        let runs: Vec<(u64, f64)> = all
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
pub(super) fn share<'a>(wanted: impl IntoIterator<Item = &'a Word>, present: impl Fn(Word) -> bool) -> Option<f64> {
    let (mut all, mut found) = (0_usize, 0_usize);
    for word in wanted {
        all += 1;
        found += usize::from(present(*word));
    }
    (all > 0).then(|| count(found) / count(all))
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
pub(super) const fn count(n: usize) -> f64 {
    n as f64
}
