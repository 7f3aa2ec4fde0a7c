//! What the embedder can do: find the right entry, quote it, and tell that nothing fits.

use super::material::{Business, Material};
use super::{Ask, ProbeError};
use crate::app::knowledge::Shelf;
use crate::domain::answer::{AllowedModes, AnswerMode};
use crate::domain::fitness::{Ability, Allowance, Finding, Gauge, Language, Measure};
use crate::stats::auroc::auroc;
use crate::stats::bootstrap::lower95;

/// Seed of the bootstrap: a constant, so that a check can be repeated.
const SEED: u64 = 0x5eed_00f1_7e55;

/// Quoting alone, as an agent that may not write.
const QUOTING: Allowance = Allowance::only(AllowedModes {
    verified: false,
    nearby: false,
    quote: true,
    compose: false,
});

/// What one question came to.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    answerable: bool,
    /// A right entry ranks first.
    first: bool,
    quoted: Quoted,
    stand_out: f64,
}

/// What was quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Nothing,
    Right,
    Wrong,
}

/// The shelves of all businesses of a language, in order.
pub(super) async fn shelves(ask: &Ask<'_>, material: &Material) -> Result<Vec<Shelf>, ProbeError> {
    let mut shelves = Vec::with_capacity(material.businesses.len());
    for business in &material.businesses {
        let entries: Vec<(&str, &str)> = business
            .entries
            .iter()
            .map(|entry| (entry.title.as_str(), entry.body.as_str()))
            .collect();
        shelves.push(Shelf::embed(&ask.client, business.kind, &entries).await?);
    }
    Ok(shelves)
}

/// Asks every question, and judges.
pub(super) async fn read(
    ask: &Ask<'_>,
    language: Language,
    material: &Material,
    shelves: &[Shelf],
) -> Result<Vec<Finding>, ProbeError> {
    let mut outcomes = Vec::new();
    for (business, shelf) in material.businesses.iter().zip(shelves) {
        outcomes.extend(of_business(ask, business, shelf).await?);
        ask.progress
            .advance(business.questions.len() + business.unanswerable.len());
    }
    Ok(judge(language, &outcomes))
}

async fn of_business(ask: &Ask<'_>, business: &Business, shelf: &Shelf) -> Result<Vec<Outcome>, ProbeError> {
    let answerable = business.questions.iter().map(|question| question.ask.clone());
    let texts: Vec<String> = answerable.chain(business.unanswerable.iter().cloned()).collect();
    let vectors = Shelf::questions(&ask.client, &texts).await?;
    let mut outcomes = Vec::with_capacity(texts.len());
    for (place, (text, vector)) in texts.iter().zip(&vectors).enumerate() {
        let right = business.questions.get(place).map(|question| &question.right);
        let is_right = |entry: Option<usize>| {
            let id = entry.and_then(|at| business.entries.get(at)).map(|entry| &entry.id);
            right.zip(id).is_some_and(|(right, id)| right.contains(id))
        };
        let near = shelf.near(vector)?;
        let (choice, places) = Shelf::choice(text, &near, QUOTING);
        let quoted = match choice.mode {
            AnswerMode::Quote if is_right(places.first().copied()) => Quoted::Right,
            AnswerMode::Quote => Quoted::Wrong,
            _ => Quoted::Nothing,
        };
        outcomes.push(Outcome {
            answerable: right.is_some(),
            first: is_right(near.first()),
            quoted,
            stand_out: near.stand_out(),
        });
    }
    Ok(outcomes)
}

fn judge(language: Language, outcomes: &[Outcome]) -> Vec<Finding> {
    let (answerable, unanswerable): (Vec<Outcome>, Vec<Outcome>) =
        outcomes.iter().partition(|outcome| outcome.answerable);
    let quotes: Vec<Outcome> = answerable
        .iter()
        .copied()
        .filter(|outcome| outcome.quoted != Quoted::Nothing)
        .collect();
    let retrieve = counted(Gauge::RightFirst, &answerable, |outcome| outcome.first);
    // Nobody quotes rightly who does not find, so what is found counts for quoting too.
    let quote = [
        retrieve,
        counted(Gauge::RightlyQuoted, &answerable, |outcome| {
            outcome.quoted == Quoted::Right
        }),
        counted(Gauge::QuotesRight, &quotes, |outcome| outcome.quoted == Quoted::Right),
        counted(Gauge::NothingQuoted, &unanswerable, |outcome| {
            outcome.quoted == Quoted::Nothing
        }),
    ];
    let asked_of_chat = "a chat model has not been asked".to_owned();
    vec![
        Finding::of(Ability::Retrieve, language, retrieve.into_iter().collect(), None),
        Finding::of(Ability::Quote, language, quote.into_iter().flatten().collect(), None),
        Finding::of(
            Ability::Abstain,
            language,
            separation(&answerable, &unanswerable).into_iter().collect(),
            Some(asked_of_chat),
        ),
    ]
}

/// Counts what passes.
pub(super) fn counted<T: Copy>(gauge: Gauge, cases: &[T], passes: impl Fn(T) -> bool) -> Option<Measure> {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let good = cases.iter().filter(|case| passes(**case)).count();
    Measure::counted(gauge, count(good), count(cases.len()))
}

/// How well the ranking tells what can be answered, bounded by resampling questions.
fn separation(answerable: &[Outcome], unanswerable: &[Outcome]) -> Option<Measure> {
    let all: Vec<(bool, f64)> = answerable
        .iter()
        .chain(unanswerable)
        .map(|outcome| (outcome.answerable, outcome.stand_out))
        .collect();
    telling_apart(Gauge::Separates, &all)
}

/// How well a figure tells cases that should have a high one from others (AUROC), bounded by resampling cases; none without both.
pub(super) fn telling_apart(gauge: Gauge, all: &[(bool, f64)]) -> Option<Measure> {
    let of = |cases: &mut dyn Iterator<Item = (bool, f64)>| {
        let (high, low): (Vec<_>, Vec<_>) = cases.partition(|(is_high, _)| *is_high);
        let figures = |cases: &[(bool, f64)]| cases.iter().map(|(_, figure)| *figure).collect::<Vec<f64>>();
        auroc(&figures(&high), &figures(&low))
    };
    let share = of(&mut all.iter().copied())?;
    let lower = lower95(all.len(), SEED, |sample| {
        of(&mut sample.iter().filter_map(|place| all.get(*place)).copied())
    })?;
    let asked = u32::try_from(all.len()).unwrap_or(u32::MAX);
    Some(Measure::known(gauge, asked, share, lower))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fitness::Verdict;

    fn outcomes(answerable: usize, right: usize, wrong: usize, unanswerable: usize, quoted: usize) -> Vec<Outcome> {
        let asked = (0..answerable).map(|at| Outcome {
            answerable: true,
            first: at < right,
            quoted: match at {
                _ if at < right => Quoted::Right,
                _ if at < right + wrong => Quoted::Wrong,
                _ => Quoted::Nothing,
            },
            stand_out: if at < right { 0.3 } else { 0.1 },
        });
        let nothing = (0..unanswerable).map(|at| Outcome {
            answerable: false,
            first: false,
            quoted: if at < quoted { Quoted::Wrong } else { Quoted::Nothing },
            stand_out: if at < quoted { 0.2 } else { 0.05 },
        });
        asked.chain(nothing).collect()
    }

    fn verdict(outcomes: &[Outcome], ability: Ability) -> Verdict {
        let findings = judge(Language::En, outcomes);
        findings
            .iter()
            .find(|finding| finding.ability == ability)
            .unwrap()
            .verdict
    }

    #[test]
    fn whoever_quotes_rightly_and_keeps_quiet_otherwise_is_fit() {
        let good = outcomes(60, 52, 3, 35, 6);
        assert_eq!(verdict(&good, Ability::Retrieve), Verdict::Fit);
        assert_eq!(verdict(&good, Ability::Quote), Verdict::Fit);
    }

    #[test]
    fn quoting_always_or_never_or_wrongly_is_unfit() {
        for bad in [
            outcomes(60, 60, 0, 35, 35),
            outcomes(60, 0, 0, 35, 0),
            outcomes(60, 40, 20, 35, 6),
            outcomes(60, 20, 1, 35, 2),
        ] {
            assert_eq!(verdict(&bad, Ability::Quote), Verdict::Unfit);
        }
    }

    #[test]
    fn abstaining_is_not_judged_whole_before_a_chat_model_was_asked() {
        let good = outcomes(60, 60, 0, 35, 0);
        assert_eq!(verdict(&good, Ability::Abstain), Verdict::Unmeasured);
        // Right and wrong questions stand out alike: no chat model mends that.
        let mut coin = outcomes(60, 60, 0, 35, 0);
        for (at, outcome) in coin.iter_mut().enumerate() {
            outcome.stand_out = if at % 2 == 0 { 0.1 } else { 0.2 };
        }
        assert_eq!(verdict(&coin, Ability::Abstain), Verdict::Unfit);
    }
}
