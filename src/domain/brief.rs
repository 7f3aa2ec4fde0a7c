//! What a person who takes over needs to know, drawn from what was said: extractive, so that nothing in it is invented.

use super::conversation::Author;
use super::screening::{Flag, Screening};
use serde::{Deserialize, Serialize};

/// Most characters of a quoted text.
const QUOTED_CHARS: usize = 240;
/// Most facts of a kind.
const MOST_FACTS: usize = 4;
/// Below this a message counts as unhappy, above its opposite as happy (the sentiment's own scale of -1 to 1).
const UNHAPPY: f64 = -0.4;

/// A message of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Who wrote it.
    pub author: Author,
    /// What.
    pub text: &'a str,
}

/// Something that was tried before a person came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// What it was, as a sentence.
    pub what: String,
    /// The text itself, shortened.
    pub text: String,
}

/// What the AI had drafted when it stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// It went out.
    Sent(&'a str),
    /// It was drafted and never went out.
    Unsent(&'a str),
    /// Nothing was found to answer from.
    Nothing,
}

/// A detail that the visitor gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Of what kind: `e-mail`, `phone`, `number`, `amount`, `date`.
    pub kind: String,
    /// As written.
    pub value: String,
}

/// How the visitor seems to feel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// In distress: somebody may come to harm.
    Distressed,
    /// Angry.
    Angry,
    /// Unhappy.
    Unhappy,
    /// Neither.
    Calm,
    /// Happy.
    Happy,
}

impl Mood {
    /// As a person reads it.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Distressed => "in distress: read carefully, and answer first",
            Self::Angry => "angry",
            Self::Unhappy => "unhappy",
            Self::Calm => "calm",
            Self::Happy => "friendly",
        }
    }
}

/// The brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What the visitor wants, in their own words.
    pub wants: String,
    /// What was tried.
    pub tried: Vec<Tried>,
    /// What the visitor told about themselves and their matter.
    pub facts: Vec<Fact>,
    /// How they seem to feel.
    pub mood: Mood,
    /// What to do next.
    pub next_step: String,
}

/// Draws the brief from the conversation so far (oldest first), what the AI attempted (oldest first), and what screening noticed
/// about the last turn. `wishes_for_person`: the visitor asked for one.
pub fn brief(lines: &[Line<'_>], attempts: &[Attempt<'_>], screening: &Screening, wishes_for_person: bool) -> Brief {
    let wants = wants(lines);
    let facts = facts(lines);
    let mood = mood(screening);
    let next_step = next_step(lines, attempts, mood, wishes_for_person);
    let mut tried: Vec<Tried> = attempts.iter().map(tried).collect();
    tried.dedup();
    Brief {
        wants,
        tried,
        facts,
        mood,
        next_step: next_step.to_owned(),
    }
}

/// The visitor's longest question since somebody last answered, else their last words: a wish for a person says nothing about the matter.
fn wants(lines: &[Line<'_>]) -> String {
    let asked = |line: &&Line<'_>| line.author == Author::Visitor;
    let answered_at = lines
        .iter()
        .rposition(|line| matches!(line.author, Author::Ai | Author::Person))
        .map_or(0, |at| at + 1);
    let is_matter = |line: &&Line<'_>| !super::screening::wishes_for_person(line.text) && has_substance(line.text);
    let since: Vec<_> = lines.iter().skip(answered_at).filter(asked).collect();
    let matter = since
        .iter()
        .copied()
        .filter(|line| is_matter(line))
        .max_by_key(|line| line.text.chars().count());
    let earlier = || lines.iter().rev().filter(asked).find(is_matter);
    let last = since.last().copied();
    matter
        .or_else(earlier)
        .or(last)
        .map(|line| shortened(line.text))
        .unwrap_or_default()
}

/// More than a greeting or a thank-you.
fn has_substance(text: &str) -> bool {
    text.contains('?') || text.split_whitespace().count() >= 4
}

fn tried(attempt: &Attempt<'_>) -> Tried {
    match attempt {
        Attempt::Sent(text) => Tried {
            what: "The visitor was answered".to_owned(),
            text: shortened(text),
        },
        Attempt::Unsent(text) => Tried {
            what: "The AI drafted, and it was not sent".to_owned(),
            text: shortened(text),
        },
        Attempt::Nothing => Tried {
            what: "The AI found nothing in your knowledge that answers this".to_owned(),
            text: String::new(),
        },
    }
}

fn mood(screening: &Screening) -> Mood {
    let has = |flag| screening.flags.contains(&flag);
    if has(Flag::Distress) {
        Mood::Distressed
    } else if has(Flag::Anger) {
        Mood::Angry
    } else if screening.sentiment < UNHAPPY {
        Mood::Unhappy
    } else if screening.sentiment > -UNHAPPY {
        Mood::Happy
    } else {
        Mood::Calm
    }
}

fn next_step(lines: &[Line<'_>], attempts: &[Attempt<'_>], mood: Mood, wishes_for_person: bool) -> &'static str {
    let waits = lines
        .iter()
        .rfind(|line| line.author != Author::System)
        .is_some_and(|line| line.author == Author::Visitor);
    match (mood, attempts.last()) {
        (Mood::Distressed, _) => "Answer at once and personally; call for help if somebody is in danger.",
        _ if !waits => "Nothing is unanswered; wait for the visitor, or hand back to the AI.",
        (Mood::Angry, _) => "Say that you are a person and what you will do about it; then answer.",
        _ if wishes_for_person => "Say who you are: the visitor asked for a person. Then answer.",
        (_, Some(Attempt::Unsent(_))) => "Check the AI's draft: correct it, or answer yourself.",
        (_, Some(Attempt::Nothing) | None) => "Answer the question; what you write can become a verified answer.",
        (_, Some(Attempt::Sent(_))) => "See whether the answer before did not help, and answer what is still open.",
    }
}

/// What the visitor wrote that is a detail rather than a word, newest first, each once.
fn facts(lines: &[Line<'_>]) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    for line in lines.iter().rev().filter(|line| line.author == Author::Visitor) {
        let mut words = line.text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && !"+€$£#".contains(c));
            let unit = words
                .peek()
                .map(|next| next.trim_matches(|c: char| !c.is_alphanumeric()));
            if let Some(fact) = fact(bare, unit)
                && !facts.contains(&fact)
                && facts.iter().filter(|known| known.kind == fact.kind).count() < MOST_FACTS
            {
                facts.push(fact);
            }
        }
    }
    facts
}

fn fact(word: &str, next: Option<&str>) -> Option<Fact> {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let of = |kind: &str, value: String| {
        Some(Fact {
            kind: kind.to_owned(),
            value,
        })
    };
    let is_address = word
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
    if is_address {
        return of("e-mail", word.to_owned());
    }
    if digits == 0 {
        return None;
    }
    let currency = |text: &str| {
        let text = text.to_lowercase();
        ["€", "$", "£"].contains(&text.as_str())
            || ["euro", "euros", "eur", "usd", "gbp", "pounds", "dollars"].contains(&text.as_str())
    };
    if word.contains(['€', '$', '£']) {
        return of("amount", word.to_owned());
    }
    if let Some(unit) = next.filter(|unit| currency(unit)) {
        return of("amount", format!("{word} {unit}"));
    }
    let parts: Vec<&str> = word.split(['.', '/', '-']).filter(|part| !part.is_empty()).collect();
    let is_number = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
    let is_date = parts.len() == 3
        && parts
            .iter()
            .all(|part| is_number(part) && matches!(part.len(), 1 | 2 | 4))
        && digits <= 8;
    if is_date {
        return of("date", word.to_owned());
    }
    if word.starts_with('+') && digits >= 8
        || digits >= 9 && word.chars().all(|c| c.is_ascii_digit() || "-/".contains(c))
    {
        return of("phone", word.to_owned());
    }
    // An order, an invoice, a customer: letters and digits together, or a long number.
    let has_letters = word.chars().any(char::is_alphabetic);
    if digits >= 4 || word.starts_with('#') || (has_letters && digits >= 3) {
        return of("number", word.to_owned());
    }
    None
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED_CHARS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(text: &str) -> Line<'_> {
        Line {
            author: Author::Visitor,
            text,
        }
    }

    #[test]
    fn a_brief_says_what_the_visitor_wants_and_not_only_that_they_want_a_person() {
        let lines = [
            visitor("Hello"),
            visitor("My order Q-48213 of 12.03.2026 for 59 euros never arrived, can you check?"),
            visitor("I want to talk to a human"),
        ];
        let brief = brief(&lines, &[Attempt::Nothing], &Screening::default(), true);
        assert!(brief.wants.starts_with("My order Q-48213"), "{}", brief.wants);
        let facts: Vec<(&str, &str)> = brief
            .facts
            .iter()
            .map(|fact| (fact.kind.as_str(), fact.value.as_str()))
            .collect();
        assert_eq!(
            facts,
            [("number", "Q-48213"), ("date", "12.03.2026"), ("amount", "59 euros")]
        );
        assert!(brief.next_step.contains("who you are"));
        assert_eq!(brief.tried.len(), 1);
    }

    #[test]
    fn everything_in_a_brief_was_said() {
        let lines = [visitor(
            "Call me: +4915112345678 or vera@example.org, please, before 3 pm",
        )];
        let brief = brief(&lines, &[], &Screening::default(), false);
        for fact in &brief.facts {
            assert!(lines[0].text.contains(&fact.value), "{fact:?}");
        }
        assert_eq!(
            brief.facts.iter().map(|fact| fact.kind.as_str()).collect::<Vec<_>>(),
            ["phone", "e-mail"]
        );
    }

    #[test]
    fn the_mood_comes_before_the_matter_in_what_to_do_next() {
        let lines = [visitor("This is the third time, I am furious!")];
        let angry = Screening {
            flags: vec![Flag::Anger],
            ..Screening::default()
        };
        let told = brief(&lines, &[Attempt::Unsent("We are sorry.")], &angry, false);
        assert_eq!(told.mood, Mood::Angry);
        assert!(told.next_step.contains("you are a person"));
        let distressed = Screening {
            flags: vec![Flag::Anger, Flag::Distress],
            ..Screening::default()
        };
        assert_eq!(brief(&lines, &[], &distressed, false).mood, Mood::Distressed);
    }

    #[test]
    fn a_conversation_without_a_word_has_an_empty_brief() {
        let brief = brief(&[], &[], &Screening::default(), false);
        assert_eq!((brief.wants.as_str(), brief.facts.len(), brief.tried.len()), ("", 0, 0));
        assert!(brief.next_step.starts_with("Nothing is unanswered"));
    }

    #[test]
    fn an_answered_question_is_not_what_the_visitor_wants_now() {
        let lines = [
            visitor("When do you open on Saturdays?"),
            Line {
                author: Author::Ai,
                text: "At nine.",
            },
            visitor("And can I bring my dog along to the workshop?"),
        ];
        let brief = brief(&lines, &[Attempt::Sent("At nine.")], &Screening::default(), false);
        assert!(brief.wants.contains("dog"), "{}", brief.wants);
    }
}
