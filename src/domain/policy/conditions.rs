//! Whether the conditions of a rule hold.

use super::{Facts, OTHER, Opening, Policy, VisitorKind, When};
use crate::domain::answer::AnswerMode;
use crate::domain::screening::Flag;

/// A condition in words, made only where somebody reads it.
pub(super) type Says<'a> = &'a dyn Fn() -> String;

/// Do all conditions hold? Where there are none, the rule applies to nothing.
pub(super) fn hold(when: &When, policy: &Policy, facts: &Facts) -> bool {
    let mut all = !when.is_empty();
    each(when, policy, facts, |met, _| all &= met);
    all
}

/// Looks at every condition that is given, in the order in which they are written about in `docs/policy.md`.
pub(super) fn each(when: &When, policy: &Policy, facts: &Facts, mut tell: impl FnMut(bool, Says<'_>)) {
    topics(when, policy, facts, &mut tell);
    numbers(when, facts, &mut tell);
    let modes: Vec<&str> = when.mode.iter().map(|mode| mode.as_str()).collect();
    if !modes.is_empty() {
        tell(when.mode.contains(&facts.mode), &|| {
            format!(
                "the answer is {}; the rule asks for {}",
                mode_in_words(facts.mode),
                modes.join(" or ")
            )
        });
    }
    if !when.flag.is_empty() {
        tell(when.flag.iter().any(|flag| facts.has(*flag)), &|| {
            format!(
                "noticed: {}",
                listed(facts.screening.flags.iter().map(|flag| flag_in_words(*flag)))
            )
        });
    }
    if let Some(wanted) = when.personal_data {
        let found = !facts.screening.personal.is_empty() || facts.has(Flag::PersonalData);
        tell(found == wanted, &|| {
            let kinds = facts.screening.personal.iter().map(String::as_str);
            format!("personal data: {}", listed(kinds))
        });
    }
    circumstances(when, policy, facts, &mut tell);
}

fn topics(when: &When, policy: &Policy, facts: &Facts, tell: &mut impl FnMut(bool, Says<'_>)) {
    let found = &facts.screening.topics;
    let belongs = |name: &str| {
        if name == OTHER {
            found.is_empty()
        } else {
            found.iter().any(|topic| topic.name == name)
        }
    };
    let names = || {
        let names = found.iter().map(|topic| topic.name.as_str());
        if found.is_empty() {
            "no topic".to_owned()
        } else {
            listed(names)
        }
    };
    if !when.topic.is_empty() {
        tell(when.topic.iter().any(|name| belongs(name)), &|| {
            format!(
                "it belongs to {}; the rule asks for {}",
                names(),
                when.topic.join(" or ")
            )
        });
    }
    if let Some(wanted) = when.sensitive {
        let sensitive = policy.is_sensitive(facts);
        tell(sensitive == wanted, &|| {
            let is = if sensitive { "is" } else { "is not" };
            format!("it belongs to {}, which {is} sensitive", names())
        });
    }
}

fn numbers(when: &When, facts: &Facts, tell: &mut impl FnMut(bool, Says<'_>)) {
    let compared = [
        ("the confidence", when.confidence_below, facts.confidence),
        (
            "the nearness of the best passage",
            when.similarity_below,
            facts.similarity,
        ),
        ("the mood", when.sentiment_below, facts.screening.sentiment),
    ];
    for (what, limit, value) in compared {
        let Some(limit) = limit else { continue };
        // What is not a number is not known to be high enough.
        let is_below = value < limit || value.is_nan();
        tell(is_below, &|| {
            let is = if is_below { "is below" } else { "is not below" };
            format!("{what}, {value:.2}, {is} {limit:.2}")
        });
    }
}

fn circumstances(when: &When, policy: &Policy, facts: &Facts, tell: &mut impl FnMut(bool, Says<'_>)) {
    if let Some(wanted) = when.hours {
        let open = policy.is_open(facts.at);
        tell(open == (wanted == Opening::Open), &|| {
            let is = if open { "inside of" } else { "outside of" };
            format!("it was {is} business hours")
        });
    }
    if let Some(wanted) = when.visitor {
        tell(facts.visitor_known == (wanted == VisitorKind::Known), &|| {
            let is = if facts.visitor_known { "has" } else { "has not" };
            format!("the visitor {is} said who they are")
        });
    }
    if let Some(first) = when.first_conversations {
        tell(facts.conversation <= first, &|| {
            if facts.conversation > Facts::COUNTED_CONVERSATIONS {
                format!("it is a later conversation than the {first} first ones")
            } else {
                format!(
                    "it is the agent's conversation number {}; the rule asks for the first {first}",
                    facts.conversation
                )
            }
        });
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

const fn mode_in_words(mode: AnswerMode) -> &'static str {
    match mode {
        AnswerMode::Verified => "a verified answer",
        AnswerMode::Quote => "quoted",
        AnswerMode::Compose => "composed",
        AnswerMode::Abstain => "none",
    }
}

const fn flag_in_words(flag: Flag) -> &'static str {
    match flag {
        Flag::Anger => "anger",
        Flag::Distress => "distress",
        Flag::InjectionInKnowledge => "orders to the AI in a source",
        Flag::InjectionInQuestion => "orders to the AI in the message",
        Flag::OtherLanguage => "another language",
        Flag::PersonalData => "personal data",
        Flag::Unsupported => "statements without a source",
    }
}
