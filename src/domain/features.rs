//! What is measured of a draft, as numbers for the score.
//!
//! One vector for every draft, whatever was measured of it: a feature that was not measured is NaN, and the score takes it
//! for usual. [`CATALOGUE`] names each feature, says what it means and what is believed of it before any verdict.
//! Nothing here knows a verdict, a correction or a rating.

mod catalogue;
mod reading;

pub use catalogue::{CATALOGUE, Feature, baseline_of, baseline_prior, prior};

use crate::domain::answer::{Signals, unsupported};
use crate::domain::screening::Screening;
use reading::{Reading, Vocabulary, Word, count, share};

/// The words of a draft: all that is known of it where nothing else was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Texts<'a> {
    /// What the visitor asked.
    pub question: &'a str,
    /// What the answer rests on; none where it rests on nothing.
    pub passage: Option<&'a str>,
    /// The draft.
    pub answer: &'a str,
    /// What the question is about: the business, the product. Empty where it is not known.
    pub about: &'a str,
    /// What the passage is about, where that is known apart from its text.
    pub passage_about: Option<&'a str>,
}

/// The features of a draft of which only the words are known, in the catalogue's order; what needs more than words is NaN.
pub fn of_texts(texts: &Texts<'_>) -> Vec<f64> {
    measured(&Words::read(texts, None))
}

/// The features of a draft as it is made: its words, what was measured of it and what was noticed about it.
pub fn of_draft(texts: &Texts<'_>, signals: &Signals, screening: &Screening) -> Vec<f64> {
    measured(&Words::read(texts, Some((signals, screening))))
}

fn measured(words: &Words<'_>) -> Vec<f64> {
    CATALOGUE
        .iter()
        .map(|feature| (feature.measure)(words).unwrap_or(f64::NAN))
        .collect()
}

/// Everything that is read of a draft, once.
#[derive(Debug, Default)]
struct Words<'a> {
    /// What was measured and noticed when it was made, if it is a draft of ours.
    signals: Option<&'a Signals>,
    screening: Option<&'a Screening>,
    question: Reading,
    answer: Reading,
    /// The passage's own question or title, if it begins with one.
    title: Option<Reading>,
    /// The passage without it; none where the answer rests on nothing.
    body: Option<Reading>,
    /// Words of what the question is about.
    about: Option<Reading>,
    /// Words of what the passage is about.
    passage_about: Option<Reading>,
    /// Numbers, prices, dates and names of the answer that stand nowhere else.
    unsupported: usize,
}

impl<'a> Words<'a> {
    fn read(texts: &Texts<'_>, made: Option<(&'a Signals, &'a Screening)>) -> Self {
        let mut vocabulary = Vocabulary::default();
        let mut read = |text: &str| Reading::of(text, &mut vocabulary);
        let passage = texts.passage.filter(|passage| !passage.trim().is_empty());
        let (title, body) = passage.map_or((None, None), |passage| {
            let (title, body) = parted(passage, texts.question);
            (title.map(&mut read), Some(read(body)))
        });
        let is_something = |text: &&str| !text.trim().is_empty();
        let sources: Vec<&str> = [Some(texts.question), passage, Some(texts.about), texts.passage_about]
            .into_iter()
            .flatten()
            .collect();
        Self {
            signals: made.map(|(signals, _)| signals),
            screening: made.map(|(_, screening)| screening),
            question: read(texts.question),
            answer: read(texts.answer),
            title,
            body,
            about: Some(texts.about).filter(is_something).map(&mut read),
            passage_about: texts.passage_about.filter(is_something).map(&mut read),
            // The draft's own count knows all its sources.
            unsupported: made.map_or_else(
                || unsupported(texts.answer, &sources, "").len(),
                |(signals, _)| signals.unsupported.len(),
            ),
        }
    }

    /// What was measured, where the probabilities of what the LLM wrote are known to tell right from wrong.
    fn probabilities(&self) -> Option<&'a Signals> {
        self.signals.filter(|signals| signals.probabilities_tell)
    }

    /// The content words that are asked for, without the name of what they are asked about.
    fn asked(&self) -> impl Iterator<Item = &Word> {
        self.question.content.iter().filter(|word| !self.names_subject(**word))
    }

    /// How much the passage's title, or the passage that has none, is like the question, `0.0..=1.0`.
    fn matching(&self) -> Option<f64> {
        Some(self.question.similarity(self.title.as_ref().or(self.body.as_ref())?))
    }

    /// Tells of a word whether the passage has it; none where the answer rests on nothing.
    fn passage(&self) -> Option<impl Fn(Word) -> bool + '_> {
        let body = self.body.as_ref()?;
        Some(|word: Word| body.has(word) || self.title.as_ref().is_some_and(|title| title.has(word)))
    }

    /// Share of what the passage says, its subject's name aside, that the answer says.
    fn used(&self) -> Option<f64> {
        let said = self
            .body
            .as_ref()?
            .content
            .iter()
            .filter(|word| !self.names_subject(**word));
        share(said, |word| self.answer.has(word))
    }

    fn names_subject(&self, word: Word) -> bool {
        let names = |reading: &Option<Reading>| reading.as_ref().is_some_and(|about| about.has(word));
        names(&self.about) || names(&self.passage_about)
    }
}

/// The title of a passage and the rest: the question asked, word for word, or a first sentence that is a question.
fn parted<'a>(passage: &'a str, question: &str) -> (Option<&'a str>, &'a str) {
    let passage = passage.trim();
    let question = question.trim();
    let prefix = passage
        .get(..question.len())
        .filter(|start| !start.is_empty() && start.eq_ignore_ascii_case(question));
    let length = prefix.map(str::len).or_else(|| {
        let end = passage.find(['?', '？'])?;
        let before_any_full_stop = passage.find(['.', '!', '\n']).is_none_or(|stop| end < stop);
        before_any_full_stop.then(|| {
            end + passage
                .get(end..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        })
    });
    match length.and_then(|at| passage.split_at_checked(at)) {
        Some((title, body)) if !body.trim_start_matches(['?', '.', ' ']).is_empty() => (Some(title), body.trim()),
        _ => (None, passage),
    }
}

#[cfg(test)]
mod tests;
