//! What the chat model can do with what the embedder finds: write from it, say that it does not know, fill in a form.

use super::material::{Composition, Material, UNKNOWN_EACH};
use super::reading::{counted, telling_apart};
use super::{Ask, ProbeError, acting};
use crate::app::knowledge::Shelf;
use crate::domain::answer::{AllowedModes, AnswerMode, ChatMessage, Role, compose_prompt, unsupported};
use crate::domain::fitness::{Ability, Allowance, Finding, Gauge, Language, Measure, written_in};
use crate::domain::settings::AgentSettings;
use crate::engine::{self, ChatAnswer, ChatRequest, EngineError};
use serde_json::Value;
use std::time::Duration;

/// Longest time for one answer: nobody waits for it, and a busy machine serves visitors first.
const DEADLINE: Duration = Duration::from_mins(5);
/// Longest answer, in tokens.
const TOKENS: u32 = 120;
/// A full engine is asked again this often, after this long.
const PATIENCE: (u32, Duration) = (60, Duration::from_secs(1));

/// Writing alone, as an agent that may not quote.
const WRITING: Allowance = Allowance::only(AllowedModes {
    verified: false,
    nearby: false,
    quote: false,
    compose: true,
});

/// A question with the passages that the pipeline hands to the chat model.
struct Task<'a> {
    business: &'a str,
    question: &'a str,
    passages: Vec<(&'a str, &'a str)>,
    mode: AnswerMode,
}

/// Finds the passages of a question as a turn does.
async fn task<'a>(
    ask: &Ask<'_>,
    material: &'a Material,
    shelves: &[Shelf],
    at: usize,
    question: &'a str,
) -> Result<Option<Task<'a>>, ProbeError> {
    let (Some(business), Some(shelf)) = (material.businesses.get(at), shelves.get(at)) else {
        return Ok(None);
    };
    let vectors = Shelf::questions(&ask.client, &[question.to_owned()]).await?;
    let near = shelf.near(vectors.first().map(Vec::as_slice).unwrap_or_default())?;
    let (choice, places) = Shelf::choice(question, &near, WRITING);
    let passages = places.iter().filter_map(|place| business.entries.get(*place));
    Ok(Some(Task {
        business: &business.name,
        question,
        passages: passages
            .map(|entry| (entry.title.as_str(), entry.body.as_str()))
            .collect(),
        mode: choice.mode,
    }))
}

/// Asks everything, and judges. `reads`: what the embedder was found able to do, which abstaining rests on too.
pub(super) async fn write(
    ask: &Ask<'_>,
    language: Language,
    material: &Material,
    shelves: &[Shelf],
    reads: &[Finding],
) -> Result<Vec<Finding>, ProbeError> {
    let mut written = Vec::new();
    let compose = compositions(ask, language, material, shelves, &mut written).await?;
    let unknown = unknown(ask, material, shelves, &mut written).await?;
    let separates = reads
        .iter()
        .filter(|finding| finding.ability == Ability::Abstain)
        .flat_map(|finding| finding.measures.iter().copied());
    let abstain: Vec<Measure> = separates.chain(unknown).collect();
    Ok(vec![
        Finding::of(Ability::Compose, language, compose.into_iter().collect(), None),
        Finding::of(Ability::Abstain, language, abstain, None),
        forms(ask, language, material).await?,
        acting::act(ask, language, material).await?,
        doubt(language, &written),
    ])
}

/// An answer that the chat model gave, rather than saying that it does not know.
#[derive(Debug, Clone, Copy)]
struct Written {
    is_right: bool,
    /// Mean log-probability of its tokens; not every engine tells.
    mean_logprob: Option<f64>,
}

/// Whether the probability of what is written tells right from wrong.
fn doubt(language: Language, written: &[Written]) -> Finding {
    let told: Vec<(bool, f64)> = written
        .iter()
        .filter_map(|answer| Some((answer.is_right, answer.mean_logprob?)))
        .collect();
    let why = if told.len() < written.len() {
        Some("the engine does not tell how probable its answers are".to_owned())
    } else if told.iter().all(|(is_right, _)| *is_right) || !told.iter().any(|(is_right, _)| *is_right) {
        Some("there were not both right and wrong answers to tell apart".to_owned())
    } else {
        None
    };
    let measure = telling_apart(Gauge::ProbabilitiesTell, &told).filter(|_| why.is_none());
    Finding::of(Ability::Doubt, language, measure.into_iter().collect(), why)
}

async fn compositions(
    ask: &Ask<'_>,
    language: Language,
    material: &Material,
    shelves: &[Shelf],
    written: &mut Vec<Written>,
) -> Result<Option<Measure>, ProbeError> {
    let mut right = Vec::with_capacity(material.compose.len());
    for composition in &material.compose {
        let passes = match task(ask, material, shelves, composition.business, &composition.ask).await? {
            // What is not near enough to be written about would not have been written at all.
            Some(task) if task.mode == AnswerMode::Compose => {
                let ChatAnswer { text, logprobs, .. } = answer(ask, &task).await?;
                let fault = fault(&text, composition, &task, language, &material.unknown);
                let mean_logprob = logprobs.map(|logprobs| logprobs.mean);
                tracing::debug!(question = task.question, answer = %text, ?fault, mean_logprob, "composed");
                if fault != Some(Fault::SaysUnknown) {
                    written.push(Written {
                        is_right: fault.is_none(),
                        mean_logprob,
                    });
                }
                fault.is_none()
            }
            _ => false,
        };
        right.push(passes);
        ask.progress.advance(1);
    }
    Ok(counted(Gauge::RightlyWritten, &right, |passes| passes))
}

/// What is wrong with a written answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    SaysUnknown,
    FactMissing,
    WrongFact,
    Unsupported,
    OtherLanguage,
}

fn fault(
    text: &str,
    composition: &Composition,
    task: &Task<'_>,
    language: Language,
    unknown: &[String],
) -> Option<Fault> {
    let mut known = vec![task.business];
    known.extend(task.passages.iter().flat_map(|(title, body)| [*title, *body]));
    if says_unknown(text, unknown) {
        Some(Fault::SaysUnknown)
    } else if !composition
        .says
        .iter()
        .all(|wordings| wordings.iter().any(|words| says(text, words)))
    {
        Some(Fault::FactMissing)
    } else if composition
        .never
        .iter()
        .any(|words| leads_with(text, words, &composition.says))
    {
        Some(Fault::WrongFact)
    } else if !unsupported(text, &known, task.question).is_empty() {
        Some(Fault::Unsupported)
    } else if !written_in(text, language) {
        Some(Fault::OtherLanguage)
    } else {
        None
    }
}

fn says_unknown(text: &str, unknown: &[String]) -> bool {
    let lower = text.to_lowercase().replace('’', "'");
    unknown.iter().any(|words| lower.contains(words.as_str()))
}

/// Does the text contain these words, from the beginning of a word, and a number not as a part of a longer one?
fn says(text: &str, words: &str) -> bool {
    place_of(text, words).is_some()
}

fn place_of(text: &str, words: &str) -> Option<usize> {
    let lower = text.to_lowercase();
    let in_number = |before: &str, after: &str| {
        let digit = |c: char| c.is_ascii_digit();
        let point = |c: char| matches!(c, '.' | ',');
        let mut following = after.chars();
        let next = following.next();
        before.ends_with(char::is_alphanumeric)
            || before.strip_suffix(point).is_some_and(|rest| rest.ends_with(digit))
            || next.is_some_and(digit)
            || (next.is_some_and(point) && following.next().is_some_and(digit) && !words.ends_with(point))
    };
    let figure = words.ends_with(|c: char| c.is_ascii_digit());
    lower.match_indices(words).map(|(at, _)| at).find(|at| {
        let (before, rest) = lower.split_at_checked(*at).unwrap_or_default();
        let after = rest.strip_prefix(words).unwrap_or_default();
        if figure {
            !in_number(before, after)
        } else {
            !before.ends_with(char::is_alphanumeric)
        }
    })
}

/// Does a wrong fact come before every right one? An answer may name the other prices too, but not instead.
fn leads_with(text: &str, wrong: &str, says: &[Vec<String>]) -> bool {
    let right = says.iter().flatten().filter_map(|words| place_of(text, words)).min();
    match (place_of(text, wrong), right) {
        (Some(wrong), Some(right)) => wrong < right,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

async fn unknown(
    ask: &Ask<'_>,
    material: &Material,
    shelves: &[Shelf],
    written: &mut Vec<Written>,
) -> Result<Option<Measure>, ProbeError> {
    let mut said = Vec::new();
    for (at, business) in material.businesses.iter().enumerate() {
        for question in business.unanswerable.iter().take(UNKNOWN_EACH) {
            if let Some(task) = task(ask, material, shelves, at, question).await? {
                let ChatAnswer { text, logprobs, .. } = answer(ask, &task).await?;
                tracing::debug!(question, answer = %text, "asked for what is not there");
                let says_unknown = says_unknown(&text, &material.unknown);
                if !says_unknown {
                    written.push(Written {
                        is_right: false,
                        mean_logprob: logprobs.map(|logprobs| logprobs.mean),
                    });
                }
                said.push(says_unknown);
            }
            ask.progress.advance(1);
        }
    }
    Ok(counted(Gauge::SaysUnknown, &said, |said| said))
}

/// What the chat model writes, prompted as in a turn.
async fn answer(ask: &Ask<'_>, task: &Task<'_>) -> Result<ChatAnswer, ProbeError> {
    let instructions = AgentSettings::default().instructions;
    let messages = compose_prompt(&instructions, task.question, &task.passages, &[]);
    Ok(chat(ask, messages, None).await?)
}

async fn forms(ask: &Ask<'_>, language: Language, material: &Material) -> Result<Finding, ProbeError> {
    let form = &material.grammar;
    let (mut right, mut valid) = (Vec::new(), 0_usize);
    for case in &form.cases {
        let messages = vec![
            ChatMessage::new(Role::System, form.instructions.clone()),
            ChatMessage::new(Role::User, case.text.clone()),
        ];
        let text = match chat(ask, messages, Some(form.schema.clone())).await {
            Ok(answer) => answer.text,
            // The engine says that it cannot do this at all.
            Err(EngineError::Protocol { detail }) => {
                ask.progress.advance(form.cases.len() - right.len());
                return Ok(Finding::of(Ability::Grammar, language, Vec::new(), Some(detail)));
            }
            Err(error) => return Err(error.into()),
        };
        let filled: Option<Value> = serde_json::from_str(text.trim()).ok();
        valid += usize::from(filled.is_some());
        tracing::debug!(order = case.text, answer = %text, "filled in");
        right.push(filled.is_some_and(|filled| filled == case.expect));
        ask.progress.advance(1);
    }
    let measure = counted(Gauge::RightlyFilled, &right, |right| right);
    // Whoever follows a schema writes JSON, if not the right values.
    if valid == 0 {
        let why = "the engine does not make answers follow a schema".to_owned();
        return Ok(Finding::of(Ability::Grammar, language, Vec::new(), Some(why)));
    }
    Ok(Finding::of(
        Ability::Grammar,
        language,
        measure.into_iter().collect(),
        None,
    ))
}

pub(super) async fn chat(
    ask: &Ask<'_>,
    messages: Vec<ChatMessage>,
    schema: Option<Value>,
) -> Result<ChatAnswer, EngineError> {
    let request = ChatRequest {
        messages: messages.into_iter().map(for_engine).collect(),
        max_tokens: Some(TOKENS),
        temperature: 0.0,
        seed: Some(0),
        // A form's own probabilities say nothing about what it would be without the schema.
        logprobs: schema.is_none(),
        schema,
        adapter: ask.adapter.map(str::to_owned),
        ..ChatRequest::default()
    };
    let (tries, pause) = PATIENCE;
    for _ in 0..tries {
        match once(ask, request.clone()).await {
            Err(EngineError::Overloaded { .. }) => tokio::time::sleep(pause).await,
            ended => return ended,
        }
    }
    once(ask, request).await
}

async fn once(ask: &Ask<'_>, request: ChatRequest) -> Result<ChatAnswer, EngineError> {
    let models = std::slice::from_ref(&ask.chat_model);
    match ask.engines.chat(models, request, DEADLINE).await {
        Ok(answered) => Ok(answered.answer),
        Err(no_answer) => Err(no_answer.error),
    }
}

fn for_engine(message: ChatMessage) -> engine::ChatMessage {
    match message.role {
        Role::System => engine::ChatMessage::system(message.content),
        Role::User => engine::ChatMessage::user(message.content),
        Role::Assistant => engine::ChatMessage::assistant(message.content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fitness::Verdict;

    fn judged(text: &str) -> Option<Fault> {
        let composition = Composition {
            business: 0,
            ask: "How much is a canoe for the whole day?".to_owned(),
            says: vec![vec!["40".to_owned()]],
            never: vec!["12".to_owned()],
        };
        let task = Task {
            business: "Alder Point",
            question: &composition.ask,
            passages: vec![("Boats", "Canoes cost 12 euros an hour and 40 euros a day.")],
            mode: AnswerMode::Compose,
        };
        fault(text, &composition, &task, Language::En, &["don't know".to_owned()])
    }

    #[test]
    fn probabilities_tell_something_only_where_wrong_answers_are_less_likely() {
        let written = |right: f64, wrong: f64, each: u32| -> Vec<Written> {
            let answers = (0..each).flat_map(|at| {
                let noise = f64::from(at % 7) / 20.0;
                [(true, right - noise), (false, wrong - noise)]
            });
            let written = answers.map(|(is_right, mean)| Written {
                is_right,
                mean_logprob: Some(mean),
            });
            written.collect()
        };
        let verdict = |written: &[Written]| doubt(Language::En, written).verdict;
        assert_eq!(verdict(&written(-0.2, -1.5, 15)), Verdict::Fit);
        assert_eq!(verdict(&written(-0.4, -0.4, 15)), Verdict::Unfit, "the same");
        assert_eq!(verdict(&written(-1.5, -0.2, 15)), Verdict::Unfit, "the wrong way round");
        assert_eq!(verdict(&[]), Verdict::Unmeasured);
        let only_right: Vec<Written> = written(-0.2, -1.5, 15)
            .into_iter()
            .filter(|answer| answer.is_right)
            .collect();
        assert_eq!(verdict(&only_right), Verdict::Unmeasured);
        let untold: Vec<Written> = written(-0.2, -1.5, 15)
            .into_iter()
            .map(|answer| Written {
                mean_logprob: None,
                ..answer
            })
            .collect();
        assert_eq!(verdict(&untold), Verdict::Unmeasured, "the engine does not say");
    }

    #[test]
    fn an_answer_with_the_fact_and_nothing_else_is_right() {
        assert_eq!(judged("It is 40 euros for the day."), None);
        assert_eq!(judged("A day costs 40 euros, and an hour 12 euros."), None);
    }

    #[test]
    fn every_fault_of_an_answer_is_found() {
        assert_eq!(judged("I don’t know."), Some(Fault::SaysUnknown));
        assert_eq!(judged("It is 140 euros."), Some(Fault::FactMissing));
        assert_eq!(judged("It is 40.50 euros."), Some(Fault::FactMissing));
        assert_eq!(judged("It is 12 euros, or 40."), Some(Fault::WrongFact));
        assert_eq!(judged("It is 40 euros for 3 people."), Some(Fault::Unsupported));
        assert_eq!(
            judged("Das sind 40 euros und es ist nicht mit dabei."),
            Some(Fault::OtherLanguage)
        );
    }

    #[test]
    fn a_word_is_looked_for_from_its_beginning_and_a_number_as_a_whole() {
        assert!(says("Wir liefern mittwochs.", "mittwoch") && !says("Knot tied.", "not"));
        assert!(says("Open until 21.", "21") && !says("Open until 210.", "21") && !says("2,14 euros", "14"));
        assert!(says("at 11:00.", "11:00"));
    }
}
