//! What changed against the period before, as far as it is more than chance; and what to do next.

use super::facts::{Facts, Numbers, ReportKind};
use super::words::{Language, counted};

/// A difference counts from here on, in standard deviations: of a hundred comparisons without any change about one says so.
const SURE: f64 = 2.58;
/// Fewer conversations than this, both periods together, say little.
const FEW: u64 = 20;
/// Reasons of handoffs in words.
const REASONS: [(&str, &str, &str); 9] = [
    (
        "customer_request",
        "the visitor wished for a person",
        "der Besucher wollte einen Menschen",
    ),
    ("missing_knowledge", "the knowledge was missing", "das Wissen fehlte"),
    (
        "low_confidence",
        "the assistant was not sure",
        "der Assistent war sich nicht sicher",
    ),
    ("sensitive", "the subject was sensitive", "das Thema war heikel"),
    ("policy", "your rules say so", "Ihre Regeln sehen es so vor"),
    ("tool_failure", "an action failed", "eine Aktion schlug fehl"),
    (
        "negative_sentiment",
        "the visitor was upset",
        "der Besucher war verärgert",
    ),
    ("timeout", "nobody answered in time", "niemand antwortete rechtzeitig"),
    (
        "engine_unavailable",
        "the AI was not available",
        "die KI war nicht verfügbar",
    ),
];

/// A reason of a handoff in words; its code where there are none.
pub fn reason(code: &str, language: Language) -> &str {
    let found = REASONS.iter().find(|(known, ..)| *known == code);
    found.map_or(code, |(_, english, german)| language.pick(english, german))
}

/// Whether `now` in `days` differs from `before` in `days_before` by more than chance: counts that come independently.
fn counts_differ((now, days): (u64, u64), (before, days_before): (u64, u64)) -> bool {
    let [now, days, before, days_before] = [now, days, before, days_before].map(float);
    let spread = (days * days_before * (now + before)).sqrt();
    spread > 0.0 && ((now * days_before - before * days) / spread).abs() >= SURE
}

/// Whether two shares differ by more than chance.
fn shares_differ((part, whole): (u64, u64), (part_before, whole_before): (u64, u64)) -> bool {
    let [part, whole, part_before, whole_before] = [part, whole, part_before, whole_before].map(float);
    if whole < 1.0 || whole_before < 1.0 {
        return false;
    }
    let all = (part + part_before) / (whole + whole_before);
    let spread = (all * (1.0 - all) * (1.0 / whole + 1.0 / whole_before)).sqrt();
    spread > 0.0 && ((part / whole - part_before / whole_before) / spread).abs() >= SURE
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// A figure that is compared: a count, or a share of a whole.
struct Compared {
    name: (&'static str, &'static str),
    of: fn(&Numbers) -> (u64, Option<u64>),
}

const COMPARED: [Compared; 8] = [
    Compared {
        name: ("Conversations", "Gespräche"),
        of: |n| (n.conversations, None),
    },
    Compared {
        name: ("Answers without a person", "Antworten ohne Menschen"),
        of: |n| (n.automatic, Some(n.answers)),
    },
    Compared {
        name: (
            "Questions whose answer rests on your knowledge",
            "Fragen, deren Antwort auf Ihrem Wissen beruht",
        ),
        of: |n| (n.matched, Some(n.questions)),
    },
    Compared {
        name: ("Conversations handed to a person", "An Menschen übergebene Gespräche"),
        of: |n| (n.handoffs, Some(n.conversations)),
    },
    Compared {
        name: (
            "Conversations resolved, as visitors confirmed",
            "Gelöste Gespräche, von Besuchern bestätigt",
        ),
        of: |n| (n.confirmed, Some(n.conversations)),
    },
    Compared {
        name: ("Good ratings", "Gute Bewertungen"),
        of: |n| (n.good_ratings, Some(n.ratings)),
    },
    Compared {
        name: ("Leads", "Leads"),
        of: |n| (n.leads, None),
    },
    Compared {
        name: ("Conversions", "Conversions"),
        of: |n| (n.conversions, None),
    },
];

/// What changed by more than chance, a sentence each; or one sentence that says why there is none.
pub fn changes(facts: &Facts, language: Language) -> Vec<String> {
    let Some((span, before)) = &facts.before else {
        let said = language.pick(
            "There is no earlier period to compare with.",
            "Es gibt keinen früheren Zeitraum zum Vergleichen.",
        );
        return vec![said.to_owned()];
    };
    let mut said = Vec::new();
    for compared in &COMPARED {
        let name = language.pick(compared.name.0, compared.name.1);
        match ((compared.of)(&facts.now), (compared.of)(before)) {
            ((part, Some(whole)), (part_before, Some(whole_before))) => {
                if shares_differ((part, whole), (part_before, whole_before)) {
                    said.push(sentence(
                        name,
                        &language.share(part, whole),
                        &language.share(part_before, whole_before),
                        u128::from(part) * u128::from(whole_before) > u128::from(part_before) * u128::from(whole),
                        language,
                    ));
                }
            }
            ((now, _), (earlier, _)) => {
                if counts_differ((now, facts.span.days()), (earlier, span.days())) {
                    said.push(sentence(
                        name,
                        &counted(now),
                        &counted(earlier),
                        now > earlier,
                        language,
                    ));
                }
            }
        }
    }
    said.extend(topics(facts, span.days(), language));
    if said.is_empty() {
        said.push(nothing_changed(facts, before, language));
    }
    said
}

fn sentence(name: &str, now: &str, before: &str, is_more: bool, language: Language) -> String {
    match (language, is_more) {
        (Language::English, true) => format!("{name} rose from {before} to {now}."),
        (Language::English, false) => format!("{name} fell from {before} to {now}."),
        (Language::German, true) => format!("{name}: gestiegen von {before} auf {now}."),
        (Language::German, false) => format!("{name}: gesunken von {before} auf {now}."),
    }
}

fn topics(facts: &Facts, days_before: u64, language: Language) -> Vec<String> {
    let differ = facts.topics.iter().filter_map(|topic| {
        let before = topic.before?;
        let is_sure = counts_differ((topic.now, facts.span.days()), (before, days_before));
        is_sure.then(|| {
            let name = match language {
                Language::English => format!("Questions about “{}”", topic.name),
                Language::German => format!("Fragen zu „{}“", topic.name),
            };
            let is_more = topic.now > before;
            sentence(&name, &counted(topic.now), &counted(before), is_more, language)
        })
    });
    differ.take(3).collect()
}

fn nothing_changed(facts: &Facts, before: &Numbers, language: Language) -> String {
    let all = facts.now.conversations + before.conversations;
    if all >= FEW {
        let said = language.pick(
            "Nothing changed by more than chance would do by itself.",
            "Nichts hat sich stärker verändert, als es der Zufall von allein täte.",
        );
        return said.to_owned();
    }
    let together = counted(all);
    match (language, facts.kind) {
        (Language::English, ReportKind::Digest) => {
            format!("With {together} conversations in two weeks, differences between the weeks say little.")
        }
        (Language::English, ReportKind::Month) => {
            format!("With {together} conversations in two months, differences between the months say little.")
        }
        (Language::German, ReportKind::Digest) => {
            format!("Bei {together} Gesprächen in zwei Wochen sagen Unterschiede zwischen den Wochen wenig.")
        }
        (Language::German, ReportKind::Month) => {
            format!("Bei {together} Gesprächen in zwei Monaten sagen Unterschiede zwischen den Monaten wenig.")
        }
    }
}

/// What to do next, the most important first; three at most.
pub fn next_steps(facts: &Facts, has_prices: bool, language: Language) -> Vec<String> {
    let numbers = &facts.now;
    let mut steps = Vec::new();
    if numbers.conversations == 0 {
        steps.push(
            language
                .pick(
                    "Check that the chat is on your site: no visitor wrote in this period.",
                    "Prüfen Sie, ob der Chat auf Ihrer Seite ist: In diesem Zeitraum hat kein Besucher geschrieben.",
                )
                .to_owned(),
        );
    }
    if facts.open_gaps > 0 {
        let open = counted(facts.open_gaps);
        steps.push(match (language, facts.open_gaps) {
            (Language::English, 1) => "Answer the question that nothing answers well yet; it waits under Improve.".to_owned(),
            (Language::English, _) => format!("Answer the {open} questions that nothing answers well yet; they wait under Improve, the most asked first."),
            (Language::German, 1) => "Beantworten Sie die Frage, auf die es noch keine gute Antwort gibt; sie wartet unter „Improve“.".to_owned(),
            (Language::German, _) => format!("Beantworten Sie die {open} Fragen, auf die es noch keine gute Antwort gibt; sie warten unter „Improve“, die häufigste zuerst."),
        });
    }
    let most = numbers.handoff_reasons.iter().max_by_key(|(_, count)| *count);
    if let Some((code, count)) = most.filter(|(_, count)| *count >= 5 && *count * 2 >= numbers.handoffs) {
        steps.push(for_reason(code, *count, language));
    }
    if numbers.conversations >= 30 && numbers.ratings * 20 < numbers.conversations {
        steps.push(language.pick(
            "Few visitors rate their conversation; ask for it in the welcome, so that satisfaction can be told.",
            "Nur wenige Besucher bewerten ihr Gespräch; bitten Sie in der Begrüßung darum, damit sich die Zufriedenheit beurteilen lässt.",
        ).to_owned());
    }
    if !has_prices {
        steps.push(language.pick(
            "Set your own prices under Reports, so that the next report says what the assistant is worth.",
            "Hinterlegen Sie unter „Reports“ Ihre eigenen Preise, damit der nächste Bericht sagt, was der Assistent wert ist.",
        ).to_owned());
    }
    if steps.is_empty() {
        steps.push(language.pick("Nothing needs you.", "Es ist nichts zu tun.").to_owned());
    }
    steps.truncate(3);
    steps
}

fn for_reason(code: &str, count: u64, language: Language) -> String {
    let (count, why) = (counted(count), reason(code, language));
    let (english, german) = match code {
        "missing_knowledge" => ("add what is missing to the knowledge", "ergänzen Sie das Wissen"),
        "low_confidence" => (
            "judge more answers under Quality, so that the assistant may be surer",
            "beurteilen Sie unter „Quality“ mehr Antworten, damit der Assistent sicherer sein darf",
        ),
        "timeout" => (
            "look at who is on duty when, under Team",
            "sehen Sie unter „Team“ nach, wer wann da ist",
        ),
        "policy" => ("read your rules again", "lesen Sie Ihre Regeln noch einmal"),
        "engine_unavailable" => ("have the machine looked at", "lassen Sie die Maschine prüfen"),
        _ => ("read a few of these conversations", "lesen Sie einige dieser Gespräche"),
    };
    match language {
        Language::English => format!("The most common reason for a handoff was that {why} ({count} times): {english}."),
        Language::German => {
            format!("Der häufigste Grund für eine Übergabe war: {why} ({count}-mal). Der nächste Schritt: {german}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::stats::random::SplitMix64;

    #[test]
    fn what_is_more_than_chance_is_said_and_the_rest_is_not() {
        let facts = sample::month();
        let said = changes(&facts, Language::English).join("\n").replace('\u{a0}', " ");
        assert!(said.contains("Conversations rose from 310 to 402."), "{said}");
        assert!(!said.contains("Leads"), "12 against 10 is chance: {said}");
    }

    #[test]
    fn small_numbers_say_that_they_are_small_and_a_first_period_has_nothing_to_compare_with() {
        let mut facts = sample::month();
        facts.topics.clear();
        let few = Numbers {
            conversations: 7,
            ..Numbers::default()
        };
        facts.now = few.clone();
        facts.before = facts.before.map(|(span, _)| {
            (
                span,
                Numbers {
                    conversations: 2,
                    ..few
                },
            )
        });
        let said = changes(&facts, Language::English);
        assert_eq!(
            said,
            ["With 9 conversations in two months, differences between the months say little."]
        );
        facts.before = None;
        assert_eq!(changes(&facts, Language::German).len(), 1);
    }

    #[test]
    fn a_quiet_year_of_weeks_hardly_ever_claims_a_change() {
        let mut random = SplitMix64::new(7);
        let mut draw = |of: u64, share: f64| (0..of).filter(|_| random.unit() < share).fold(0, |count, _| count + 1);
        let wrong = (0..400)
            .filter(|_| {
                counts_differ((draw(400, 0.1), 7), (draw(400, 0.1), 7))
                    || shares_differ((draw(40, 0.5), 40), (draw(40, 0.5), 40))
            })
            .count();
        assert!(wrong <= 20, "{wrong} of 400");
    }

    #[test]
    fn the_next_steps_follow_from_the_numbers_and_are_three_at_most() {
        let facts = sample::month();
        let steps = next_steps(&facts, true, Language::English);
        assert!(steps[0].contains("14 questions"), "{steps:?}");
        assert!(steps.len() <= 3);
        let mut silent = sample::month();
        silent.now = Numbers::default();
        assert!(next_steps(&silent, false, Language::English)[0].contains("no visitor wrote"));
    }
}
