//! Which facts of an answer its sources do not contain.
//!
//! A composed answer may word things as it likes, but a number, date, price, time or name that occurs in no passage is
//! either invented or from somewhere nobody can check. This reads both sides into facts that compare equal when people
//! would call them equal: `1,200` and `1200`, `€5` and `5 euros`, `2 pm` and `14:00`, `Mon–Fri` and `Tuesday`.

use super::facts::{
    Fact, Word, currency, is_span, literal, month, number, number_word, time_of_day, weekday, words_of,
};
use super::words::is_function_word;
use std::collections::HashSet;

/// Share of capitalised words inside sentences from which capitals are taken for grammar (German writes about a third of
/// its words so, English under a tenth), not for names.
const CAPITALISING_SHARE: f64 = 0.22;

/// The numbers, dates, prices, times, addresses and capitalised names of `answer` that occur in none of `passages`, as
/// the answer writes them, each once, in order.
///
/// Pass as passages whatever the answer may rest on: the knowledge, the business's name. What the visitor's `question` says may
/// be repeated (their name, the number of their order), but no price, percentage or length of time: "Do I get 500 euros back?"
/// is no source for "Yes, 500 euros".
pub fn unsupported<T: AsRef<str>>(answer: &str, passages: &[T], question: &str) -> Vec<String> {
    let mut supported = HashSet::new();
    for passage in passages {
        supply(&words_of(passage.as_ref()), &mut supported);
    }
    let mut repeatable = supported.clone();
    supply(&words_of(question), &mut repeatable);
    let words = words_of(answer);
    let names_tell = capital_share(&words) < CAPITALISING_SHARE;
    let mut missing: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1);
        let previous = at.checked_sub(1).and_then(|p| words.get(p));
        let rests_on = if is_measure(word, previous, next) {
            &supported
        } else {
            &repeatable
        };
        let claim = claim(word, previous, next, names_tell, rests_on);
        if !claim.holds {
            let mut written = word.text.clone();
            if claim.words == 2
                && let Some(next) = next
            {
                written = format!("{written} {}", next.text);
            }
            if !missing.contains(&written) {
                missing.push(written);
            }
        }
        at += claim.words;
    }
    missing
}

/// Is it the figure of a price, a percentage or a length of time?
fn is_measure(word: &Word, previous: Option<&Word>, next: Option<&Word>) -> bool {
    let is_unit = |word: Option<&Word>| word.is_some_and(|w| currency(&w.text).is_some());
    let (is_number, has_unit) = match number(&word.text) {
        Some((_, unit)) => (true, unit.is_some()),
        None => (number_word(&word.text).is_some(), false),
    };
    is_number && (has_unit || is_unit(previous) || is_unit(next) || next.is_some_and(|w| is_span(&w.text)))
}

/// What a word of the answer claims.
struct Claim {
    holds: bool,
    /// Words it takes up, 1 or 2.
    words: usize,
}

fn claim(
    word: &Word,
    previous: Option<&Word>,
    next: Option<&Word>,
    names_tell: bool,
    supported: &HashSet<Fact>,
) -> Claim {
    let has = |fact: &Fact| supported.contains(fact);
    let one = |holds| Claim { holds, words: 1 };
    if let Some(literal) = literal(&word.text) {
        return one(has(&literal));
    }
    if let Some(parts) = super::facts::date(&word.text) {
        return one(parts.iter().all(|alternatives| alternatives.iter().any(has)));
    }
    if let Some((time, words)) = time_of_day(word, next) {
        return Claim {
            holds: has(&time),
            words,
        };
    }
    if let Some((number, unit)) = number(&word.text) {
        if let Some(joined) = joined_thousands(word, next)
            && has(&joined)
        {
            return Claim { holds: true, words: 2 };
        }
        let hours = if word.in_range { hours_of(&number) } else { Vec::new() };
        let holds = has(&number) || hours.iter().any(has);
        return one(holds && unit.is_none_or(|unit| has(&unit)));
    }
    if let Some(currency) = currency(&word.text) {
        return one(has(&currency));
    }
    if let Some(fact) = number_word(&word.text).or_else(|| weekday(&word.text)) {
        return one(has(&fact));
    }
    if let Some(fact) = month(&word.text, previous, next) {
        return one(has(&fact));
    }
    one(!is_name(word, names_tell) || has(&Fact::word(&word.text)) || is_function_word(&word.text.to_lowercase()))
}

/// Puts everything that a passage supports into `facts`.
fn supply(words: &[Word], facts: &mut HashSet<Fact>) {
    let mut days_since: Option<Fact> = None;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1);
        let previous = at.checked_sub(1).and_then(|p| words.get(p));
        facts.insert(Fact::word(&word.text));
        facts.extend(literal(&word.text));
        facts.extend(super::facts::date(&word.text).into_iter().flatten().flatten());
        facts.extend(time_of_day(word, next).map(|(time, _)| time));
        facts.extend(joined_thousands(word, next));
        facts.extend(currency(&word.text));
        facts.extend(number_word(&word.text));
        facts.extend(month(&word.text, previous, next));
        if let Some((number, unit)) = number(&word.text) {
            if word.in_range {
                facts.extend(hours_of(&number));
            }
            facts.insert(number);
            facts.extend(unit);
        }
        if let Some(day) = weekday(&word.text) {
            if let (true, Some(Fact::Weekday(from)), Fact::Weekday(to)) = (word.ends_range, &days_since, &day) {
                facts.extend((0..7).map(|n| (from + n) % 7).scan(false, |done, day| {
                    let open = !*done;
                    *done |= day == *to;
                    open.then_some(Fact::Weekday(day))
                }));
            }
            facts.insert(day.clone());
            days_since = Some(day);
        }
    }
}

/// The times of day that a bare number may mean at an end of a range: "open 9–5".
fn hours_of(number: &Fact) -> Vec<Fact> {
    let Fact::Number(digits) = number else {
        return Vec::new();
    };
    match digits.parse::<u16>() {
        Ok(hour @ 0..12) => vec![Fact::Time(hour * 60), Fact::Time((hour + 12) * 60)],
        Ok(hour @ 12..=24) => vec![Fact::Time(hour * 60)],
        _ => Vec::new(),
    }
}

/// `1 200` as one number.
fn joined_thousands(word: &Word, next: Option<&Word>) -> Option<Fact> {
    let next = &next?.text;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fits = digits(&word.text) && (1..=3).contains(&word.text.len()) && digits(next) && next.len() == 3;
    fits.then(|| Fact::Number(format!("{}{next}", word.text)))
}

/// Is a word written as a name: capitalised inside a sentence, all capitals, or letters mixed with digits?
fn is_name(word: &Word, names_tell: bool) -> bool {
    let mut chars = word.text.chars();
    let Some(first) = chars.next() else { return false };
    let rest_has_capital = chars.any(char::is_uppercase);
    if rest_has_capital || (first.is_alphabetic() && word.text.chars().any(|c| c.is_ascii_digit())) {
        return true;
    }
    // "I'm" and "We'll" are pronouns, wherever they stand.
    let stem = word.text.split(['\'', '’']).next().unwrap_or_default();
    names_tell
        && first.is_uppercase()
        && !word.starts_sentence
        && stem.chars().count() > 1
        && !is_function_word(&stem.to_lowercase())
}

#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn capital_share(words: &[Word]) -> f64 {
    let inner: Vec<_> = words
        .iter()
        .filter(|w| !w.starts_sentence && w.text.chars().next().is_some_and(char::is_alphabetic))
        .collect();
    // A short answer says nothing about its language.
    if inner.len() < 6 {
        return 0.0;
    }
    inner
        .iter()
        .filter(|w| w.text.chars().next().is_some_and(char::is_uppercase))
        .count() as f64
        / inner.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn missing(answer: &str, passage: &str) -> Vec<String> {
        unsupported(answer, &[passage], "")
    }

    #[test]
    fn what_the_visitor_said_may_be_repeated_but_is_no_source_for_a_price_or_a_time() {
        let asked = |question: &str, answer: &str| unsupported(answer, &["Refunds take 5 days."], question);
        assert_eq!(asked("Do I get 500 euros?", "Yes, you get 500 euros."), ["500"]);
        assert_eq!(asked("Is it €500?", "Yes, it is EUR 500."), ["500"]);
        assert_eq!(asked("20 % off?", "Yes, you get 20% off."), ["20%"]);
        assert_eq!(asked("Will it take 3 weeks?", "It takes 3 weeks."), ["3"]);
        assert_eq!(asked("Will it take two hours?", "It takes two hours."), ["two"]);
        assert_eq!(
            asked("Where is my order 4711?", "Your order 4711 is on its way."),
            Vec::<String>::new()
        );
        assert_eq!(
            asked("I am Petra", "A refund takes 5 days, dear Petra."),
            Vec::<String>::new()
        );
    }

    #[test]
    fn the_same_number_in_another_notation_is_supported() {
        for (answer, passage) in [
            ("It costs 1200.", "The price is 1,200 euros."),
            ("It costs 1 200.", "The price is 1.200 euros."),
            ("That is 5 euro.", "Delivery: €5.00"),
            ("That is €5.", "Delivery costs 5 euros"),
            ("It takes 3 days.", "Repairs take three days."),
            ("Up to 2.50 EUR.", "bis 2,50 €"),
            ("On the 24th.", "Closed on 24 December."),
            ("A 10% discount.", "We give 10 percent."),
        ] {
            assert_eq!(missing(answer, passage), Vec::<String>::new(), "{answer} / {passage}");
        }
    }

    #[test]
    fn an_invented_number_price_or_currency_is_named() {
        assert_eq!(missing("It costs 12 euros.", "It costs 10 euros."), ["12"]);
        assert_eq!(missing("It costs $10.", "It costs 10 euros."), ["$10"]);
        assert_eq!(missing("It takes two weeks.", "It takes a while."), ["two"]);
        assert_eq!(missing("Between 10,000 and 12,000.", "Around 10000."), ["12,000"]);
    }

    #[test]
    fn times_compare_across_notations() {
        for (answer, passage) in [
            ("We open at 9 am.", "Open 9:00 to 17:00."),
            ("We close at 5 p.m.", "Geöffnet 9–17 Uhr"),
            ("From 14:00.", "From 2pm."),
            ("Open until 5 pm.", "Open 9 to 5."),
        ] {
            assert_eq!(missing(answer, passage), Vec::<String>::new(), "{answer} / {passage}");
        }
        assert_eq!(missing("We close at 6 pm.", "Open 9:00 to 17:00."), ["6 pm"]);
        assert_eq!(missing("At 5 pm.", "A table for 5 people."), ["5 pm"]);
    }

    #[test]
    fn dates_compare_across_notations() {
        assert_eq!(
            missing("Until 24 December 2026.", "Valid to 2026-12-24."),
            Vec::<String>::new()
        );
        assert_eq!(missing("Am 24.12.2026.", "on December 24, 2026"), Vec::<String>::new());
        assert_eq!(missing("Until 24 November.", "Until 24 December."), ["November"]);
        assert_eq!(missing("You may come.", "Come."), Vec::<String>::new());
    }

    #[test]
    fn a_day_inside_a_range_of_days_is_supported_and_one_outside_is_not() {
        assert_eq!(missing("We open on Tuesday.", "Mon–Fri 9 to 5"), Vec::<String>::new());
        assert_eq!(missing("We open on Sunday.", "Monday to Saturday"), ["Sunday"]);
        assert_eq!(missing("Open on Monday.", "Saturday to Tuesday"), Vec::<String>::new());
    }

    #[test]
    fn names_and_addresses_must_occur_but_the_first_word_of_a_sentence_is_no_name() {
        assert_eq!(missing("Please ask Petra at the desk.", "Ask at the desk."), ["Petra"]);
        assert_eq!(missing("Deliveries go by DHL.", "Delivery by post."), ["DHL"]);
        assert_eq!(
            missing("Write to shop@example.org!", "Write to info@example.org."),
            ["shop@example.org"]
        );
        assert_eq!(
            missing("Look at Riverside's page.", "RIVERSIDE is open."),
            Vec::<String>::new()
        );
        assert_eq!(
            missing("Certainly, I'm sure. Parking is free.", "There is free parking."),
            Vec::<String>::new()
        );
    }

    #[test]
    fn german_nouns_are_not_taken_for_names() {
        let answer = "Die Lieferung kommt mit dem Fahrrad bis an die Tür und kostet kein Geld.";
        assert_eq!(missing(answer, "Wir liefern kostenlos."), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_text_is_supported_by_itself_and_never_panics(text in any::<String>(), other in any::<String>()) {
            prop_assert_eq!(unsupported(&text, &[&text], ""), Vec::<String>::new());
            let _ = unsupported(&text, &[&other], &text);
        }

        #[test]
        fn texts_full_of_numbers_are_supported_by_themselves(text in "([0-9]{1,4}[.,:/-]?|[ap]m |€|May |Mon| to |%| ){0,12}") {
            prop_assert_eq!(unsupported(&text, &[&text], ""), Vec::<String>::new());
        }
    }
}
