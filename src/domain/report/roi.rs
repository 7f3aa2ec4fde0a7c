//! What the assistant is worth: minutes saved at the owner's own price, and conversions, less what it costs. And what remains of that if the
//! guesses in it are wrong by half.

use super::facts::{Facts, Numbers, Prices, Span};
use super::money::Money;
use super::words::{Language, counted, minutes_in_words, rounded};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A term of the sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// `time`, `conversions`, `valued_conversions` or `cost`.
    pub key: String,
    /// What it is: `Human time saved`.
    pub label: String,
    /// How many rows stand behind it: answers or conversions; days for the cost.
    pub count: u64,
    /// How it was reckoned, in words: `310 answers × 4 min = 20 h 40 min, at €30.00 an hour`.
    pub says: String,
    /// What it comes to; a cost is below zero.
    pub amount: Money,
    /// The same if the guess in it is wrong by half.
    pub halved: Money,
}

/// The sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roi {
    /// Its terms.
    pub terms: Vec<Term>,
    /// What they come to.
    pub total: Money,
    /// What they come to if every guess is wrong by half.
    pub halved: Money,
    /// Both in words.
    pub says: Vec<String>,
}

/// What the assistant was worth, as far as the owner has set prices; and what is left out because they have not.
pub fn reckon(facts: &Facts, prices: &Prices, language: Language) -> (Option<Roi>, Vec<String>) {
    let mut left_out = Vec::new();
    let mut terms = Vec::new();
    let numbers = &facts.now;
    match prices.hour_minor {
        Some(hour) => terms.push(time(numbers, prices, prices.currency.of_minor(hour), language)),
        None => left_out.push(language.pick(
            "No price for an hour of your team is set, so the time saved is not reckoned in money.",
            "Es ist kein Preis für eine Stunde Ihres Teams hinterlegt; die gesparte Zeit wird daher nicht in Geld gerechnet.",
        )),
    }
    terms.extend(valued(numbers, prices, language));
    match prices.conversion_minor {
        Some(each) => terms.push(conversions(numbers, prices.currency.of_minor(each), language)),
        None if numbers.conversions > numbers.valued_conversions => left_out.push(language.pick(
            "No value of a conversion is set, so those without a value of their own are not reckoned in money.",
            "Es ist kein Wert einer Conversion hinterlegt; solche ohne eigenen Wert werden daher nicht in Geld gerechnet.",
        )),
        None => {}
    }
    if terms.is_empty() {
        return (None, left_out.into_iter().map(str::to_owned).collect());
    }
    match prices.month_minor {
        Some(month) => terms.push(cost(facts.span, prices.currency.of_minor(month), language)),
        None => left_out.push(language.pick(
            "What the assistant costs a month is not set, so nothing is taken off.",
            "Was der Assistent im Monat kostet, ist nicht hinterlegt; es wird daher nichts abgezogen.",
        )),
    }
    let nothing = prices.currency.of_minor(0);
    let total = terms.iter().fold(nothing, |sum, term| sum.plus(term.amount));
    let halved = terms.iter().fold(nothing, |sum, term| sum.plus(term.halved));
    let says = conclusion(total, halved, language);
    let roi = Roi {
        terms,
        total,
        halved,
        says,
    };
    (Some(roi), left_out.into_iter().map(str::to_owned).collect())
}

fn time(numbers: &Numbers, prices: &Prices, hour: Money, language: Language) -> Term {
    let seconds = numbers.automatic.saturating_mul(u64::from(prices.seconds_per_answer));
    let minutes = u64::try_from(rounded(u128::from(seconds), 60)).unwrap_or(u64::MAX);
    let answers = language.some(
        numbers.automatic,
        language.pick("answer without a person", "Antwort ohne Menschen"),
        language.pick("answers without a person", "Antworten ohne Menschen"),
    );
    let each = language.lasting(u64::from(prices.seconds_per_answer) * 1_000);
    let price = hour.in_words(language);
    Term {
        key: "time".to_owned(),
        label: language.pick("Human time saved", "Gesparte Arbeitszeit").to_owned(),
        count: numbers.automatic,
        says: format!(
            "{answers} × {each} = {}, {}",
            minutes_in_words(minutes),
            match language {
                Language::English => format!("at {price} an hour"),
                Language::German => format!("zu {price} je Stunde"),
            }
        ),
        amount: hour.times(seconds, 3_600),
        halved: hour.times(seconds, 7_200),
    }
}

/// Conversions that came with their own value.
fn valued(numbers: &Numbers, prices: &Prices, language: Language) -> Option<Term> {
    let amount = prices.currency.of_minor(numbers.conversion_minor);
    (numbers.valued_conversions > 0).then(|| Term {
        key: "valued_conversions".to_owned(),
        label: language
            .pick("Conversions with a value of their own", "Conversions mit eigenem Wert")
            .to_owned(),
        count: numbers.valued_conversions,
        says: match language {
            Language::English => format!(
                "{}, the sum of what each was worth",
                language.some(numbers.valued_conversions, "conversion", "conversions")
            ),
            Language::German => format!(
                "{}, die Summe dessen, was jede wert war",
                language.some(numbers.valued_conversions, "Conversion", "Conversions")
            ),
        },
        amount,
        halved: amount.times(1, 2),
    })
}

fn conversions(numbers: &Numbers, each: Money, language: Language) -> Term {
    let count = numbers.conversions.saturating_sub(numbers.valued_conversions);
    let named = language.some(count, "conversion", "conversions");
    let named = match language {
        Language::English => named,
        Language::German => language.some(count, "Conversion", "Conversions"),
    };
    Term {
        key: "conversions".to_owned(),
        label: "Conversions".to_owned(),
        count,
        says: format!("{named} × {}", each.in_words(language)),
        amount: each.times(count, 1),
        halved: each.times(count, 2),
    }
}

/// The running cost of these days. It is known, so it is not halved.
fn cost(span: Span, month: Money, language: Language) -> Term {
    let is_month = span.from.day() == 1 && span.to == span.from.last_of_month();
    let each = month.in_words(language);
    let (amount, says) = if is_month {
        let says = match language {
            Language::English => format!("{each} a month"),
            Language::German => format!("{each} im Monat"),
        };
        (month, says)
    } else {
        let days = counted(span.days());
        let says = match language {
            Language::English => format!("{each} a month, for {days} days"),
            Language::German => format!("{each} im Monat, für {days} Tage"),
        };
        (of_days(span, month), says)
    };
    let amount = month.currency.of_minor(amount.minor.saturating_neg());
    Term {
        key: "cost".to_owned(),
        label: language.pick("Running cost", "Laufende Kosten").to_owned(),
        count: span.days(),
        says,
        amount,
        halved: amount,
    }
}

/// Each day costs its part of its own month, so that the weeks of a month cost what the month costs, but for rounding.
fn of_days(span: Span, month: Money) -> Money {
    let mut sum = month.currency.of_minor(0);
    let mut day = span.from;
    while day <= span.to {
        let last: Date = day.last_of_month().min(span.to);
        let days = u64::try_from(i16::from(last.day()) - i16::from(day.day()) + 1).unwrap_or_default();
        let whole = u64::try_from(day.days_in_month()).unwrap_or(30);
        sum = sum.plus(month.times(days, whole));
        match last.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    sum
}

fn conclusion(total: Money, halved: Money, language: Language) -> Vec<String> {
    let size = |money: Money| money.currency.of_minor(money.minor.saturating_abs()).in_words(language);
    let (all, half) = (size(total), size(halved));
    let first = match (language, total.minor) {
        (Language::English, 0) => "It is worth as much as it costs.".to_owned(),
        (Language::English, 1..) => format!("Together the assistant was worth {all} more than it cost."),
        (Language::English, _) => format!("Together the assistant cost {all} more than it was worth in money."),
        (Language::German, 0) => "Er ist so viel wert, wie er kostet.".to_owned(),
        (Language::German, 1..) => format!("Zusammen war der Assistent {all} mehr wert, als er gekostet hat."),
        (Language::German, _) => format!("Zusammen hat der Assistent {all} mehr gekostet, als er in Geld wert war."),
    };
    let second = match (language, halved.minor) {
        (Language::English, 0..) => format!(
            "Even if we are wrong by half, if an answer saves only half of that time and only half of the conversions came through the assistant, {half} remain."
        ),
        (Language::English, _) => format!(
            "If we are wrong by half, if an answer saves only half of that time and only half of the conversions came through the assistant, it cost {half} more than it was worth."
        ),
        (Language::German, 0..) => format!(
            "Auch wenn wir um die Hälfte falsch liegen, wenn also eine Antwort nur halb so viel Zeit spart und nur die Hälfte der Conversions durch den Assistenten kam, bleiben {half}."
        ),
        (Language::German, _) => format!(
            "Wenn wir um die Hälfte falsch liegen, wenn also eine Antwort nur halb so viel Zeit spart und nur die Hälfte der Conversions durch den Assistenten kam, hat er {half} mehr gekostet, als er wert war."
        ),
    };
    vec![first, second]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_term_is_its_count_times_its_price_and_the_sum_is_the_sum() {
        let facts = sample::month();
        let (roi, left_out) = reckon(&facts, &sample::prices(), Language::English);
        let roi = roi.unwrap();
        let amounts: Vec<(&str, i64, i64)> = roi
            .terms
            .iter()
            .map(|term| (term.key.as_str(), term.amount.minor, term.halved.minor))
            .collect();
        // 310 answers × 4 min at 30.00 an hour; 5 worth 250.00 together, 7 × 40.00; 99.00 a month.
        let expected = [
            ("time", 62_000, 31_000),
            ("valued_conversions", 25_000, 12_500),
            ("conversions", 28_000, 14_000),
            ("cost", -9_900, -9_900),
        ];
        assert_eq!(amounts, expected);
        assert_eq!((roi.total.minor, roi.halved.minor), (105_100, 47_600));
        assert!(left_out.is_empty());
        assert!(roi.says.join(" ").replace('\u{a0}', " ").contains("€476.00 remain"));
    }

    #[test]
    fn a_month_without_conversions_says_so_and_costs_what_it_costs() {
        let mut facts = sample::month();
        facts.now = Numbers::default();
        let (roi, _) = reckon(&facts, &sample::prices(), Language::English);
        let roi = roi.unwrap();
        assert_eq!(roi.total.minor, -9_900);
        let term = roi.terms.iter().find(|term| term.key == "conversions").unwrap();
        assert_eq!((term.count, term.amount.minor), (0, 0));
        assert!(roi.says[0].contains("cost €99.00 more"), "{:?}", roi.says);
    }

    #[test]
    fn a_currency_without_decimals_stays_without_them() {
        let mut prices = sample::prices();
        prices.currency = "JPY".parse().unwrap();
        let (roi, _) = reckon(&sample::month(), &prices, Language::German);
        let said = roi.unwrap().says.join(" ").replace('\u{a0}', " ");
        assert!(said.contains("105 100 ¥") && !said.contains(",00"), "{said}");
    }

    #[test]
    fn without_prices_nothing_is_made_up() {
        let (roi, left_out) = reckon(&sample::month(), &Prices::default(), Language::English);
        let roi = roi.unwrap();
        assert_eq!(roi.terms.len(), 1, "what came with a value of its own needs no price");
        assert_eq!(left_out.len(), 3, "{left_out:?}");
        let mut facts = sample::month();
        facts.now.valued_conversions = 0;
        assert!(reckon(&facts, &Prices::default(), Language::English).0.is_none());
    }

    #[test]
    fn the_weeks_of_a_month_cost_what_the_month_costs() {
        let month = super::super::money::Currency::EURO.of_minor(9_900);
        let part = |from: i8, to: i8| {
            let span = Span {
                from: date(2026, 6, from),
                to: date(2026, 6, to),
            };
            of_days(span, month).minor
        };
        assert_eq!(
            part(1, 7) + part(8, 14) + part(15, 21) + part(22, 28) + part(29, 30),
            9_900
        );
        let over = Span {
            from: date(2026, 1, 26),
            to: date(2026, 2, 1),
        };
        assert_eq!(
            of_days(over, month).minor,
            1_916 + 354,
            "six days of January, one of February"
        );
    }
}
