//! Postal addresses: a street with its number, in the orders and words of several languages, and what follows a word like
//! "address".

use super::reading::{Reading, listed};
use super::{Found, Kind};

/// Words that end the name of a street and are hardly anything else.
const STREETS: &str = "street avenue ave road rd lane boulevard blvd terrace crescent parkway pkwy highway hwy expressway turnpike mews straat laan \
    gracht plein kade utca utja korut strasse allee chaussee gatan vagen veien vej";
/// Words that end the name of a street, but are also words of their own: only with capitals.
const MAYBE_STREETS: &str = "st dr drive ct court pl place sq square way row close grove gardens hill park circle cir loop trail trl walk alley pike plaza \
    ridge point bend crossing gate green heights court";
/// What German, Dutch, Nordic and Hungarian streets end with, in one word with their name.
const ENDINGS: [&str; 20] = [
    "strasse", "straße", "str", "weg", "gasse", "platz", "allee", "ufer", "damm", "ring", "straat", "laan", "gracht",
    "plein", "gatan", "vägen", "veien", "gata", "gade", "stien",
];
/// Words with such an ending that are no streets.
const NO_STREETS: &str = "parkplatz spielplatz arbeitsplatz stellplatz sitzplatz umweg ausweg radweg stuhlring ohrring schluesselring reifendruckring \
    marktplatz hering during spring string bring fehring ehering campingplatz startplatz liegeplatz";
/// Words that begin the name of a street.
const BEFORE: &str = "rue avenue boulevard chemin impasse quai allee route place cours calle avenida avda paseo carrer plaza carretera camino via viale \
    piazza corso largo vicolo strada rua travessa praca alameda ul ulica aleja aleje al plac os osiedle ulitsa ulice namesti улица ул проспект \
    sokak cadde caddesi πλατεια οδος plateia odos square calea strada bulevardul";
/// Flats.
const FLATS: &str = "apt apartment suite ste flat wohnung appartement piso appartamento";
/// Words that announce an address.
const CUES: &str = "address adresse anschrift direccion domicilio indirizzo endereco morada adres adresim lives live living resides reside located \
    moved moving wohne wohnhaft wohnt habite vivo vive abito abita moro mora woon mieszkam oturuyorum";
/// Words before "address" that make it another kind of one.
const OTHER_ADDRESS: &str = "email mail ip mac web e wallet internet url";
const ZIP_CUES: &str = "zip zipcode postcode postal plz postleitzahl cap cep postale kod pocztowy postnummer";
/// Words that are no part of a street's name.
const SMALL: &str = "the a an by of on in at to is it and or for with down up my your our this that from near next out off per days day hours minutes \
    times items people piece pieces euro euros dollars weeks week months years year percent km miles kg";
/// Words of a name between its number and the street word.
const NAME_WORDS: usize = 4;
/// Words after a street that can still belong to the address.
const TAIL: usize = 8;

/// Finds addresses.
pub(super) fn find(reading: &Reading<'_>, found: &mut Vec<Found>) {
    let mut at = 0;
    while at < reading.words.len() {
        let street = number_first(reading, at)
            .or_else(|| name_first(reading, at))
            .or_else(|| street_word_first(reading, at))
            .or_else(|| announced(reading, at))
            .or_else(|| flat(reading, at))
            .or_else(|| postcode(reading, at));
        match street {
            Some((first, last)) => {
                let last = with_tail(reading, last);
                found.push(Found {
                    kind: Kind::Address,
                    start: reading.start(first),
                    end: reading.end(last),
                });
                at = last + 1;
            }
            None => at += 1,
        }
    }
}

/// May the next word belong to the same line of an address?
fn goes_on(reading: &Reading<'_>, at: usize) -> bool {
    let gap = reading.gap(at);
    gap.len() <= 3 && gap.chars().all(|c| matches!(c, ' ' | '.' | '-' | '\'' | '’' | '/')) && gap != ". "
        || gap == ". " && reading.raw(at).len() <= 4
}

/// `12 Baker Street`, `8 wressle road`, `1755 Nelson Mandela Drive`, also with two numbers before the name.
fn number_first(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    if !reading.is_house_number(at) {
        return None;
    }
    let mut all_capitals = true;
    for name in at + 1..=at + 1 + NAME_WORDS {
        if !goes_on(reading, name - 1) {
            return None;
        }
        let word = reading.word(name);
        let is_named = name > at + 1;
        let certain = listed(STREETS, word) && is_named;
        let maybe = listed(MAYBE_STREETS, word) && is_named && all_capitals && reading.is_capitalised(name);
        if certain || maybe {
            return Some((at, name));
        }
        if listed(BEFORE, word)
            && (all_capitals || word == "rue")
            && !reading.is_number(name + 1)
            && reading.is_capitalised(name + 1)
        {
            return Some((at, name + 1));
        }
        if word.is_empty() || listed(SMALL, word) {
            return None;
        }
        all_capitals &= reading.is_capitalised(name) || reading.is_house_number(name);
    }
    None
}

/// `Ziegelgasse 26`, `Lange Straße 5`.
fn name_first(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let number = at + 1;
    let gap = reading.gap(at);
    if !reading.is_house_number(number) || !matches!(gap, " " | ". " | ".") {
        return None;
    }
    let raw = reading.raw(at).to_lowercase();
    let compound = ENDINGS
        .iter()
        .any(|ending| raw.strip_suffix(ending).is_some_and(|name| name.chars().count() >= 3));
    let is_street = compound && reading.is_capitalised(at) && !listed(NO_STREETS, reading.word(at));
    if is_street {
        return Some((at, number));
    }
    let two_words = matches!(
        reading.word(at),
        "strasse" | "weg" | "allee" | "platz" | "gasse" | "utca" | "utja" | "straat"
    );
    let before = at
        .checked_sub(1)
        .filter(|before| reading.gap(*before) == " " && reading.word(*before).len() >= 3)?;
    let named =
        reading.is_capitalised(before) && reading.is_capitalised(at) || matches!(reading.word(at), "utca" | "utja");
    (two_words && named).then_some((before, number))
}

/// `rue Descartes 48`, `Calle Mayor 3`, `ul. Długa 7`.
fn street_word_first(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    if !listed(BEFORE, reading.word(at)) {
        return None;
    }
    let name = at + 1;
    // Words like "via" and "place" are streets only with a name that has a capital.
    let shouted = reading.raw(name).chars().all(char::is_uppercase);
    if !reading.is_capitalised(name) || reading.is_number(name) || shouted {
        return None;
    }
    let number = (name + 1..=name + NAME_WORDS).find(|number| reading.is_house_number(*number))?;
    let counts = listed(SMALL, reading.word(number + 1));
    let joined = !counts
        && (at..number).all(|word| {
            matches!(
                reading.gap(word),
                " " | ". " | ", " | " n. " | ", n. " | ", nº " | "-" | "'"
            )
        });
    joined.then_some((at, number))
}

/// What follows "my address is" or "lives at", if it has a number and a name.
fn announced(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    if !listed(CUES, reading.word(at))
        || at
            .checked_sub(1)
            .is_some_and(|before| listed(OTHER_ADDRESS, reading.word(before)))
    {
        return None;
    }
    let is_address = listed(
        "address adresse anschrift direccion domicilio indirizzo endereco morada adres adresim",
        reading.word(at),
    );
    // The number has to come soon, and with a name beside it.
    let number = (at + 1..=at + 6).find(|number| reading.is_house_number(*number))?;
    let reached = (at..number).all(|word| {
        let gap = reading.gap(word);
        gap.len() <= 4 && !gap.contains(['?', '!']) || word == at && is_address
    });
    if !reached {
        return None;
    }
    let is_name = |word: usize| {
        let raw = reading.raw(word);
        raw.chars().all(char::is_alphabetic)
            && raw.chars().count() >= 3
            && reading.is_capitalised(word)
            && !listed(SMALL, reading.word(word))
    };
    let after = (number + 1..=number + 3).find(|word| is_name(*word) || !reading.raw(*word).is_ascii());
    let before = number.checked_sub(1).filter(|before| *before > at && is_name(*before));
    let unlikely = reading.gap(number).starts_with(['.', ':', '/']) && reading.is_number(number + 1);
    let near_number = |name: usize| (number..name).all(|word| matches!(reading.gap(word), " " | ". " | ", "));
    match (before, after) {
        _ if unlikely => None,
        (Some(before), _) => Some((before, number)),
        (None, Some(name)) if near_number(name) && (is_address || !listed(SMALL, reading.word(number + 1))) => {
            Some((number, name))
        }
        _ => None,
    }
}

fn flat(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let is_flat = listed(FLATS, reading.word(at))
        && matches!(reading.gap(at), " " | ". " | " #")
        && reading.is_house_number(at + 1);
    let is_box =
        reading.word(at) == "box" && reading.is_number(at + 1) && at > 0 && matches!(reading.word(at - 1), "po" | "o");
    (is_flat || is_box).then_some((at, at + 1))
}

/// `ZIP: 11164`, `SW1A 2AA`.
fn postcode(reading: &Reading<'_>, at: usize) -> Option<(usize, usize)> {
    let raw = reading.raw(at);
    let digits = raw.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || raw.len() > 10 {
        return None;
    }
    let cued = (4..=8).contains(&digits) && reading.cue_before(reading.start(at), 3, ZIP_CUES).is_some();
    if cued {
        return Some((at, at));
    }
    let shape = |raw: &str| -> String {
        raw.chars()
            .map(|c| match c {
                'A'..='Z' => 'A',
                '0'..='9' => '9',
                _ => '?',
            })
            .collect()
    };
    let outward = matches!(shape(raw).as_str(), "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A");
    let british = outward && reading.gap(at) == " " && shape(reading.raw(at + 1)) == "9AA";
    british.then_some((at, at + 1))
}

/// The last word of what belongs to an address after its street: flat, postcode, town, country.
fn with_tail(reading: &Reading<'_>, last: usize) -> usize {
    let mut end = last;
    for next in last + 1..=last + TAIL {
        let gap = reading.gap(next - 1);
        let separated = gap.len() <= 8
            && !gap.contains(['?', '!', ';', ':', '('])
            && !gap.contains("\n\n")
            && !gap.starts_with(". ");
        let after_flat = gap.starts_with(". ") && listed(FLATS, reading.word(next));
        let raw = reading.raw(next);
        let belongs = reading.is_capitalised(next)
            && !listed("i please it my the if this is can could where when", reading.word(next))
            || raw.starts_with(|c: char| c.is_ascii_digit()) && raw.len() <= 7
            || listed(FLATS, reading.word(next));
        if raw.is_empty() || !(separated || after_flat) || !belongs {
            break;
        }
        end = next;
    }
    with_postcode(reading, end).unwrap_or(end)
}

/// The postcode that ends an address written on several short lines, whatever its letters look like.
fn with_postcode(reading: &Reading<'_>, last: usize) -> Option<usize> {
    let mut on_line = 0;
    let mut broken = false;
    for next in last + 1..=last + TAIL {
        let gap = reading.gap(next - 1);
        let plain = gap.chars().all(|c| c.is_whitespace() || matches!(c, ',' | '.' | '?'));
        on_line = if gap.contains('\n') { 1 } else { on_line + 1 };
        broken |= gap.contains('\n');
        let raw = reading.raw(next);
        if raw.is_empty() || !plain || on_line > 4 || gap.matches('\n').count() > 2 {
            return None;
        }
        let is_postcode = (4..=6).contains(&raw.len()) && raw.bytes().all(|byte| byte.is_ascii_digit());
        if is_postcode && broken {
            return Some(next);
        }
    }
    None
}
