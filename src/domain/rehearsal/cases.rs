//! The questions of a rehearsal, collected from whatever a file holds.
//!
//! Nothing is lost in silence: what cannot be used is named with its place, what is asked twice and what is too much is counted.

use crate::domain::conversation::Author;
use crate::domain::text::{AnswerText, TextError, VisitorText, clean};
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Questions of one rehearsal at most: what can be judged in an afternoon.
pub const MOST_CASES: usize = 500;
/// What cannot be used is named up to this number, and counted beyond it.
pub const MOST_NAMED: usize = 200;
/// What was said before a question is kept from its end on, up to so many characters: more reaches no prompt.
const MOST_HISTORY_CHARS: usize = 12_000;
/// Longest name that a file may give a question; the rest is cut off.
const MOST_ID_CHARS: usize = 200;

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Who said it.
    pub author: Author,
    /// What.
    pub text: String,
}

/// A question of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Where it stands in the file, from 1.
    pub line: usize,
    /// What the file calls it.
    pub id: Option<String>,
    /// The question.
    pub question: String,
    /// What a person answered then.
    pub answer: Option<String>,
    /// When it was asked.
    pub at: Option<Timestamp>,
    /// What was said before, oldest first.
    pub history: Vec<Line>,
}

/// A row, or a question of it, that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Where, from 1.
    pub row: usize,
    /// Why, as a sentence.
    pub why: String,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reading {
    /// Rows that hold something.
    pub rows: usize,
    /// Rows and questions that could not be used.
    pub unusable: usize,
    /// The first of them, in order: [`MOST_NAMED`] at most.
    pub skipped: Vec<Skipped>,
    /// Questions of chats that no person answered.
    pub unanswered: usize,
    /// Questions asked before in the same words.
    pub repeated: usize,
    /// Questions beyond the number that was wished.
    pub left_out: usize,
}

/// Collects questions.
#[derive(Debug, Default)]
pub struct Collector {
    /// By wording, so that each is asked once.
    cases: HashMap<[u8; 32], Case>,
    reading: Reading,
}

impl Collector {
    /// A row begins that holds something.
    pub const fn row(&mut self) {
        self.reading.rows += 1;
    }

    /// Something cannot be used.
    pub fn skip(&mut self, row: usize, why: impl Into<String>) {
        self.reading.unusable += 1;
        if self.reading.skipped.len() < MOST_NAMED {
            self.reading.skipped.push(Skipped { row, why: why.into() });
        }
    }

    /// A question, with what was answered if it is known, and what was said before.
    pub fn question(&mut self, row: usize, asked: Case) {
        match usable(asked) {
            Ok(case) => match self.cases.entry(wording(&case)) {
                Entry::Occupied(_) => self.reading.repeated += 1,
                Entry::Vacant(place) => {
                    place.insert(case);
                }
            },
            Err(why) => self.skip(row, why),
        }
    }

    /// A chat: each time a visitor was answered by a person is a question, with what was said before it.
    pub fn chat(&mut self, row: usize, id: Option<&str>, at: Option<Timestamp>, said: &[Line]) {
        let said: Vec<&Line> = said.iter().filter(|line| line.author != Author::System).collect();
        let mut asked = 0;
        let mut at_line = 0;
        while let Some(begins) = position(&said, at_line, |author| author == Author::Visitor) {
            let answered = position(&said, begins, |author| author != Author::Visitor).unwrap_or(said.len());
            let next = position(&said, answered, |author| author == Author::Visitor).unwrap_or(said.len());
            at_line = next;
            let answers = said.get(answered..next).unwrap_or_default();
            let answer = joined(answers.iter().filter(|line| line.author == Author::Person));
            if answer.is_empty() {
                self.reading.unanswered += 1;
                continue;
            }
            asked += 1;
            let name = id.map(|id| {
                if asked == 1 {
                    id.to_owned()
                } else {
                    format!("{id}#{asked}")
                }
            });
            let question = joined(said.get(begins..answered).unwrap_or_default().iter());
            let history = said.get(..begins).unwrap_or_default();
            self.question(
                row,
                Case {
                    line: row,
                    id: name,
                    question,
                    answer: Some(answer),
                    at,
                    history: history.iter().map(|line| (*line).clone()).collect(),
                },
            );
        }
    }

    /// The questions, at most `most`, and what became of the rest.
    ///
    /// They come in the order of a hash of their wording, and the first of it are taken: the same file gives the same questions,
    /// and however many of them are drafted and judged, they are like a random sample of the file.
    pub fn finish(self, most: usize) -> (Vec<Case>, Reading) {
        let Self { cases, mut reading } = self;
        let mut cases: Vec<([u8; 32], Case)> = cases.into_iter().collect();
        cases.sort_unstable_by_key(|(wording, _)| *wording);
        reading.left_out = cases.len().saturating_sub(most);
        let taken = cases.into_iter().take(most).map(|(_, case)| case);
        (taken.collect(), reading)
    }
}

fn position(said: &[&Line], from: usize, is_it: impl Fn(Author) -> bool) -> Option<usize> {
    let found = said.iter().skip(from).position(|line| is_it(line.author))?;
    Some(from + found)
}

fn joined<'a>(lines: impl Iterator<Item = &'a &'a Line>) -> String {
    let texts: Vec<&str> = lines
        .map(|line| line.text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    texts.join("\n")
}

/// The case as it is kept, or why it cannot be.
fn usable(asked: Case) -> Result<Case, String> {
    let refused = |what: &str, error: TextError| match error {
        TextError::TooLong { chars, max, .. } => {
            format!("the {what} has {chars} characters, but at most {max} are allowed")
        }
        _ => format!("it has no {what}"),
    };
    let question = VisitorText::parse(&asked.question).map_err(|error| refused("question", error))?;
    let answer = asked.answer.filter(|answer| !answer.trim().is_empty());
    let answer = answer.map(|answer| AnswerText::parse(&answer).map_err(|error| refused("answer", error)));
    let id = asked
        .id
        .map(|id| clean(&id).chars().take(MOST_ID_CHARS).collect::<String>());
    let history = asked.history.into_iter().map(|line| Line {
        text: clean(&line.text),
        ..line
    });
    Ok(Case {
        question: question.into(),
        answer: answer.transpose()?.map(String::from),
        id: id.filter(|id| !id.is_empty()),
        history: latest(history.filter(|line| !line.text.is_empty()).collect()),
        ..asked
    })
}

/// What was said last, as far as it is kept.
fn latest(mut history: Vec<Line>) -> Vec<Line> {
    let mut left = MOST_HISTORY_CHARS;
    let kept = history.iter().rev().take_while(|line| {
        let chars = line.text.chars().count();
        let fits = chars <= left;
        left = left.saturating_sub(chars);
        fits
    });
    let kept = kept.count();
    history.drain(..history.len() - kept);
    history
}

/// What makes a question the same: its words and those before it, whatever their case, punctuation and spaces.
fn wording(case: &Case) -> [u8; 32] {
    let mut hash = Sha256::new();
    let texts = case.history.iter().map(|line| line.text.as_str());
    for text in texts.chain([case.question.as_str()]) {
        let words = folded(text);
        hash.update((words.len() as u64).to_be_bytes());
        hash.update(words.as_bytes());
    }
    hash.finalize().into()
}

fn folded(text: &str) -> String {
    let lower = text.nfkc().collect::<String>().to_lowercase();
    let words = lower.unicode_words().collect::<Vec<_>>().join(" ");
    // Signs alone are told apart as they stand.
    if words.is_empty() {
        lower.trim().to_owned()
    } else {
        words
    }
}
