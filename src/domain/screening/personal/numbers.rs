//! What consists of figures or has an at sign.

use super::checks;
use super::reading::{Reading, listed};
use super::{Found, Kind};
use std::net::Ipv6Addr;

const PHONE_CUES: &str = "phone telephone tel call mobile cell cellphone fax whatsapp sms text ring reach telefon telefonnummer handy handynummer \
    mobil mobilnummer anrufen rufnummer telefono telephone portable movil cellulare celular telefone telemovel telefoon mobiel gsm numer \
    komork* telefonu cep numaram phonenumber contact desk landline pager viber telegram signal appelez llamar llamame chiamami ligue bel";
const NO_PHONE_CUES: &str = "order invoice tracking ticket ref reference sku isbn ean article item serial model version code bestellnummer \
    rechnungsnummer auftragsnummer sendungsnummer artikelnummer seriennummer commande facture pedido factura ordine fattura zamowienia siparis \
    parcel shipment case id bestelling purchase booking reservation receipt transaction policy claim";
const CARD_CUES: &str = "card cards credit debit visa mastercard amex karte kreditkarte kartennummer carte tarjeta carta cartao kaart karta karty kart cc";
const ID_CUES: &str = "passport reisepass* reisepassnummer passeport pasaporte passaporto passaporte paspoort* paszport* pasaport* ssn social \
    licence license driver drivers fuhrerschein* fuhrerscheinnummer permis personalausweis* ausweis* ausweisnummer dni nie nif cedula curp cpf \
    rg pesel bsn nino insurance steuernummer steuer steuerid sozialversicherungsnummer versicherungsnummer versichertennummer fiscale identita \
    identidad identite identity national securite kimlik tckn ahv avs personnummer cpr codice dowod dowodu taxpayer itin tin";
const BANK_CUES: &str =
    "account konto kontonummer compte cuenta conto conta rekening rekeningnummer konta hesap routing sort iban bank";
const BIRTH_CUES: &str = "born birth birthday birthdate dob geboren geburtsdatum geburtstag naissance ne nee nacido nacida nacimiento nacio nato nata \
    nascita nascido nascida nascimento geboortedatum geboorte urodzony urodzona urodzenia dogum dogdum fodt fodd";
const MONTHS: &str = "jan* feb* mar* apr* may mai maj june july jun* jul* aug* sep* oct* okt* nov* dec* dez* januar* janvier fevrier avril juin juillet \
    aout enero abril agosto diciembre gennaio maggio giugno luglio dicembre janeiro maio outubro dezembro mei oktober stycznia lutego marca \
    kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika listopada grudnia ocak subat mart nisan mayis haziran temmuz agustos eylul ekim \
    kasim aralik";
/// How spelled-out e-mail addresses end.
const ENDS: &str =
    "com org net edu gov io co de fr es it pt nl pl at ch eu uk us info biz tr br me dev app be se dk cz";
/// Groups of figures that belong to one number at most.
const GROUPS: usize = 8;

/// E-mail addresses, also those that are spelled out.
pub(super) fn emails(reading: &Reading<'_>, found: &mut Vec<Found>) {
    let text = reading.text;
    for (at, sign) in text.match_indices('@') {
        let is_local = |c: char| c.is_alphanumeric() || "._%+'-".contains(c);
        let before = text.get(..at).unwrap_or_default();
        let local: usize = before
            .chars()
            .rev()
            .take(64)
            .take_while(|c| is_local(*c))
            .map(char::len_utf8)
            .sum();
        let after = text.get(at + sign.len()..).unwrap_or_default();
        let domain: usize = after
            .chars()
            .take(255)
            .take_while(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
            .map(char::len_utf8)
            .sum();
        let domain = after.get(..domain).unwrap_or_default().trim_end_matches(['.', '-']);
        let ends_well = domain.rsplit_once('.').is_some_and(|(name, end)| {
            !name.is_empty() && end.chars().count() >= 2 && end.chars().all(char::is_alphabetic)
        });
        let start = at - local;
        let start = start
            + before.get(start..).map_or(0, |local| {
                local.len() - local.trim_start_matches(['.', '\'', '-']).len()
            });
        if start < at && ends_well {
            found.push(Found {
                kind: Kind::Email,
                start,
                end: at + sign.len() + domain.len(),
            });
        }
    }
    for at in 1..reading.words.len() {
        let [sign, dot, end] = [at, at + 2, at + 3].map(|at| reading.word(at));
        let spelled = matches!(
            (sign, dot),
            ("at" | "arroba" | "chiocciola", "dot" | "punkt" | "punto" | "ponto") | ("arobase", "point")
        );
        if spelled && listed(ENDS, end) {
            found.push(Found {
                kind: Kind::Email,
                start: reading.start(at - 1),
                end: reading.end(at + 3),
            });
        }
    }
}

/// International bank account numbers that pass their check.
pub(super) fn ibans(reading: &Reading<'_>, found: &mut Vec<Found>) {
    for (at, word) in reading.words.iter().enumerate() {
        let raw = reading.raw(at);
        let country = raw
            .get(..2)
            .filter(|c| c.bytes().all(|byte| byte.is_ascii_alphabetic()));
        let checked = raw
            .get(2..4)
            .is_some_and(|d| d.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(country) = country.filter(|_| checked) else {
            continue;
        };
        let length = checks::iban_length(&country.to_ascii_uppercase());
        let mut compact = String::new();
        for next in at..at + 12 {
            let part = reading.raw(next);
            if part.is_empty() || !part.is_ascii() || compact.len() + part.len() > 34 {
                break;
            }
            compact.push_str(&part.to_ascii_uppercase());
            let whole = length.map_or(compact.len() >= 15, |length| compact.len() == length);
            if whole && checks::iban(&compact) {
                found.push(Found {
                    kind: Kind::Iban,
                    start: word.start,
                    end: reading.end(next),
                });
                break;
            }
            if !matches!(reading.gap(next), " " | "-" | "\u{a0}") {
                break;
            }
        }
    }
}

/// Numbers of identity papers: by their own check, or beside words that say what they are.
pub(super) fn ids(reading: &Reading<'_>, found: &mut Vec<Found>) {
    for (at, word) in reading.words.iter().enumerate() {
        let raw = reading.raw(at);
        if has_own_shape(raw) {
            found.push(Found {
                kind: Kind::IdNumber,
                start: word.start,
                end: word.end,
            });
            continue;
        }
        let digits = raw.bytes().filter(u8::is_ascii_digit).count();
        if digits == 0 || !raw.is_ascii() || is_inside(reading, at) {
            continue;
        }
        let (end, length, digits) = spelled(reading, at);
        if !(5..=20).contains(&length) || digits < 4 || looks_like_date(reading, at) {
            continue;
        }
        let near = |cues| reading.cue_before(word.start, 5, cues);
        let kind = match (near(ID_CUES), near(BANK_CUES)) {
            (Some(id), bank) if bank.is_none_or(|bank| id <= bank) => Kind::IdNumber,
            (_, Some(_))
                if length >= 6
                    && near("number nummer numero nr no is ist code konto kontonummer rekeningnummer").is_some() =>
            {
                Kind::BankAccount
            }
            _ => continue,
        };
        // A phone or card that is named beside it is that, not this.
        let named = |cues| reading.cue_before(word.start, 2, cues).is_some();
        if !named(PHONE_CUES) && !named(CARD_CUES) && !named(NO_PHONE_CUES) {
            found.push(Found {
                kind,
                start: word.start,
                end,
            });
        }
    }
}

/// Numbers that tell by themselves what they are: codice fiscale, DNI, NINO.
fn has_own_shape(raw: &str) -> bool {
    if !raw.is_ascii() {
        return false;
    }
    let shape: String = raw
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { 'A' })
        .collect();
    match shape.as_str() {
        "AAAAAA99A99A999A" => true,
        "99999999A" => raw
            .split_at_checked(8)
            .is_some_and(|(digits, letter)| checks::dni(digits, letter.chars().next().unwrap_or(' '))),
        "AA999999A" => {
            let no_prefix = ["D", "F", "I", "Q", "U", "V"]
                .iter()
                .any(|c| raw.to_ascii_uppercase().starts_with(c));
            !no_prefix && raw.to_ascii_uppercase().ends_with(['A', 'B', 'C', 'D'])
        }
        _ => false,
    }
}

/// Does a word go on from the one before, like the second group of a number?
fn is_inside(reading: &Reading<'_>, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| {
        let joined = matches!(reading.gap(before), "-" | "." | "/" | " ");
        joined && reading.raw(before).bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// A number with its groups: the byte after it, its length and its digits.
fn spelled(reading: &Reading<'_>, at: usize) -> (usize, usize, usize) {
    let (mut end, mut length, mut digits) = (reading.start(at), 0, 0);
    for next in at..at + GROUPS {
        let raw = reading.raw(next);
        let counts = raw.bytes().filter(u8::is_ascii_digit).count();
        let short_letters = raw.len() <= 2 && raw.bytes().all(|byte| byte.is_ascii_uppercase());
        if counts == 0 && !(short_letters && !raw.is_empty() && next > at) {
            break;
        }
        (end, length, digits) = (reading.end(next), length + raw.len(), digits + counts);
        if !matches!(reading.gap(next), "-" | "." | "/" | " ") {
            break;
        }
    }
    (end, length, digits)
}

/// Dates that a word beside them calls somebody's birth.
pub(super) fn births(reading: &Reading<'_>, found: &mut Vec<Found>) {
    for at in 0..reading.words.len() {
        let Some(last) = date_from(reading, at) else { continue };
        if reading.cue_before(reading.start(at), 6, BIRTH_CUES).is_some() {
            found.push(Found {
                kind: Kind::DateOfBirth,
                start: reading.start(at),
                end: reading.end(last),
            });
        }
    }
}

/// The last word of a date that begins at a word.
fn date_from(reading: &Reading<'_>, at: usize) -> Option<usize> {
    if looks_like_date(reading, at) {
        return Some(at + 2);
    }
    let value = |at: usize| {
        reading
            .raw(at)
            .trim_end_matches(|c: char| c.is_alphabetic())
            .parse::<u32>()
            .ok()
    };
    let is_day = |at| value(at).is_some_and(|day| (1..=31).contains(&day));
    let is_year = |at| reading.is_number(at) && value(at).is_some_and(|year| (1900..=2100).contains(&year));
    let is_month = |at| listed(MONTHS, reading.word(at));
    let last = at + 2;
    if is_day(at) && is_month(at + 1) && is_year(last) || is_month(at) && is_day(at + 1) && is_year(last) {
        return Some(last);
    }
    // "3 de mayo de 1990", "3rd of May 1990"
    let of = |at| matches!(reading.word(at), "de" | "of" | "di" | "del");
    if is_day(at) && of(at + 1) && is_month(at + 2) {
        return [at + 3, at + 4].into_iter().find(|year| is_year(*year));
    }
    None
}

/// Three numbers with the same sign between them that can be a day.
fn looks_like_date(reading: &Reading<'_>, at: usize) -> bool {
    let sign = reading.gap(at);
    if !matches!(sign, "/" | "-" | "." | ". " | " / ") || reading.gap(at + 1) != sign {
        return false;
    }
    let [first, second, third] = [at, at + 1, at + 2].map(|at| reading.raw(at));
    let in_day = |raw: &str| raw.len() <= 2 && raw.parse::<u32>().is_ok_and(|value| (1..=31).contains(&value));
    let in_year = |raw: &str| matches!(raw.len(), 2 | 4) && raw.parse::<u32>().is_ok();
    in_day(second) && (in_day(first) && in_year(third) || first.len() == 4 && in_year(first) && in_day(third))
}

/// Groups of figures: cards, telephones, computers' addresses, and numbers whose groups tell what they are.
pub(super) fn figures(reading: &Reading<'_>, found: &mut Vec<Found>) {
    let mut at = 0;
    while at < reading.words.len() {
        if let Some((kind, last, end)) = figure_from(reading, at) {
            let opened = reading
                .text
                .get(..reading.start(at))
                .map_or(0, |before| before.len() - before.trim_end_matches(['+', '(']).len());
            found.push(Found {
                kind,
                start: reading.start(at) - opened,
                end,
            });
            at = last + 1;
        } else {
            at += 1;
        }
    }
    let mut from = 0;
    for token in reading.text.split_inclusive(char::is_whitespace) {
        let start = from + token.len()
            - token
                .trim_start_matches(|c: char| !c.is_ascii_hexdigit() && c != ':')
                .len();
        let address = token.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':');
        if address.matches(':').count() >= 2 && address.len() >= 6 && address.parse::<Ipv6Addr>().is_ok() {
            found.push(Found {
                kind: Kind::Ip,
                start,
                end: start + address.len(),
            });
        }
        from += token.len();
    }
}

/// Figures that belong together, beginning with a word.
struct Figures<'a> {
    groups: Vec<&'a str>,
    signs: Vec<&'a str>,
}

impl Figures<'_> {
    fn digits(&self) -> String {
        self.groups.concat()
    }

    fn sizes(&self) -> Vec<usize> {
        self.groups.iter().map(|group| group.len()).collect()
    }

    fn all_signs(&self, sign: &str) -> bool {
        self.signs.iter().all(|between| *between == sign)
    }
}

/// What begins with a word of figures: its kind, its last word and the byte after it.
fn figure_from(reading: &Reading<'_>, at: usize) -> Option<(Kind, usize, usize)> {
    let starts = reading.start(at);
    let before = reading.text.get(..starts)?.chars().next_back();
    if !starts_with_figures(reading, at)
        || is_inside(reading, at) && before != Some('(') && !is_after_opening(reading, at)
    {
        return None;
    }
    let mut figures = Figures {
        groups: Vec::new(),
        signs: Vec::new(),
    };
    let mut last = at;
    while reading.is_number(last) && figures.groups.len() < GROUPS {
        figures.groups.push(reading.raw(last));
        let gap = reading.gap(last);
        let joins = matches!(
            gap,
            " " | "-" | "." | "/" | ") " | ")" | " (" | ")-" | "\u{a0}" | "–" | "-(" | ") - " | "(0)" | " (0) "
        );
        if !joins || !starts_with_figures(reading, last + 1) {
            break;
        }
        figures.signs.push(gap);
        last += 1;
    }
    // The last group may carry an extension: `2294x751`.
    let mut end = reading.end(last);
    let mut extended = false;
    if !reading.is_number(last) {
        let raw = reading.raw(last);
        let digits = raw.find(|c: char| !c.is_ascii_digit())?;
        let (number, extension) = raw.split_at_checked(digits)?;
        extended = extension.len() > 1
            && extension.starts_with(['x', 'X'])
            && extension.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        if extended {
            figures.groups.push(number);
        } else {
            if figures.groups.is_empty() {
                return None;
            }
            figures.signs.pop();
            last -= 1;
            end = reading.end(last);
        }
    }
    figures.signs.truncate(figures.groups.len().saturating_sub(1));
    kind_of(reading, at, &figures, extended).map(|(kind, groups)| {
        let last = if groups < figures.groups.len() {
            at + groups - 1
        } else {
            last
        };
        (
            kind,
            last,
            if groups < figures.groups.len() {
                reading.end(last)
            } else {
                end
            },
        )
    })
}

fn starts_with_figures(reading: &Reading<'_>, at: usize) -> bool {
    reading.raw(at).starts_with(|c: char| c.is_ascii_digit())
}

/// A plus or an opening bracket begins a number anew.
fn is_after_opening(reading: &Reading<'_>, at: usize) -> bool {
    reading
        .text
        .get(..reading.start(at))
        .is_some_and(|before| before.ends_with(['+', '(']))
}

/// What figures are, and how many of their groups it takes.
fn kind_of(reading: &Reading<'_>, at: usize, figures: &Figures<'_>, extended: bool) -> Option<(Kind, usize)> {
    let (start, groups) = (reading.start(at), figures.groups.len());
    let sizes = figures.sizes();
    let before = reading.text.get(..start).unwrap_or_default();
    let cue = |most, cues| reading.cue_before(start, most, cues);
    // Cards take as many groups as make a number that passes its check.
    for taken in (1..=groups).rev() {
        let digits: String = figures.groups.iter().take(taken).copied().collect();
        let in_range = (13..=19).contains(&digits.len()) && digits.starts_with(['2', '3', '4', '5', '6']);
        let in_fours = sizes.iter().take(taken).all(|size| *size >= 3);
        if in_range && in_fours && (checks::luhn(&digits) || cue(5, CARD_CUES).is_some()) {
            return Some((Kind::Card, taken));
        }
    }
    if groups == 4 && figures.all_signs(".") && !extended {
        let small = figures
            .groups
            .iter()
            .all(|group| group.len() <= 3 && group.parse::<u32>().is_ok_and(|value| value <= 255));
        let version = cue(1, "version v release build firmware").is_some() || before.ends_with(['v', 'V']);
        if small && !version {
            return Some((Kind::Ip, 4));
        }
    }
    if looks_like_date(reading, at) {
        return None;
    }
    match sizes.as_slice() {
        [3, 2, 4]
            if figures.all_signs("-")
                && !figures
                    .groups
                    .iter()
                    .any(|group| group.bytes().all(|byte| byte == b'0')) =>
        {
            return Some((Kind::IdNumber, 3));
        }
        [3, 3, 3, 2] if checks::cpf(&figures.digits()) => return Some((Kind::IdNumber, 4)),
        [3, 4, 4, 2] if figures.groups.first() == Some(&"756") => return Some((Kind::IdNumber, 4)),
        _ => {}
    }
    is_phone(reading, at, figures, extended).then_some((Kind::Phone, groups))
}

fn is_phone(reading: &Reading<'_>, at: usize, figures: &Figures<'_>, extended: bool) -> bool {
    let start = reading.start(at);
    let before = reading.text.get(..start).unwrap_or_default();
    let (digits, sizes) = (figures.digits(), figures.sizes());
    let count = digits.len();
    let end = reading.end(at + figures.groups.len() - 1);
    let after = reading.text.get(end..).unwrap_or_default();
    if !(7..=17).contains(&count)
        || before.ends_with(['$', '€', '£', '%'])
        || after.trim_start().starts_with(['$', '€', '£', '%', ':'])
    {
        return false;
    }
    let opened = before.trim_end_matches('(').ends_with('+');
    let named = reading.cue_before(start, 6, PHONE_CUES);
    let otherwise = reading.cue_before(start, 3, NO_PHONE_CUES);
    if opened || extended {
        return count >= 7;
    }
    if otherwise.is_some_and(|other| named.is_none_or(|named| other < named)) {
        return false;
    }
    let named =
        named.is_some() || reading.cue_after(end, 2, "office fax mobile desk phone cell home work tel handy mobil");
    let bracketed = before.ends_with('(') && figures.signs.first().is_some_and(|sign| sign.starts_with(')'));
    let thousands = sizes.iter().skip(1).all(|size| *size == 3)
        && sizes.len() > 1
        && !digits.starts_with('0')
        && (figures.all_signs(" ") || figures.all_signs("."));
    let parted =
        sizes.len() >= 3 && (9..=13).contains(&count) && sizes.iter().all(|size| (1..=5).contains(size)) && !thousands;
    let local = sizes == [3, 4] && figures.all_signs("-");
    named && count <= 15
        || bracketed
        || digits.starts_with("00") && count >= 9 && sizes.len() > 1
        || digits.starts_with('0') && !digits.starts_with("00") && (9..=12).contains(&count)
        || parted
        || local
}
