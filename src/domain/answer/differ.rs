//! Whether two answers to one question contradict each other: other prices, shares, lengths of time, times of day, days, addresses or counts, or
//! one says yes and the other no.
//!
//! What only one of the two says contradicts nothing: a longer answer is not a different one. Both have to say something of a kind, and each
//! something that the other does not.

use super::facts::{
    Fact, Word, currency, is_span, literal, month, number, number_word, time_of_day, weekday, words_of,
};
use super::words::{content_words, share, stem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use unicode_segmentation::UnicodeSegmentation;

/// Words that turn a statement into its opposite.
const NEGATIONS: [&str; 26] = [
    "not",
    "no",
    "never",
    "none",
    "without",
    "cannot",
    "can't",
    "don't",
    "doesn't",
    "isn't",
    "aren't",
    "won't",
    "didn't",
    "wasn't",
    "nicht",
    "kein",
    "keine",
    "keinen",
    "keinem",
    "keiner",
    "nie",
    "niemals",
    "ohne",
    "nein",
    "leider",
    "unfortunately",
];
/// Words with which an answer says yes, and those with which it says no.
const YES: [&str; 5] = ["yes", "ja", "sure", "certainly", "gerne"];
const NO: [&str; 4] = ["no", "nein", "unfortunately", "leider"];
/// Words before a number that make it a time of day.
const AT: [&str; 12] = [
    "at", "from", "until", "till", "um", "ab", "von", "bis", "between", "zwischen", "before", "after",
];
/// Share of words that two statements must have in common before a "not" in one of them is read as its opposite.
const SAME_SUBJECT: f64 = 0.6;

/// What one text says, and the other says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In the first text, as it is written there.
    pub this: String,
    /// In the second one.
    pub other: String,
}

impl Difference {
    /// Both, side by side.
    pub fn in_words(&self) -> String {
        format!("“{}” here, “{}” there", self.this, self.other)
    }
}

/// Something a text says, with everything it may be read as.
#[derive(Debug, Clone)]
struct Said {
    /// As it is written.
    written: String,
    readings: Vec<Fact>,
}

/// What two answers to one question say differently; nothing where neither contradicts the other.
pub fn differences(this: &str, other: &str) -> Vec<Difference> {
    let (here, there) = (said(this), said(other));
    let mut found = Vec::new();
    for (kind, own) in &here {
        let Some(theirs) = there.get(kind) else { continue };
        let (alone, others_alone) = (missing(own, theirs), missing(theirs, own));
        if !alone.is_empty() && !others_alone.is_empty() {
            found.push(Difference {
                this: alone.join(", "),
                other: others_alone.join(", "),
            });
        }
    }
    found.extend(opposite(this, other));
    found
}

/// What of `own` has no reading in common with any of `others`.
fn missing(own: &[Said], others: &[Said]) -> Vec<String> {
    let is_there = |one: &Said| {
        let readings: HashSet<&Fact> = one.readings.iter().collect();
        others
            .iter()
            .any(|other| other.readings.iter().any(|reading| readings.contains(reading)))
    };
    let mut alone: Vec<String> = Vec::new();
    for one in own.iter().filter(|one| !is_there(one)) {
        if !alone.contains(&one.written) {
            alone.push(one.written.clone());
        }
    }
    alone
}

/// Everything that can be compared, by kind.
fn said(text: &str) -> BTreeMap<String, Vec<Said>> {
    let words = words_of(text);
    let mut found: BTreeMap<String, Vec<Said>> = BTreeMap::new();
    let mut days_since: Option<u8> = None;
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1);
        let previous = at.checked_sub(1).and_then(|before| words.get(before));
        let mut add = |kind: &str, written: String, readings: Vec<Fact>| {
            found
                .entry(kind.to_owned())
                .or_default()
                .push(Said { written, readings });
        };
        let mut taken = 1;
        if let Some(address) = literal(&word.text) {
            add("address", word.text.clone(), vec![address]);
        } else if let Some(parts) = super::facts::date(&word.text) {
            let key = parts.iter().map(|part| format!("{part:?}")).collect::<String>();
            add("date", word.text.clone(), vec![Fact::Word(key)]);
        } else if let Some((time, words)) = time_of_day(word, next) {
            taken = words;
            add("time", beside(word, next, words), vec![time]);
        } else if let Some((figure, unit)) = number(&word.text).or_else(|| number_word(&word.text).map(|it| (it, None)))
        {
            let (kind, written, readings) = counted(word, previous, (next, words.get(at + 2)), (figure, unit));
            add(&kind, written, readings);
        } else if let Some(Fact::Weekday(day)) = weekday(&word.text) {
            for day in since(days_since.filter(|_| word.ends_range), day) {
                add(
                    "weekday",
                    DAYS.get(usize::from(day)).copied().unwrap_or_default().to_owned(),
                    vec![Fact::Weekday(day)],
                );
            }
            days_since = Some(day);
        } else if let Some(month) = month(&word.text, previous, next) {
            add("month", word.text.clone(), vec![month]);
        }
        at += taken;
    }
    found
}

const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

/// The days of a range after its first, or the day alone.
fn since(from: Option<u8>, to: u8) -> Vec<u8> {
    let Some(from) = from else { return vec![to] };
    let days = (to + 7 - from % 7) % 7;
    (1..=days)
        .map(|n| (from + n) % 7)
        .chain((days == 0).then_some(to))
        .collect()
}

fn beside(word: &Word, next: Option<&Word>, words: usize) -> String {
    match next.filter(|_| words == 2) {
        Some(next) => format!("{} {}", word.text, next.text),
        None => word.text.clone(),
    }
}

/// A number with what it counts.
fn counted(
    word: &Word,
    previous: Option<&Word>,
    (next, after): (Option<&Word>, Option<&Word>),
    (figure, unit): (Fact, Option<Fact>),
) -> (String, String, Vec<Fact>) {
    let named = |word: Option<&Word>| word.and_then(|word| currency(&word.text));
    if let Some(Fact::Unit(unit)) = unit.clone().or_else(|| named(next)).or_else(|| named(previous)) {
        let written = if unit == "%" || named(next).is_some() {
            beside(word, next.filter(|_| named(next).is_some()), 2)
        } else {
            word.text.clone()
        };
        let kind = if unit == "%" { "percent" } else { "price" };
        let Fact::Number(digits) = figure else {
            return (kind.to_owned(), written, Vec::new());
        };
        return (kind.to_owned(), written, vec![Fact::Word(format!("{digits} {unit}"))]);
    }
    if let Some(next) = next.filter(|next| is_span(&next.text)) {
        let span = after.filter(|after| is_span(&after.text)).unwrap_or(next);
        let written = format!("{} {}", word.text, span.text);
        if let Some(minutes) = minutes(&figure, &span.text) {
            return ("length of time".to_owned(), written, vec![Fact::Word(minutes)]);
        }
    }
    let hours = hours(&figure);
    let is_hour = word.in_range || previous.is_some_and(|before| AT.contains(&before.text.to_lowercase().as_str()));
    if is_hour && !hours.is_empty() {
        return ("time".to_owned(), word.text.clone(), hours);
    }
    // A bare number says nothing beside another one, unless both count the same.
    let what = next.map(|next| next.text.to_lowercase()).unwrap_or_default();
    (format!("count of {}", stem(&what)), beside(word, next, 2), vec![figure])
}

/// The times of day that a number may mean.
fn hours(figure: &Fact) -> Vec<Fact> {
    let Fact::Number(digits) = figure else {
        return Vec::new();
    };
    match digits.parse::<u16>() {
        Ok(hour @ 1..12) => vec![Fact::Time(hour * 60), Fact::Time((hour + 12) * 60)],
        Ok(hour @ 12..=24) => vec![Fact::Time(hour * 60)],
        _ => Vec::new(),
    }
}

/// A length of time in minutes, so that two weeks are fourteen days; a month is thirty days.
fn minutes(figure: &Fact, unit: &str) -> Option<String> {
    let Fact::Number(digits) = figure else { return None };
    let number: f64 = digits.parse().ok()?;
    let unit = unit.to_lowercase();
    let starts = |names: &[&str]| names.iter().any(|name| unit.starts_with(name));
    let minutes = if starts(&["second", "sekunde"]) {
        1.0 / 60.0
    } else if starts(&["minute"]) {
        1.0
    } else if starts(&["hour", "stunde"]) {
        60.0
    } else if starts(&["day", "tag", "working", "business", "werktag"]) {
        1_440.0
    } else if starts(&["week", "woche"]) {
        10_080.0
    } else if starts(&["month", "monat"]) {
        43_200.0
    } else {
        525_600.0
    };
    Some(format!("{:.2}", number * minutes))
}

/// One says yes and the other no, or one says of nearly the same that it is not so.
fn opposite(this: &str, other: &str) -> Option<Difference> {
    let first = |text: &str| text.unicode_words().next().map(str::to_lowercase);
    let (here, there) = (first(this)?, first(other)?);
    let says = |word: &String, list: &[&str]| list.contains(&word.as_str());
    let is_contrary = says(&here, &YES) && says(&there, &NO) || says(&here, &NO) && says(&there, &YES);
    if is_contrary {
        return Some(Difference {
            this: here,
            other: there,
        });
    }
    let negation = |text: &str| {
        let lower = text.replace('’', "'").to_lowercase();
        lower
            .unicode_words()
            .find(|word| NEGATIONS.contains(word))
            .map(str::to_owned)
    };
    let (own, theirs) = (negation(this), negation(other));
    if own.is_some() == theirs.is_some() {
        return None;
    }
    let (a, b) = (content_words(this), content_words(other));
    let are_of_one_subject = share(&a, &b).min(share(&b, &a)) >= SAME_SUBJECT;
    are_of_one_subject.then(|| Difference {
        this: own.unwrap_or_else(|| "…".to_owned()),
        other: theirs.unwrap_or_else(|| "…".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn differ(this: &str, other: &str) -> Vec<(String, String)> {
        let found = differences(this, other).into_iter();
        found.map(|one| (one.this, one.other)).collect()
    }

    fn pair(this: &str, other: &str) -> Vec<(String, String)> {
        vec![(this.to_owned(), other.to_owned())]
    }

    #[test]
    fn other_prices_times_lengths_shares_days_and_addresses_contradict() {
        for (this, other, expected) in [
            (
                "Delivery costs €5.",
                "Delivery is 4.90 euros.",
                pair("€5", "4.90 euros"),
            ),
            ("We open at 9:00.", "We open at ten.", pair("9:00", "ten")),
            ("Open 9-17.", "Open from 10 to 17.", pair("9", "10")),
            (
                "Back within 14 days.",
                "Back within 30 days.",
                pair("14 days", "30 days"),
            ),
            ("You get 10% off.", "You get 15 percent off.", pair("10%", "15 percent")),
            ("Closed on Monday.", "Closed on Tuesday.", pair("Monday", "Tuesday")),
            (
                "Write to a@shop.example.",
                "Write to b@shop.example.",
                pair("a@shop.example", "b@shop.example"),
            ),
            ("Up to 5 guests.", "Up to 8 guests.", pair("5 guests", "8 guests")),
            ("Yes, gladly.", "No, never.", pair("yes", "no")),
        ] {
            assert_eq!(differ(this, other), expected, "{this} / {other}");
        }
        let not = differ(
            "Dogs may come along into the shop.",
            "Dogs may not come along into the shop.",
        );
        assert_eq!(not, pair("…", "not"));
    }

    #[test]
    fn the_same_in_other_words_and_what_only_one_of_them_says_contradicts_nothing() {
        for (this, other) in [
            ("Delivery costs €5.", "Delivery is 5.00 euros, express 12 euros."),
            ("Back within 14 days.", "You may return it for two weeks."),
            ("We open at 9.", "Open 9:00 to 17:00."),
            ("Open Monday to Friday.", "Open Mon–Fri, also on Wednesday."),
            ("It takes three days.", "It costs €3."),
            ("We have 3 colours.", "We have 5 shops."),
            (
                "Yes, they are welcome.",
                "Dogs are not allowed on the sofa, whatever they promise.",
            ),
            ("", ""),
            ("Yes.", "Everything is in stock."),
        ] {
            assert_eq!(differ(this, other), [], "{this} / {other}");
        }
    }

    proptest! {
        #[test]
        fn no_text_contradicts_itself_and_contradiction_is_mutual(a in ".{0,60}", b in "(yes|no|open|at|from|9:00|ten|€5|4 euros|14 days|two weeks|Mon|Fri|–| |not|dogs){0,12}") {
            prop_assert_eq!(differ(&a, &a), []);
            prop_assert_eq!(differ(&b, &b), []);
            prop_assert_eq!(differ(&a, &b).is_empty(), differ(&b, &a).is_empty());
        }
    }
}
