//! Tests of cutting Markdown into passages.

use super::pack::MAX_CHARS;
use super::*;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

fn sections(text: &str) -> Document {
    markdown(text).unwrap()
}

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

fn page(text: &str) -> Vec<(String, String, String)> {
    let sections = html(text).unwrap().sections.into_iter();
    sections
        .map(|section| (section.path.join("/"), section.anchor, section.passages.join("|")))
        .collect()
}

fn triple(path: &str, anchor: &str, text: &str) -> (String, String, String) {
    (path.to_owned(), anchor.to_owned(), text.to_owned())
}

#[test]
fn a_page_is_read_without_what_surrounds_it_and_without_its_scripts() {
    let text = "<!doctype html><html><head><title>Shop</title><style>p{}</style><script>evil()</script></head><body onload=evil()>\
        <header>Menu</header><nav><a href=/>Home</a></nav><h1 id=top>Our shop</h1><p>We sell <b>bikes</b>&amp;more.<script>document.write('evil')</script>\
        <p hidden>secret<p style='display: none'>secret</p><template>secret</template><noscript>secret</noscript>\
        <svg><text>evil</text></svg><button onclick=evil()>Buy</button><img src=x onerror=evil() alt=x><a href='javascript:evil()'>here</a>\
        <del>9 to 5</del><footer>Imprint</footer></body></html>";
    assert_eq!(page(text), [triple("Our shop", "top", "We sell bikes&more.\nhere")]);
    assert_eq!(html(text).unwrap().title.as_deref(), Some("Our shop"));
}

#[test]
fn of_a_page_with_a_main_part_only_that_is_read() {
    let text = "<title>Hours</title><div>Cookies!</div><main><header>When</header>Daily</main><div>Chat with us</div>";
    assert_eq!(page(text), [triple("", "", "When\nDaily")]);
    assert_eq!(html(text).unwrap().title.as_deref(), Some("Hours"));
}

#[test]
fn lists_tables_terms_and_what_opens_stay_readable() {
    let text = "<h2>Sizes</h2><p>Take these:</p><ol start=3><li><p>One</p><p>more</p></li><li>Two<ul><li>a</li></ul></li></ol>\
        <table><caption>Prices</caption><tr><th>Size<th>Price<tr><td>S<td><p>5</p><p>euros</p><tr><td><td>free</table>\
        <dl><dt>Frame<dd>Steel<dt>Wheel<dd>28 inch</dl><pre>a  b\n c</pre>Quay 1<br>Town\
        <details><summary>Do you rent?</summary>Yes.</details><p>After.</p>";
    assert_eq!(
        page(text),
        [
            triple(
                "Sizes",
                "sizes",
                "Take these:\n3. One\nmore\n4. Two\n  - a\nPrices\nSize | Price\nS | 5 euros\n | free\nFrame\nSteel\nWheel\n28 inch\na  b\n c\nQuay 1\nTown"
            ),
            triple("Sizes/Do you rent?", "do-you-rent", "Yes."),
            triple("Sizes", "sizes", "After."),
        ]
    );
}

#[test]
fn ids_are_anchors_and_headings_in_cards_begin_sections() {
    let text = "<a name=first></a><h2>One</h2>a<ul class=cards><li><h3 id=two>Two</h3><p>b</p></li><li><h3>Three</h3><p>c</p></li></ul>";
    assert_eq!(
        page(text),
        [
            triple("One", "first", "a"),
            triple("One/Two", "two", "b"),
            triple("One/Three", "three", "c")
        ]
    );
}

#[test]
fn what_only_leads_to_other_pages_is_left_out_unless_there_is_nothing_else() {
    let text = "Answer.\n\n## Related\n\n* [This](/a)\n* [That](/b)\n\n## Elsewhere\n\n* [Map](https://maps.example)\n";
    let found: Vec<_> = sections(text)
        .sections
        .into_iter()
        .map(|s| s.passages.join("|"))
        .collect();
    assert_eq!(found, ["Answer.", "- Map (https://maps.example)"]);
    assert_eq!(sections("* [This](/a)\n").sections.len(), 1);
}

#[test]
fn what_jekyll_adds_is_no_text_and_its_lists_are() {
    let text = "---\ntitle: Which ID?\nok:\n  - \"**Passport**\"\n---\n{: .wide}\nBring one:\n\n{% include list.html items=page.ok %}\n\n<div class=\"x\">\n  <h3>Not</h3>\n\n    <ol><li>Old ones</li></ol>\n</div>\n\n|Code|Means|\n|7|Late|\n";
    let document = sections(text);
    let found: Vec<_> = document
        .sections
        .iter()
        .map(|s| (s.path.join("/"), s.passages.join("|")))
        .collect();
    assert_eq!(document.title.as_deref(), Some("Which ID?"));
    assert_eq!(
        found,
        [
            (String::new(), "Bring one:\n- Passport".to_owned()),
            ("Not".to_owned(), "1. Old ones\nCode | Means\n7 | Late".to_owned()),
        ]
    );
}

#[test]
fn a_page_that_never_ends_is_refused_in_a_moment() {
    let begun = std::time::Instant::now();
    for piece in [
        "<div>",
        "<b>",
        "<p><b x>",
        "<table><tr><td>",
        "<a><div>",
        "<svg><g>",
        "<ul><li>",
        "x<font><p>",
    ] {
        assert_eq!(html(&piece.repeat(2_000_000 / piece.len())), Err(Endless), "{piece}");
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    // A tag without an end has as many attributes as it likes.
    for many in ["<p ", "<p><b ", "<p =\"", "<p a=b =\"", "<p/"] {
        let attributes: String = (0..300_000).map(|n| format!("a{n} ")).collect();
        assert_eq!(html(&format!("{many}{attributes}")), Err(Endless), "{many}");
    }
    let quoted = format!("<p><img src=\"{}\">word</p>", "a b ".repeat(100_000));
    assert!(html(&quoted).is_ok());
    let script = format!(
        "<script>if (a <b) {{ {} }}</script><p>word</p>",
        "var x; ".repeat(10_000)
    );
    assert!(html(&script).is_ok());
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    let long = "<p>word</p>".repeat(100_000);
    assert!(html(&long).is_ok());
}

proptest! {
    #[test]
    fn no_page_is_a_panic_and_no_script_survives(text in "(<(/?)(p|b|a|table|tr|td|li|ul|h1|h2|pre|details|summary|main|template|svg|select|div)( hidden| id=x| href=y)?>|[a-zé0-9 .?&;>\"]{0,9}|<script>EVIL</script>|<style>EVIL</style>|<!--EVIL-->| \n){0,60}") {
        for section in html(&text).unwrap().sections {
            for passage in section.passages.iter().chain(&section.path) {
                prop_assert!(!passage.contains("EVIL"), "{}", passage);
                prop_assert!(words(passage) <= MAX_WORDS + 1 || section.path.contains(passage));
            }
        }
    }
}
