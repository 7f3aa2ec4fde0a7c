//! Personal data.

use super::data::{everyday, is_chosen_on, json, say, share, text};
use holdpoint::domain::screening::{Kind, personal_data};
use std::collections::BTreeMap;
use std::path::Path;

/// What the labels of the data are called here; the rest is not looked for.
fn kinds_of(label: &str) -> &'static [Kind] {
    match label {
        "PHONE_NUMBER" => &[Kind::Phone],
        "CREDIT_CARD" => &[Kind::Card],
        "EMAIL_ADDRESS" => &[Kind::Email],
        "IP_ADDRESS" => &[Kind::Ip],
        "IBAN_CODE" | "IBAN" => &[Kind::Iban],
        "US_SSN" | "US_DRIVER_LICENSE" | "US_PASSPORT" => &[Kind::IdNumber],
        "ADDRESS" | "STREET_ADDRESS" | "ZIP_CODE" => &[Kind::Address],
        "PERSON" => &[Kind::Name],
        _ => &[],
    }
}

/// A place in bytes from one in characters.
fn byte_at(text: &str, chars: usize) -> usize {
    text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at)
}

pub(super) fn measure(data: &Path) {
    let rows = json(&data.join("pii/generated_small.json"));
    let mut found_of: BTreeMap<(bool, String), (usize, usize)> = BTreeMap::new();
    let mut right_of: BTreeMap<(bool, &str), (usize, usize)> = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        let full = text(row, "full_text");
        let chosen = is_chosen_on(&full);
        let found = personal_data(&full);
        let spans: Vec<(String, usize, usize)> = row["spans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| {
                let at = |field: &str| byte_at(&full, usize::try_from(span[field].as_u64().unwrap()).unwrap());
                (text(span, "entity_type"), at("start_position"), at("end_position"))
            })
            .collect();
        for (label, start, end) in &spans {
            if kinds_of(label).is_empty() {
                continue;
            }
            // Masked counts, whatever it was taken for: half of it at least.
            let covered: usize = found
                .iter()
                .map(|piece| piece.end.min(*end).saturating_sub(piece.start.max(*start)))
                .sum();
            let counts = found_of.entry((chosen, label.clone())).or_default();
            counts.0 += 1;
            counts.1 += usize::from(covered * 2 >= end - start);
            if covered * 2 < end - start && chosen && std::env::var("SCREENING_SHOW").is_ok() {
                say(format!(
                    "missed {label} “{}” in {full:?}: {found:?}",
                    &full[*start..*end]
                ));
            }
        }
        for piece in &found {
            let counts = right_of.entry((chosen, piece.kind.as_str())).or_default();
            let right = spans
                .iter()
                .any(|(_, start, end)| piece.start < *end && *start < piece.end);
            counts.0 += 1;
            counts.1 += usize::from(right);
            if !right && chosen && std::env::var("SCREENING_SHOW").is_ok() {
                say(format!(
                    "extra {} “{}” in {full:?}",
                    piece.kind.as_str(),
                    &full[piece.start..piece.end]
                ));
            }
        }
    }
    for half in [true, false] {
        let name = if half {
            "first half, looked at while the rules were written"
        } else {
            "second half"
        };
        say(format!(
            "\n## Personal data ({name})\n\n| label | number | masked | recall |\n|---|---|---|---|"
        ));
        for ((_, label), (all, hit)) in found_of.iter().filter(|((chosen, _), _)| *chosen == half) {
            say(format!("| {label} | {all} | {hit} | {} |", share(*hit, *all)));
        }
        say("\n| found as | number | labelled | precision |\n|---|---|---|---|");
        for ((_, kind), (all, right)) in right_of.iter().filter(|((chosen, _), _)| *chosen == half) {
            say(format!("| {kind} | {all} | {right} | {} |", share(*right, *all)));
        }
    }
    say("\n| everyday messages | number | with anything found | share | of what kind |\n|---|---|---|---|---|");
    for (name, texts) in everyday(data) {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        let mut flagged = 0;
        for text in &texts {
            let found = personal_data(text);
            flagged += usize::from(!found.is_empty());
            for piece in &found {
                *kinds.entry(piece.kind.as_str()).or_default() += 1;
                if std::env::var("SCREENING_SHOW").is_ok() && is_chosen_on(text) {
                    say(format!(
                        "extra {} “{}” in {text:?}",
                        piece.kind.as_str(),
                        &text[piece.start..piece.end]
                    ));
                }
            }
        }
        say(format!(
            "| {name} | {} | {flagged} | {} | {kinds:?} |",
            texts.len(),
            share(flagged, texts.len())
        ));
    }
}
