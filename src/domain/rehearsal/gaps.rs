//! What knowledge is missing: questions without an answer that belong together, and documents that answer wrongly.

use super::sheet::{Rehearsed, Standing};
use crate::domain::answer::{content_words, is_function_word, stem};
use crate::domain::ids::RehearsalCaseId;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Questions shown of a gap.
const EXAMPLES: usize = 3;
/// Words that name a gap.
const NAMED_WITH: usize = 5;

/// Something that the AI does not know, or has wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What it is about: a document's title, or words that its questions share.
    pub about: String,
    /// A document answered, and wrongly: there is something, and it is not what was asked for, not true or not clear.
    pub is_document: bool,
    /// Questions that nothing answers.
    pub silent: u64,
    /// Questions that were answered wrongly.
    pub wrong: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// A question that shows a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its case.
    pub case_id: RehearsalCaseId,
    /// The question.
    pub question: String,
    /// What whoever judged it noted.
    pub note: Option<String>,
}

/// A gap that is still being filled.
struct Group<'a> {
    /// The document; none for questions without an answer.
    document: Option<&'a str>,
    /// Content words of its first question.
    words: HashSet<String>,
    cases: Vec<&'a Rehearsed<'a>>,
}

impl Group<'_> {
    /// Does a question belong here? It shares at least half of the content words of the shorter one with the first, and two, unless that has
    /// only one.
    fn has_room_for(&self, document: Option<&str>, words: &HashSet<String>) -> bool {
        if self.document.is_some() || document.is_some() {
            return self.document == document;
        }
        let shared = self.words.intersection(words).count();
        let shorter = self.words.len().min(words.len());
        shared > 0 && 2 * shared >= shorter && (shared > 1 || shorter == 1)
    }

    fn name(&self) -> String {
        if let Some(title) = self.document {
            return title.to_owned();
        }
        let Some(first) = self.cases.first() else {
            return String::new();
        };
        let others: Vec<HashSet<String>> = self.cases.iter().map(|case| content_words(case.question)).collect();
        let is_shared = |stem: &String| 2 * others.iter().filter(|words| words.contains(stem)).count() > others.len();
        let mut named = HashSet::new();
        let question: String = first.question.nfkc().collect();
        let words = question.unicode_words().filter(|word| {
            let lower = word.to_lowercase();
            let stem = stem(&lower).to_owned();
            !is_function_word(&lower) && is_shared(&stem) && named.insert(stem)
        });
        let words: Vec<&str> = words.take(NAMED_WITH).collect();
        if words.is_empty() {
            first.question.to_owned()
        } else {
            words.join(" ")
        }
    }

    fn finished(self) -> Gap {
        let wrong = self
            .cases
            .iter()
            .filter(|case| case.standing() == Standing::Wrong)
            .count() as u64;
        let examples = self.cases.iter().take(EXAMPLES).map(|case| Example {
            case_id: case.id,
            question: case.question.to_owned(),
            note: case.note.map(str::to_owned),
        });
        Gap {
            about: self.name(),
            is_document: self.document.is_some(),
            silent: self.cases.len() as u64 - wrong,
            wrong,
            examples: examples.collect(),
        }
    }
}

/// Groups what nothing answers, by words, and what was answered wrongly, by the document that the answer rests on. Each question is in one
/// group; in the order of `cases`, the first of a group decides who joins it.
pub(super) fn gaps(cases: &[Rehearsed<'_>]) -> Vec<Gap> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for case in cases {
        let Some(draft) = case.draft else { continue };
        let document = match case.standing() {
            Standing::Wrong => draft.sources.first().map(|source| source.title.as_str()),
            Standing::Silent if draft.lacks_knowledge() => None,
            _ => continue,
        };
        let words = content_words(case.question);
        match groups.iter_mut().find(|group| group.has_room_for(document, &words)) {
            Some(group) => group.cases.push(case),
            None => groups.push(Group {
                document,
                words,
                cases: vec![case],
            }),
        }
    }
    let mut gaps: Vec<Gap> = groups.into_iter().map(Group::finished).collect();
    gaps.sort_by_key(|gap| Reverse(gap.silent + gap.wrong));
    gaps
}
