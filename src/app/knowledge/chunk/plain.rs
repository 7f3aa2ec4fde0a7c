//! Plain text as sections.

use super::reader::Reader;
use super::{Document, one_line};

/// Longest line that may be a heading, in characters.
const LONGEST_HEADING: usize = 160;
/// A line shorter than this was ended on purpose, and not because the paper was over.
const SHORT_LINE: usize = 50;

/// Sections of a text: a line that stands alone and asks, or is underlined, is a heading.
pub(super) fn sections(text: &str) -> Document {
    let mut reader = Reader::of_page();
    for paragraph in paragraphs(text) {
        read(&mut reader, &paragraph);
    }
    reader.finish()
}

/// A section a page.
pub(super) fn pages(pages: &[String]) -> Document {
    let mut reader = Reader::of_page();
    for (at, page) in pages.iter().enumerate() {
        reader.place(format!("page={}", at + 1));
        for paragraph in paragraphs(page) {
            reader.paragraph_of(&lines_of(&paragraph));
        }
    }
    reader.finish()
}

/// Lines between empty lines.
fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut paragraphs = vec![Vec::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            paragraphs.push(Vec::new());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.push(line.trim_end());
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

fn read(reader: &mut Reader, paragraph: &[&str]) {
    let Some((first, rest)) = paragraph.split_first() else {
        return;
    };
    let asks = first.trim_end().ends_with(['?', '？', '؟']);
    let underlined = rest.first().and_then(|line| underline(line));
    let is_short = first.chars().count() <= LONGEST_HEADING;
    let body = match underlined {
        Some(level) if is_short => {
            reader.heading_of(level, &one_line(first), None);
            rest.get(1..).unwrap_or_default()
        }
        _ if asks && is_short => {
            // "Q: Are you open?" asks no more than "Are you open?"
            let question = first.trim();
            let question = ["Q:", "F:", "P:"]
                .iter()
                .find_map(|sign| question.strip_prefix(sign))
                .unwrap_or(question);
            reader.heading_of(3, &one_line(question), None);
            rest
        }
        _ => paragraph,
    };
    if !body.is_empty() {
        reader.paragraph_of(&lines_of(body));
    }
}

fn underline(line: &str) -> Option<u8> {
    let line = line.trim();
    let is_of = |sign: char| line.len() >= 3 && line.chars().all(|c| c == sign);
    if is_of('=') { Some(1) } else { is_of('-').then_some(2) }
}

/// The lines of a paragraph, joined where they were only broken to fit the paper.
fn lines_of(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut last_is_short = false;
    for line in lines {
        let line = one_line(line);
        let is_item = line.starts_with(['-', '*', '•', '–', '·', '▪', '●'])
            || line.split_once(['.', ')']).is_some_and(|(number, rest)| {
                number.len() <= 3 && number.chars().all(|c| c.is_ascii_digit()) && rest.starts_with(' ')
            });
        if !text.is_empty() {
            text.push(if is_item || last_is_short { '\n' } else { ' ' });
        }
        last_is_short = line.chars().count() < SHORT_LINE;
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let sections = sections(text).sections.into_iter();
        sections
            .map(|section| (section.path.join("/"), section.passages.join("|")))
            .collect()
    }

    #[test]
    fn questions_and_underlined_lines_are_headings_and_broken_lines_are_joined() {
        let text = "Our shop\n========\nWe repair bicycles of every make, and we also sell the parts that you\nneed to do it yourself.\n\nQ: When are you open?\nMonday: 9-12\nTuesday: 9-18\n\nWhere are you?\n\nAt the quay.\n";
        let expected = [
            (
                "Our shop",
                "We repair bicycles of every make, and we also sell the parts that you need to do it yourself.",
            ),
            ("Our shop/When are you open?", "Monday: 9-12\nTuesday: 9-18"),
            ("Our shop/Where are you?", "At the quay."),
        ];
        assert_eq!(
            read(text),
            expected.map(|(path, text)| (path.to_owned(), text.to_owned()))
        );
    }

    #[test]
    fn each_page_is_a_section_with_its_number() {
        let document = pages(&["One.".to_owned(), " \n".to_owned(), "Three.".to_owned()]);
        let found: Vec<_> = document
            .sections
            .iter()
            .map(|s| (s.anchor.as_str(), s.passages.join("|")))
            .collect();
        assert_eq!(found, [("page=1", "One.".to_owned()), ("page=3", "Three.".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "(\\PC{0,20}|[?=\\-\n]{1,4}){0,40}") {
            let _ = sections(&text);
        }
    }
}
