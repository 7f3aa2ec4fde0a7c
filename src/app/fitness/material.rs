//! The questions of the probe: invented businesses, one file a language in `assets/fitness`.

use crate::domain::answer::CandidateKind;
use crate::domain::fitness::Language;
use serde::Deserialize;
use serde_json::Value;

/// Of each business, this many unanswerable questions are asked of the chat model.
pub(super) const UNKNOWN_EACH: usize = 3;

/// Everything that is asked in one language.
#[derive(Debug, Deserialize)]
pub(super) struct Material {
    /// The businesses.
    pub(super) businesses: Vec<Business>,
    /// Questions whose answers are written.
    pub(super) compose: Vec<Composition>,
    /// Words by which a model says that it does not know, lower-cased.
    pub(super) unknown: Vec<String>,
    /// The form that is filled in.
    pub(super) grammar: Form,
    /// What visitors may want done.
    pub(super) actions: Actions,
}

/// One business.
#[derive(Debug, Deserialize)]
pub(super) struct Business {
    pub(super) name: String,
    /// What its knowledge is made of.
    #[serde(default = "faq")]
    pub(super) kind: CandidateKind,
    pub(super) entries: Vec<Entry>,
    pub(super) questions: Vec<Question>,
    pub(super) unanswerable: Vec<String>,
}

const fn faq() -> CandidateKind {
    CandidateKind::Faq
}

/// An entry of its knowledge.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) body: String,
}

/// A question with the entries that answer it.
#[derive(Debug, Deserialize)]
pub(super) struct Question {
    pub(super) ask: String,
    pub(super) right: Vec<String>,
}

/// A question whose written answer is judged.
#[derive(Debug, Deserialize)]
pub(super) struct Composition {
    /// Place of the business.
    pub(super) business: usize,
    pub(super) ask: String,
    /// Facts that the answer must have, each in one of several wordings.
    pub(super) says: Vec<Vec<String>>,
    /// Facts of the passages that would make it a wrong answer.
    #[serde(rename = "not")]
    pub(super) never: Vec<String>,
}

/// A form with orders to be read into it.
#[derive(Debug, Deserialize)]
pub(super) struct Form {
    pub(super) instructions: String,
    pub(super) schema: Value,
    pub(super) cases: Vec<FormCase>,
}

/// One order.
#[derive(Debug, Deserialize)]
pub(super) struct FormCase {
    pub(super) text: String,
    pub(super) expect: Value,
}

/// What can be done, and what visitors write.
#[derive(Debug, Deserialize)]
pub(super) struct Actions {
    pub(super) tools: Vec<Doable>,
    pub(super) cases: Vec<ActionCase>,
}

/// Something that can be done.
#[derive(Debug, Deserialize)]
pub(super) struct Doable {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) schema: Value,
}

/// A message, and what is to be proposed.
#[derive(Debug, Deserialize)]
pub(super) struct ActionCase {
    pub(super) text: String,
    /// With which tool; none where nothing is to be proposed.
    #[serde(default)]
    pub(super) tool: Option<String>,
    /// With what.
    #[serde(default)]
    pub(super) args: Value,
}

impl Material {
    /// The questions in a language.
    pub(super) fn of(language: Language) -> Result<Self, serde_json::Error> {
        serde_json::from_str(match language {
            Language::En => include_str!("../../../assets/fitness/en.json"),
            Language::De => include_str!("../../../assets/fitness/de.json"),
        })
    }

    /// Answers that will be asked of a chat model.
    pub(super) fn chats(&self) -> usize {
        self.compose.len() + self.businesses.len() * UNKNOWN_EACH + self.grammar.cases.len() + self.actions.cases.len()
    }

    /// Texts that will be embedded, in questions.
    pub(super) fn questions(&self) -> usize {
        let asked = |business: &Business| business.questions.len() + business.unanswerable.len();
        self.businesses.iter().map(asked).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_language_has_enough_questions_and_they_fit_together() {
        for language in Language::ALL {
            let material = Material::of(language).unwrap();
            let answerable: usize = material
                .businesses
                .iter()
                .map(|business| business.questions.len())
                .sum();
            assert!(
                answerable >= 40 && material.questions() - answerable >= 30,
                "{language:?}"
            );
            assert!(
                material.compose.len() >= 12 && material.grammar.cases.len() >= 8,
                "{language:?}"
            );
            let cases = &material.actions.cases;
            let asked = cases.iter().filter(|case| case.tool.is_some()).count();
            assert!(asked >= 10 && cases.len() - asked >= 10, "{language:?}");
            for case in cases {
                let known = |tool: &String| material.actions.tools.iter().any(|known| known.name == *tool);
                assert!(case.tool.as_ref().is_none_or(known), "{}", case.text);
            }
            for business in &material.businesses {
                let ids: HashSet<&str> = business.entries.iter().map(|entry| entry.id.as_str()).collect();
                assert_eq!(ids.len(), business.entries.len(), "{}", business.name);
                for question in &business.questions {
                    let known = question.right.iter().all(|id| ids.contains(id.as_str()));
                    assert!(known && !question.right.is_empty(), "{}", question.ask);
                }
                assert!(business.unanswerable.len() >= UNKNOWN_EACH);
            }
            for composition in &material.compose {
                assert!(composition.business < material.businesses.len() && !composition.says.is_empty());
            }
        }
    }

    #[test]
    fn no_question_is_asked_twice() {
        for language in Language::ALL {
            let material = Material::of(language).unwrap();
            let mut seen = HashSet::new();
            for business in &material.businesses {
                for ask in business
                    .questions
                    .iter()
                    .map(|question| &question.ask)
                    .chain(&business.unanswerable)
                {
                    assert!(seen.insert(ask.clone()), "{ask}");
                }
            }
        }
    }
}
