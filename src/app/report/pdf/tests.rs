use super::*;
use crate::domain::report::mail::{Around, mail};
use crate::domain::report::page::article;
use crate::domain::report::{Language, ReportSettings, compose, sample};
use std::collections::BTreeSet;

fn report(language: Language) -> Report {
    let settings = ReportSettings {
        language,
        ..sample::settings()
    };
    compose(sample::month(), &settings)
}

fn text_of(pdf: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(pdf).unwrap()
}

/// Every number as it is written, with what groups and divides it.
fn numbers(text: &str) -> BTreeSet<String> {
    let text = text.replace('\u{a0}', "_");
    let is_part = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | ',' | '_');
    text.split(|letter| !is_part(letter))
        .map(|number| number.trim_matches(['.', ',', '_']).to_owned())
        .filter(|number| !number.is_empty())
        .collect()
}

/// What a browser shows of HTML.
fn shown(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            letter if !inside => text.push(letter),
            _ => {}
        }
    }
    text.replace("&nbsp;", " ").replace("&#39;", "'").replace("&amp;", "&")
}

#[test]
fn mail_page_and_pdf_show_the_same_numbers_to_the_digit() {
    for language in [Language::English, Language::German] {
        let report = report(language);
        let mail = mail(&report, Around::default());
        let page = article(&report, "p");
        let pdf = text_of(&write(&report, None).unwrap());
        let (mailed, paged, printed) = (numbers(&shown(&mail.html)), numbers(&shown(&page)), numbers(&pdf));
        assert!(mailed.len() > 60, "{mailed:?}");
        let in_text = mail.text.replace(' ', "_");
        // Where columns stand close together, reading a PDF puts their numbers into one.
        let glued: String = pdf.chars().filter(|letter| !letter.is_whitespace()).collect();
        for number in &mailed {
            let is_there = printed.contains(number) || glued.contains(&number.replace('_', ""));
            assert!(is_there, "{number} is not in the PDF: {printed:?}");
            assert!(paged.contains(number), "{number} is not on the page: {paged:?}");
            assert!(in_text.contains(number), "{number} is not in the text");
        }
        // The page has the numbers of the axes besides.
        let axes: BTreeSet<&str> = ["0", "50", "100", "200"].into();
        for number in &paged {
            assert!(
                mailed.contains(number) || axes.contains(number.as_str()),
                "{number} is in no mail"
            );
        }
    }
}

#[test]
fn the_same_report_is_the_same_file_and_a_small_one() {
    let report = report(Language::German);
    let pdf = write(&report, None).unwrap();
    assert_eq!(pdf, write(&report, None).unwrap());
    assert!(pdf.starts_with(b"%PDF-") && pdf.len() < 120_000, "{}", pdf.len());
}

#[test]
fn any_letters_can_be_printed() {
    let mut report = report(Language::English);
    report.headline = "Ĉu Ελλάδα, Київ, 東京 and \u{1f600}? \u{0}\n\u{202e}evil \u{feff}ﬁn".to_owned();
    report.topics[0].0 = "w".repeat(400);
    let pdf = write(&report, None).unwrap();
    let text = text_of(&pdf);
    assert!(text.contains("Ελλάδα") && text.contains("Київ"), "{text}");
}

#[test]
fn an_empty_report_is_a_file_too_and_a_broken_logo_is_left_out() {
    let mut facts = sample::month();
    facts.now = crate::domain::report::Numbers::default();
    facts.topics.clear();
    facts.autonomy.clear();
    facts.days.clear();
    facts.quality.clear();
    facts.before = None;
    let report = compose(facts, &ReportSettings::default());
    assert!(write(&report, Some(&Raster::Png(b"no picture".to_vec()))).is_ok());
}
