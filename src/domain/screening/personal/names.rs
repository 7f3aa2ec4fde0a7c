//! Names of people, where words beside them say that they are names.

use super::reading::{Reading, listed};
use super::{Found, Kind};
use crate::domain::screening::phrases::Patterns;
use std::sync::LazyLock;

/// What one says before one's name; the name may be written without capitals.
const INTRODUCTIONS: [&str; 30] = [
    "my full|first|last|real name is|s",
    "my name is|s",
    "name +1 on the card|account|order is",
    "mein name ist|lautet",
    "mein vorname|nachname ist",
    "ich heisse",
    "je m appelle",
    "mon nom|prenom est",
    "me llamo",
    "mi nombre|apellido es",
    "mi chiamo",
    "il mio nome|cognome e",
    "meu nome|sobrenome e",
    "me chamo",
    "chamo me",
    "mijn naam is",
    "ik heet",
    "nazywam sie",
    "mam na imie",
    "moje imie to",
    "benim adim",
    "jag heter",
    "jeg hedder|heter",
    "jmenuji se",
    "меня зовут",
    "people call me",
    "everyone calls me",
    "please call me",
    "she|he is called",
    "unterschrieben|gezeichnet|gez",
];
/// Words before a name that is written with capitals.
const TITLES: &str = "mr mrs ms miss mister dr prof professor herr herrn frau mme monsieur madame mademoiselle senor senora sra sig signor signora dhr mevr \
    mevrouw meneer pani panem hr lady madam";
/// Words that end "name" to another thing than a person's.
const OTHER_NAMES: &str = "brand product company domain file user username business model host server store shop street item project band trade network \
    display screen login app website device artist song film movie city";
const SIGN_OFFS: &str = "regards sincerely cheers thanks grusse gruss grussen cordialement saludos atentamente saluti cumprimentos abraco groet groeten \
    pozdrawiam saygilarimla wishes yours truly love";
/// Parts of a name that are written small.
const PARTICLES: &str = "van von de der den del della di da dos du la le bin al el ten ter zu";
/// Words with a capital that are no names.
const NO_NAMES: &str = "i the a an and or but please my your is it this that what why how when where can could would do does not no yes hello hi hey dear thanks \
    thank if in on at for from to of with you we they he she sorry also because so then now here there bitte und ich aber bien et mais pero e ma y";
/// Words that cannot be a name although they follow an introduction.
const NO_FIRST: &str = "by back at when asap now today tomorrow later maybe if as soon urgently immediately directly again before after between not the a an on in spelled misspelled spelt wrong incorrect incorrectly already missing different still too listed written changed \
    that what why and but is appears nicht falsch pas mal erroneo sbagliato still also being";
const RESIDES: &str = "lives lived resides wohnt habite vive abita mora woont mieszka";
/// What belongs to somebody who is named before it.
const BELONGINGS: &str = "address phone number email mobile card birthday account order ssn passport";
const NAME_WORDS: usize = 4;

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| Patterns::new(&[], INTRODUCTIONS));

/// Finds names.
pub(super) fn find(reading: &Reading<'_>, found: &mut Vec<Found>) {
    let mut add = |first: usize, last: usize| {
        found.push(Found {
            kind: Kind::Name,
            start: reading.start(first),
            end: reading.end(last),
        });
    };
    for hit in PATTERNS.find_all(&reading.words) {
        let first = hit.last + 1;
        if !matches!(reading.gap(hit.last), " " | ": " | ", " | " - ") || listed(NO_FIRST, reading.word(first)) {
            continue;
        }
        match capitalised(reading, first) {
            Some(last) => add(first, last),
            // Nobody writes capitals in a hurry: one word or two, if they end what is said.
            None => {
                let last = if reading.gap(first) == " " { first + 1 } else { first };
                let last = last.min(reading.words.len().saturating_sub(1));
                let is_word =
                    |at: usize| reading.raw(at).chars().all(char::is_alphabetic) && !listed(NO_NAMES, reading.word(at));
                let kept = if is_word(last) && !listed(NO_FIRST, reading.word(last)) {
                    last
                } else {
                    first
                };
                if is_word(first) {
                    add(first, kept);
                }
            }
        }
    }
    for at in 0..reading.words.len() {
        let word = reading.word(at);
        if listed(TITLES, word) && matches!(reading.gap(at), " " | ". " | ".") {
            if let Some(last) = capitalised(reading, at + 1) {
                add(at + 1, last);
            }
        } else if matches!(
            word,
            "name" | "nombre" | "nome" | "naam" | "vorname" | "nachname" | "nom" | "surname" | "imie" | "nazwisko"
        ) {
            after_name(reading, at, &mut add);
        } else if matches!(word, "i" | "this") && matches!(reading.word(at + 1), "am" | "m" | "is") {
            // "I am Jane Doe": two words at least, for "I am German" names nobody.
            if let Some(last) = capitalised(reading, at + 2)
                .filter(|last| *last > at + 2 && reading.raw(*last).chars().any(char::is_lowercase))
            {
                add(at + 2, last);
            }
        } else if listed(RESIDES, word) && at > 0 && reading.gap(at - 1) == " " {
            // "Jane Doe lives at": the words with capitals just before.
            let first = (1..=3)
                .take_while(|back| {
                    at.checked_sub(*back)
                        .is_some_and(|at| capitalised(reading, at).is_some())
                })
                .last();
            if let Some(first) = first.and_then(|back| at.checked_sub(back)) {
                add(first, at - 1);
            }
        } else if word == "s"
            && at > 0
            && matches!(reading.gap(at - 1), "'" | "’")
            && listed(BELONGINGS, reading.word(at + 1))
            && capitalised(reading, at - 1).is_some()
        {
            add(at - 1, at - 1);
        } else if listed(SIGN_OFFS, word)
            && reading.gap(at).contains('\n')
            && let Some(last) = capitalised(reading, at + 1).filter(|last| reading.gap(*last).contains(['\n', ',']))
        {
            add(at + 1, last);
        }
    }
}

/// The lines above an address that begins a line of its own: who lives there.
pub(super) fn above_addresses(reading: &Reading<'_>, found: &mut Vec<Found>) {
    let starts: Vec<usize> = found
        .iter()
        .filter(|piece| piece.kind == Kind::Address)
        .map(|piece| piece.start)
        .collect();
    for start in starts {
        let address = reading.word_at(start);
        let Some(last) = address.checked_sub(1).filter(|last| reading.gap(*last).contains('\n')) else {
            continue;
        };
        let mut first = last;
        while first > 0 && reading.gap(first - 1) == " " && last - first < NAME_WORDS {
            first -= 1;
        }
        let is_part = |at: usize| {
            let raw = reading.raw(at);
            raw.chars().count() >= 2
                && raw.chars().all(char::is_alphabetic)
                && !listed(NO_NAMES, reading.word(at))
                && !listed(BELONGINGS, reading.word(at))
        };
        let begins_line = first == 0 || reading.gap(first - 1).contains(['\n', ':', '?', '\t']);
        if begins_line && (2..=3).contains(&(last + 1 - first)) && (first..=last).all(is_part) {
            found.push(Found {
                kind: Kind::Name,
                start: reading.start(first),
                end: reading.end(last),
            });
        }
    }
}

/// `name: Jane Doe`, `last name? Doe`, `under my partner's name Jane Doe`.
fn after_name(reading: &Reading<'_>, at: usize, add: &mut impl FnMut(usize, usize)) {
    if at
        .checked_sub(1)
        .is_some_and(|before| listed(OTHER_NAMES, reading.word(before)))
    {
        return;
    }
    let skipped = matches!(reading.word(at + 1), "is" | "was" | "ist" | "est" | "es" | "e" | "to");
    let first = if skipped { at + 2 } else { at + 1 };
    let gap = reading.gap(first - 1);
    if gap.contains('\n') || gap.len() > 3 || listed(NO_FIRST, reading.word(first)) {
        return;
    }
    if let Some(last) = capitalised(reading, first) {
        add(first, last);
    }
}

/// The last word of a name with capitals that begins at a word.
fn capitalised(reading: &Reading<'_>, first: usize) -> Option<usize> {
    let is_part = |at: usize| {
        let raw = reading.raw(at);
        reading.is_capitalised(at)
            && raw.chars().count() >= 2
            && raw.chars().all(char::is_alphabetic)
            && !listed(NO_NAMES, reading.word(at))
    };
    if !is_part(first) {
        return None;
    }
    let mut last = first;
    let mut next = first + 1;
    while next < first + NAME_WORDS + 2 && matches!(reading.gap(next - 1), " " | ". " | "-" | "'" | "’") {
        // A full stop ends a sentence unless it follows an initial.
        if reading.gap(next - 1) == ". " && reading.raw(next - 1).chars().count() > 1 {
            break;
        }
        if is_part(next) {
            last = next;
        } else if !listed(PARTICLES, reading.word(next)) {
            break;
        }
        next += 1;
    }
    Some(last)
}
