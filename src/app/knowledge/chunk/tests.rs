//! Tests of cutting Markdown into passages.

use super::pack::MAX_CHARS;
use super::*;
use proptest::prelude::*;

fn words(text: &str) -> usize {
    text.unicode_words().count()
}

#[test]
fn sections_keep_their_path_of_headings_and_anchor() {
    let document =
        sections("# Shop\nHello.\n## Repairs\n### Brakes\nWe fix *brakes*.\n## Hours\n9 to 5\n## Hours\nSunday closed");
    let found: Vec<_> = document
        .sections
        .iter()
        .map(|s| (s.path.join("/"), s.anchor.as_str(), s.passages.join("|")))
        .collect();
    assert_eq!(document.title.as_deref(), Some("Shop"));
    assert_eq!(
        found,
        [
            ("Shop".to_owned(), "shop", "Hello.".to_owned()),
            ("Shop/Repairs/Brakes".to_owned(), "brakes", "We fix brakes.".to_owned()),
            ("Shop/Hours".to_owned(), "hours", "9 to 5".to_owned()),
            ("Shop/Hours".to_owned(), "hours-1", "Sunday closed".to_owned()),
        ]
    );
}

#[test]
fn lists_tables_and_links_become_plain_text() {
    let markdown = "Do this:\n\n1. Open **it**\n2. Close\n   - gently\n\n| size | price |\n|---|---|\n| S | 5 |\n\n[Map](https://example.org/map) and [here](/local) <https://example.org>";
    let document = sections(markdown);
    let passage = document
        .sections
        .first()
        .map(|s| s.passages.join("|"))
        .unwrap_or_default();
    assert_eq!(
        passage,
        "Do this:\n1. Open it\n2. Close\n  - gently\nsize | price\nS | 5\nMap (https://example.org/map) and here https://example.org"
    );
}

#[test]
fn the_front_matter_gives_the_title_and_scripts_and_attributes_are_left_out() {
    let document = sections(
        "---\nlayout: help\ntitle: \"Your account\"\n---\n<script>x</script>\n\n{: .list}\n\nText <b>here</b>.",
    );
    assert_eq!(document.title.as_deref(), Some("Your account"));
    assert_eq!(
        document.sections.first().map(|s| s.passages.clone()),
        Some(vec!["Text here.".to_owned()])
    );
}

#[test]
fn a_long_table_is_cut_between_rows_and_each_part_repeats_the_header() {
    let rows: String = (0..100).fold(String::new(), |rows, n| rows + &format!("| item {n} | {n} euros |\n"));
    let document = sections(&format!("Prices:\n\n| thing | price |\n|---|---|\n{rows}"));
    let passages = document
        .sections
        .first()
        .map(|s| s.passages.clone())
        .unwrap_or_default();
    assert!(passages.len() > 2);
    assert!(
        passages
            .first()
            .is_some_and(|p| p.starts_with("Prices:\nthing | price\nitem 0 | 0 euros"))
    );
    assert!(
        passages
            .iter()
            .skip(1)
            .all(|p| p.starts_with("thing | price\nitem ") && words(p) <= MAX_WORDS)
    );
}

#[test]
fn a_list_that_fits_is_never_cut() {
    let filler = "word ".repeat(100);
    let list: String = (0..10).fold(String::new(), |list, n| list + &format!("- step number {n}\n"));
    let document = sections(&format!("{filler}\n\n{list}"));
    let passages = document
        .sections
        .first()
        .map(|s| s.passages.clone())
        .unwrap_or_default();
    assert_eq!(passages.len(), 2);
    assert!(passages.last().is_some_and(|p| p.lines().count() == 10));
}

#[test]
fn text_without_spaces_is_cut_all_the_same() {
    let document = sections(&"x".repeat(10_000));
    let passages = document
        .sections
        .first()
        .map(|s| s.passages.clone())
        .unwrap_or_default();
    assert_eq!(passages.iter().map(String::len).sum::<usize>(), 10_000);
    assert!(passages.iter().all(|p| p.len() <= MAX_CHARS));
}

proptest! {
    #[test]
    fn any_text_gives_passages_that_are_not_too_long(text in "(\\PC{0,30}|[#*|>`\\[\\]()\\-\n :.]{1,8}|word ){0,60}") {
        for section in sections(&text).sections {
            for passage in section.passages {
                prop_assert!(!passage.trim().is_empty());
                prop_assert!(words(&passage) <= MAX_WORDS + 1, "{}", words(&passage));
            }
        }
    }
}
