//! Reading words as facts that compare equal when people would call them equal.

/// Something an answer can claim and a passage can support.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    /// A number in canonical digits: no thousands separators, `.` before decimals, no trailing zeros.
    Number(String),
    /// A time of day in minutes after midnight.
    Time(u16),
    /// A currency or the percent sign, by one short name each.
    Unit(&'static str),
    /// 1 = January.
    Month(u8),
    /// 0 = Monday.
    Weekday(u8),
    /// An e-mail or web address, lower-cased.
    Literal(String),
    /// Any other word, lower-cased, without a possessive ending.
    Word(String),
}

impl Fact {
    /// A word as it is compared.
    pub(super) fn word(text: &str) -> Self {
        let lower = text.to_lowercase();
        let stem = ["'s", "’s"].iter().find_map(|ending| lower.strip_suffix(ending));
        Self::Word(stem.unwrap_or(&lower).to_owned())
    }
}

/// A word of a text, without the punctuation around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word as written.
    pub(super) text: String,
    /// Is it the first of a sentence?
    pub(super) starts_sentence: bool,
    /// Does it stand at either end of a range ("9–17", "Mon to Fri")?
    pub(super) in_range: bool,
    /// Does it stand at the far end of a range?
    pub(super) ends_range: bool,
}

/// The words of a text. A dash between figures or days separates words and makes a range, as does a "to" between them.
pub(super) fn words_of(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for line in text.lines() {
        let mut starts_sentence = true;
        let mut dash_before = false;
        for token in line.split_whitespace() {
            for (nth, part) in split_ranges(token).into_iter().enumerate() {
                let ends_range = nth > 0 || dash_before;
                dash_before = false;
                let word = part.trim_matches(|c: char| !c.is_alphanumeric() && !is_unit_sign(c));
                if word.is_empty() {
                    dash_before = part.chars().all(is_dash);
                    continue;
                }
                if ends_range && let Some(before) = words.last_mut() {
                    before.in_range = true;
                }
                words.push(Word {
                    text: word.to_owned(),
                    starts_sentence,
                    in_range: ends_range,
                    ends_range,
                });
                starts_sentence = part
                    .trim_end_matches(['"', '”', '’', ')', '*'])
                    .ends_with(['.', '!', '?', ':'])
                    && !part.eq_ignore_ascii_case("p.m.");
            }
        }
    }
    mark_spoken_ranges(&mut words);
    words
}

fn mark_spoken_ranges(words: &mut [Word]) {
    for at in 1..words.len().saturating_sub(1) {
        let spoken = words
            .get(at)
            .is_some_and(|w| ["to", "until", "till", "through", "bis", "and", "und"].contains(&w.text.as_str()));
        let ends = |at: usize| {
            words
                .get(at)
                .is_some_and(|w| weekday(&w.text).is_some() || w.text.starts_with(|c: char| c.is_ascii_digit()))
        };
        // "and" joins the ends only after "between": on its own it lists them.
        let joins = spoken && (!is_and(words.get(at)) || at.checked_sub(2).is_some_and(|b| is_between(words.get(b))));
        if joins && ends(at - 1) && ends(at + 1) {
            if let Some(word) = words.get_mut(at - 1) {
                word.in_range = true;
            }
            if let Some(word) = words.get_mut(at + 1) {
                word.in_range = true;
                word.ends_range = true;
            }
        }
    }
}

fn is_and(word: Option<&Word>) -> bool {
    word.is_some_and(|w| w.text == "and" || w.text == "und")
}

fn is_between(word: Option<&Word>) -> bool {
    word.is_some_and(|w| ["between", "zwischen"].contains(&w.text.to_lowercase().as_str()))
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−')
}

fn is_unit_sign(c: char) -> bool {
    matches!(c, '€' | '$' | '£' | '¥' | '%')
}

/// Splits `9:00-17:00` and `Mon–Fri`, but neither `e-mail` nor an ISO date.
fn split_ranges(token: &str) -> Vec<&str> {
    if date(token.trim_matches(|c: char| !c.is_alphanumeric())).is_some() || literal(token).is_some() {
        return vec![token];
    }
    let parts: Vec<&str> = token.split(is_dash).collect();
    let split = parts.iter().any(|part| part.chars().any(|c| c.is_ascii_digit()))
        || parts.iter().all(|part| weekday(part).is_some());
    if parts.len() > 1 && split { parts } else { vec![token] }
}

/// An e-mail or web address.
pub(super) fn literal(text: &str) -> Option<Fact> {
    let text = text.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let address = text.contains('@') || text.contains("://") || text.starts_with("www.");
    address.then_some(Fact::Literal(text))
}

/// A date in figures, as its parts; each part with the facts that it may be read as.
pub(super) fn date(text: &str) -> Option<Vec<Vec<Fact>>> {
    let separator = ['-', '.', '/'].into_iter().find(|s| text.contains(*s))?;
    let parts: Vec<&str> = text.trim_end_matches('.').split(separator).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    let value = |text: &str, longest: usize| -> Option<u16> {
        (1..=longest).contains(&text.len()).then_some(())?;
        text.parse().ok().filter(|_| !text.starts_with('+'))
    };
    let (year, first, second) = match (a.len(), c.len()) {
        (4, _) => (value(a, 4)?, value(b, 2)?, value(c, 2)?),
        (_, 2 | 4) => (value(c, 4)?, value(a, 2)?, value(b, 2)?),
        _ => return None,
    };
    let plausible = |n: u16| (1..=31).contains(&n);
    if !plausible(first) || !plausible(second) {
        return None;
    }
    let number = |n: u16| Fact::Number(n.to_string());
    // A slash is read both ways round; the year stands first in ISO order only.
    let part = |n: u16, may_be_month: bool| match u8::try_from(n) {
        Ok(month @ 1..=12) if may_be_month => vec![Fact::Month(month), number(n)],
        _ => vec![number(n)],
    };
    let (first_month, second_month) = match separator {
        '.' => (false, true),
        '-' if a.len() == 4 => (true, false),
        _ => (true, true),
    };
    Some(vec![
        vec![number(year)],
        part(first, first_month),
        part(second, second_month),
    ])
}

/// A time of day, and how many words it takes: `14:00`, `2:30pm`, `9am`, `9 a.m.`, `14 Uhr`.
pub(super) fn time_of_day(word: &Word, next: Option<&Word>) -> Option<(Fact, usize)> {
    let lower = word.text.to_lowercase();
    let digits_end = lower
        .find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.')
        .unwrap_or(lower.len());
    let (clock, mut half) = (
        lower.get(..digits_end)?.trim_end_matches('.'),
        lower.get(digits_end..)?.replace('.', ""),
    );
    let mut words = 1;
    if half.is_empty()
        && let Some(next) = next
    {
        let spoken = next.text.to_lowercase().replace('.', "");
        if ["am", "pm", "uhr", "oclock", "o'clock", "o’clock"].contains(&spoken.as_str()) {
            half = spoken;
            words = 2;
        }
    }
    let (hour, minute) = clock.split_once([':', '.']).unwrap_or((clock, ""));
    if half.is_empty() && !clock.contains(':') {
        return None;
    }
    let hour: u16 = hour.parse().ok().filter(|h| *h <= 24)?;
    let minute: u16 = if minute.is_empty() {
        0
    } else {
        minute.parse().ok().filter(|m| *m < 60)?
    };
    let hour = match half.as_str() {
        "am" => hour % 12,
        "pm" => hour % 12 + 12,
        "" | "uhr" | "h" | "oclock" | "o'clock" | "o’clock" => hour,
        _ => return None,
    };
    Some((Fact::Time(hour * 60 + minute), words))
}

/// A number in figures, with the currency or percent sign attached to it.
pub(super) fn number(text: &str) -> Option<(Fact, Option<Fact>)> {
    let start = text.trim_start_matches(|c: char| is_unit_sign(c) || is_dash(c) || c == '+');
    if !start.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = start
        .find(|c: char| !c.is_ascii_digit() && !is_separator(c))
        .unwrap_or(start.len());
    let (figures, suffix) = start.split_at_checked(end)?;
    let sign = text.chars().find(|c| is_unit_sign(*c)).map(String::from);
    let unit = sign.as_deref().or(Some(suffix)).and_then(currency);
    Some((Fact::Number(canonical(figures.trim_end_matches(is_separator))), unit))
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '’')
}

/// Removes thousands separators, writes the decimal one as `.` and drops zeros that change nothing. `1.200` is read as
/// twelve hundred, as prices are written; `3.5.2` stays as it is.
fn canonical(figures: &str) -> String {
    let groups: Vec<&str> = figures.split(is_separator).collect();
    let separators: Vec<char> = figures.chars().filter(|c| is_separator(*c)).collect();
    let Some((first, rest)) = groups.split_first() else {
        return String::new();
    };
    let in_threes = |groups: &[&str]| groups.iter().all(|group| group.len() == 3);
    let leads = (1..=3).contains(&first.len()) && *first != "0";
    let (whole, decimals) = match rest.split_last() {
        None => ((*first).to_owned(), ""),
        Some(_) if leads && in_threes(rest) && separators.windows(2).all(|pair| pair.first() == pair.last()) => {
            (groups.concat(), "")
        }
        Some((last, middle)) if middle.is_empty() || (leads && in_threes(middle)) => {
            (format!("{first}{}", middle.concat()), *last)
        }
        Some(_) => return figures.to_owned(),
    };
    let whole = Some(whole.trim_start_matches('0'))
        .filter(|w| !w.is_empty())
        .unwrap_or("0");
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{decimals}")
    }
}

/// A currency or percent, by sign, code or name.
pub(super) fn currency(text: &str) -> Option<Fact> {
    let name = match text.to_lowercase().as_str() {
        "€" | "eur" | "euro" | "euros" => "EUR",
        "$" | "usd" | "dollar" | "dollars" => "USD",
        "£" | "gbp" | "pound" | "pounds" => "GBP",
        "¥" | "jpy" | "yen" => "JPY",
        "chf" | "franken" | "francs" => "CHF",
        "%" | "percent" | "prozent" => "%",
        _ => return None,
    };
    Some(Fact::Unit(name))
}

/// Is it what lengths of time are counted in?
pub(super) fn is_span(text: &str) -> bool {
    const SPANS: [&str; 34] = [
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "years",
        "working",
        "business",
        "sekunde",
        "sekunden",
        "minuten",
        "stunde",
        "stunden",
        "tag",
        "tage",
        "tagen",
        "werktage",
        "werktagen",
        "woche",
        "wochen",
        "monat",
        "monate",
        "monaten",
        "jahr",
        "jahre",
        "jahren",
    ];
    SPANS.contains(&text.to_lowercase().as_str())
}

/// A number in words. "One" is left out: it is mostly a pronoun.
pub(super) fn number_word(text: &str) -> Option<Fact> {
    const WORDS: [(&str, &str, &str); 18] = [
        ("2", "two", "zwei"),
        ("3", "three", "drei"),
        ("4", "four", "vier"),
        ("5", "five", "fünf"),
        ("6", "six", "sechs"),
        ("7", "seven", "sieben"),
        ("8", "eight", "acht"),
        ("9", "nine", "neun"),
        ("10", "ten", "zehn"),
        ("11", "eleven", "elf"),
        ("12", "twelve", "zwölf"),
        ("14", "fourteen", "vierzehn"),
        ("15", "fifteen", "fünfzehn"),
        ("20", "twenty", "zwanzig"),
        ("30", "thirty", "dreißig"),
        ("60", "sixty", "sechzig"),
        ("90", "ninety", "neunzig"),
        ("100", "hundred", "hundert"),
    ];
    let lower = text.to_lowercase();
    let (digits, ..) = WORDS
        .iter()
        .find(|(_, english, german)| lower == *english || lower == *german)?;
    Some(Fact::Number((*digits).to_owned()))
}

/// A day of the week, capitalised as English and German write it.
pub(super) fn weekday(text: &str) -> Option<Fact> {
    const DAYS: [&[&str]; 7] = [
        &["Mon", "Monday", "Mondays", "Mo", "Montag", "montags"],
        &["Tue", "Tues", "Tuesday", "Tuesdays", "Di", "Dienstag", "dienstags"],
        &["Wed", "Wednesday", "Wednesdays", "Mi", "Mittwoch", "mittwochs"],
        &[
            "Thu",
            "Thur",
            "Thurs",
            "Thursday",
            "Thursdays",
            "Donnerstag",
            "donnerstags",
        ],
        &["Fri", "Friday", "Fridays", "Fr", "Freitag", "freitags"],
        &["Sat", "Saturday", "Saturdays", "Sa", "Samstag", "samstags"],
        &["Sun", "Sunday", "Sundays", "Sonntag", "sonntags"],
    ];
    // The German "Do" and "So" are left out: they are English words.
    let text = text.trim_matches(|c: char| !c.is_alphanumeric());
    let day = DAYS.iter().position(|names| names.contains(&text))?;
    u8::try_from(day).ok().map(Fact::Weekday)
}

/// A month by name. "May" and "March" count only beside a number: they are verbs as well.
pub(super) fn month(text: &str, previous: Option<&Word>, next: Option<&Word>) -> Option<Fact> {
    const MONTHS: [&[&str]; 12] = [
        &["Jan", "January", "Januar"],
        &["Feb", "February", "Februar"],
        &["Mar", "March", "März"],
        &["Apr", "April"],
        &["May", "Mai"],
        &["Jun", "June", "Juni"],
        &["Jul", "July", "Juli"],
        &["Aug", "August"],
        &["Sep", "Sept", "September"],
        &["Oct", "October", "Oktober"],
        &["Nov", "November"],
        &["Dec", "December", "Dezember"],
    ];
    let month = MONTHS.iter().position(|names| names.contains(&text))?;
    let beside_a_number = [previous, next]
        .into_iter()
        .flatten()
        .any(|w| number(&w.text).is_some());
    let certain = !matches!(text, "May" | "March" | "Mar");
    let month = u8::try_from(month + 1).ok()?;
    (certain || beside_a_number).then_some(Fact::Month(month))
}
