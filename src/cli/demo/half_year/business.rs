//! The three invented businesses, as their files in `examples/demo/half-year/` tell of them.

use crate::cli::exit::Failure;
use crate::domain::policy::Hours;
use crate::domain::settings::AgentSettings;
use jiff::tz::TimeZone;
use serde::Deserialize;
use std::collections::HashMap;

/// The files of one business, in the binary.
struct Files {
    business: &'static str,
    policy: &'static str,
    faq: &'static str,
    launch: &'static str,
    mistake: &'static str,
    asked: &'static str,
}

macro_rules! files {
    ($name:literal, $faq:literal) => {
        Files {
            business: include_str!(concat!("../../../../examples/demo/half-year/", $name, "/business.toml")),
            policy: include_str!(concat!("../../../../examples/demo/half-year/", $name, "/policy.toml")),
            faq: include_str!(concat!("../../../../examples/demo/", $faq)),
            launch: include_str!(concat!("../../../../examples/demo/half-year/", $name, "/launch.json")),
            mistake: include_str!(concat!("../../../../examples/demo/half-year/", $name, "/mistake.json")),
            asked: include_str!(concat!("../../../../examples/demo/half-year/", $name, "/asked.jsonl")),
        }
    };
}

const ALL: [Files; 3] = [
    files!("quillhaven", "faq.json"),
    files!("lindenhof", "half-year/lindenhof/faq.json"),
    files!("saltmarsh", "half-year/saltmarsh/faq.json"),
];

/// A question of the FAQ with its answer, as the file of the knowledge has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, serde::Serialize)]
pub(super) struct Entry {
    pub(super) question: String,
    pub(super) answer: String,
}

/// What visitors ask about, in their words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The entry that answers it.
    pub(super) about: String,
    /// How it is asked.
    pub(super) ask: Vec<String>,
    /// How often, beside the others.
    #[serde(default = "one")]
    pub(super) weight: u32,
    /// The month of the year in which it is asked most; all the same, if there is none.
    #[serde(default)]
    pub(super) peak: Option<i8>,
    /// The month of the story in which it is asked first, from 1.
    #[serde(default = "one")]
    pub(super) from: u32,
}

const fn one() -> u32 {
    1
}

/// Somebody who works there.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    /// How long they read, as a multiple of what is usual.
    pub(super) speed: f64,
    /// How often they judge wrongly.
    pub(super) error: f64,
}

/// Words of visitors and of those who work there, beside questions and answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Talk {
    pub(super) hello: Vec<String>,
    pub(super) thanks: Vec<String>,
    pub(super) small: Vec<String>,
    pub(super) elsewhere: Vec<String>,
    pub(super) foreign: Vec<String>,
    pub(super) angry: Vec<String>,
    pub(super) more: Vec<String>,
    pub(super) person: Vec<String>,
    pub(super) spam: Vec<String>,
    pub(super) good: Vec<String>,
    pub(super) bad: Vec<String>,
    /// With `{answer}` in it.
    pub(super) reply: Vec<String>,
    pub(super) sorry: String,
    pub(super) lead: Vec<String>,
    pub(super) lead_label: String,
    pub(super) lead_asked: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    slug: String,
    name: String,
    time_zone: String,
    conversations_a_day: f64,
    agent: AgentSettings,
    people: Vec<Person>,
    talk: Talk,
}

#[derive(Debug, Deserialize)]
struct OfPolicy {
    hours: Hours,
}

/// A business.
#[derive(Debug, Clone)]
pub(super) struct Business {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) zone: TimeZone,
    pub(super) zone_name: String,
    pub(super) conversations_a_day: f64,
    pub(super) agent: AgentSettings,
    pub(super) people: Vec<Person>,
    pub(super) talk: Talk,
    pub(super) hours: Hours,
    pub(super) policy: &'static str,
    /// The knowledge at the beginning.
    pub(super) faq: Vec<Entry>,
    /// What a launch adds to it.
    pub(super) launch: Vec<Entry>,
    /// What is wrong of it in month four.
    pub(super) mistake: Vec<Entry>,
    pub(super) asked: Vec<Asked>,
    right: HashMap<String, String>,
    known: HashMap<String, usize>,
}

/// All three.
///
/// # Errors
/// A file that is damaged.
pub(super) fn all() -> Result<Vec<Business>, Failure> {
    ALL.iter().map(business).collect()
}

fn business(files: &Files) -> Result<Business, Failure> {
    let damaged = |what: &str, why: &dyn std::fmt::Display| {
        Failure::failed(format!("a file of the demo's half year is damaged ({what}: {why})"))
    };
    let written: Written = toml::from_str(files.business).map_err(|error| damaged("business.toml", &error))?;
    let of_policy: OfPolicy = toml::from_str(files.policy).map_err(|error| damaged("policy.toml", &error))?;
    let entries = |text: &str| serde_json::from_str::<Vec<Entry>>(text).map_err(|error| damaged("a FAQ", &error));
    let (faq, launch, mistake) = (entries(files.faq)?, entries(files.launch)?, entries(files.mistake)?);
    let asked = files.asked.lines().map(serde_json::from_str::<Asked>);
    let asked: Vec<Asked> = asked
        .collect::<Result<_, _>>()
        .map_err(|error| damaged("asked.jsonl", &error))?;
    let right = faq.iter().chain(&launch);
    let right = right
        .map(|entry| (entry.question.clone(), entry.answer.clone()))
        .collect();
    let known = asked
        .iter()
        .enumerate()
        .flat_map(|(at, asked)| asked.ask.iter().map(move |words| (words.clone(), at)))
        .collect();
    Ok(Business {
        zone: TimeZone::get(&written.time_zone).map_err(|error| damaged("its time zone", &error))?,
        zone_name: written.time_zone,
        slug: written.slug,
        name: written.name,
        conversations_a_day: written.conversations_a_day,
        agent: written.agent,
        people: written.people,
        talk: written.talk,
        hours: of_policy.hours,
        policy: files.policy,
        faq,
        launch,
        mistake,
        asked,
        right,
        known,
    })
}

impl Business {
    /// The right answer to what visitors ask.
    pub(super) fn right_answer(&self, asked: usize) -> &str {
        let about = self.asked.get(asked).map(|asked| asked.about.as_str());
        about.and_then(|about| self.right.get(about)).map_or("", String::as_str)
    }

    /// What a question is about, as whoever works there knows; none for what is nothing of theirs.
    pub(super) fn about(&self, question: &str) -> Option<usize> {
        let longest = self.known.iter().filter(|(words, _)| question.contains(words.as_str()));
        longest.max_by_key(|(words, at)| (words.len(), **at)).map(|(_, at)| *at)
    }

    /// Whether an answer is right: it has a sentence of the right one, and is not only about something else.
    pub(super) fn is_right(&self, asked: usize, answer: &str) -> bool {
        let answer = one_line(answer);
        sentences(&one_line(self.right_answer(asked))).any(|sentence| answer.contains(sentence))
    }

    /// Whether it is what the knowledge says while it is wrong.
    pub(super) fn is_by_mistake(&self, asked: usize, answer: &str) -> bool {
        let about = self.asked.get(asked).map(|asked| asked.about.as_str());
        let answer = one_line(answer);
        let mut wrong = self
            .mistake
            .iter()
            .filter(|entry| Some(entry.question.as_str()) == about);
        wrong.any(|entry| sentences(&one_line(&entry.answer)).any(|sentence| answer.contains(sentence)))
    }

    /// The knowledge's file.
    pub(super) fn file(&self, has_launch: bool, has_mistake: bool) -> Vec<u8> {
        let entries = self.faq.iter().chain(self.launch.iter().filter(|_| has_launch));
        let entries: Vec<Entry> = entries
            .map(|entry| {
                let wrong = self.mistake.iter().find(|wrong| wrong.question == entry.question);
                wrong.filter(|_| has_mistake).unwrap_or(entry).clone()
            })
            .collect();
        serde_json::to_vec_pretty(&entries).unwrap_or_default()
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Sentences long enough to tell answers apart.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(". ")
        .map(|part| part.trim_end_matches('.'))
        .filter(|part| part.len() >= 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_fit_together() {
        let all = all().unwrap();
        assert_eq!(all.len(), 3);
        for business in &all {
            assert!(business.faq.len() >= 25, "{}", business.slug);
            business.agent.check().unwrap();
            for (at, asked) in business.asked.iter().enumerate() {
                assert!(!business.right_answer(at).is_empty(), "{}", asked.about);
                assert!(business.is_right(at, business.right_answer(at)), "{}", asked.about);
                for words in &asked.ask {
                    assert_eq!(
                        business
                            .about(&format!("Hi! {words} Thanks."))
                            .map(|at| &business.asked[at].about),
                        Some(&asked.about),
                        "{words}"
                    );
                }
            }
            for wrong in &business.mistake {
                let at = business
                    .asked
                    .iter()
                    .position(|asked| asked.about == wrong.question)
                    .unwrap();
                assert!(!business.is_right(at, &wrong.answer), "{}", wrong.question);
                assert!(business.is_by_mistake(at, &wrong.answer));
            }
            assert!(business.talk.reply.iter().all(|reply| reply.contains("{answer}")));
        }
    }
}
