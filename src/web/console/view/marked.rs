//! Text with some of its words highlighted.

use std::ops::Range;

use askama::Template;
use askama::filters::HtmlSafe;

/// A text cut into pieces, some of them highlighted. Renders as escaped text with `<mark>` elements.
#[derive(Clone, Debug, Default, PartialEq, Eq, Template)]
#[template(
    source = "{% for piece in pieces %}{% if piece.marked %}<mark>{{ piece.text }}</mark>{% else %}{{ piece.text }}{% endif %}{% endfor %}",
    ext = "html"
)]
pub struct Marked {
    /// In reading order; their texts joined are the whole text.
    pub pieces: Vec<Piece>,
}

/// A stretch of text that is highlighted as a whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Never empty.
    pub text: String,
    /// Whether it is highlighted.
    pub marked: bool,
}

impl HtmlSafe for Marked {}

impl Marked {
    /// `text` without highlights.
    pub fn plain(text: &str) -> Self {
        Self::new(text, &[])
    }

    /// `text` with ranges of *characters* `[start, end)` highlighted, as a draft's sources keep them.
    pub fn by_characters(text: &str, ranges: &[(usize, usize)]) -> Self {
        let byte_of = |character: usize| text.char_indices().nth(character).map_or(text.len(), |(at, _)| at);
        let bytes: Vec<_> = ranges
            .iter()
            .map(|&(start, end)| byte_of(start)..byte_of(end))
            .collect();
        Self::new(text, &bytes)
    }

    /// `text` with the byte `ranges` highlighted. Ranges may overlap, come in any order, reach past the end or fall
    /// inside a character: they are joined and widened to whole characters, because a highlight that is one character too long
    /// is better than a page that fails.
    pub fn new(text: &str, ranges: &[Range<usize>]) -> Self {
        let mut pieces = Vec::new();
        let mut rest_from = 0;
        for range in joined(text, ranges) {
            push(&mut pieces, text.get(rest_from..range.start), false);
            push(&mut pieces, text.get(range.clone()), true);
            rest_from = range.end;
        }
        push(&mut pieces, text.get(rest_from..), false);
        Self { pieces }
    }
}

fn push(pieces: &mut Vec<Piece>, text: Option<&str>, marked: bool) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        pieces.push(Piece {
            text: text.to_owned(),
            marked,
        });
    }
}

/// The ranges in order, without overlap, on character boundaries.
fn joined(text: &str, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut whole: Vec<Range<usize>> = ranges
        .iter()
        .filter(|range| range.start < range.end)
        .map(|range| text.floor_char_boundary(range.start)..text.ceil_char_boundary(range.end))
        .filter(|range| range.start < range.end)
        .collect();
    whole.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(whole.len());
    for range in whole {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "a highlight is a range, and most texts have one"
)]
mod tests {
    use super::*;

    #[test]
    fn highlights_are_escaped_like_the_text_around_them() {
        let marked = Marked::new("a <b> c", &[2..5]);
        assert_eq!(marked.to_string(), "a <mark>&#60;b&#62;</mark> c");
    }

    #[test]
    fn overlapping_and_touching_ranges_become_one_highlight() {
        assert_eq!(
            Marked::new("abcdef", &[3..5, 1..3, 2..4]).to_string(),
            "a<mark>bcde</mark>f"
        );
    }

    #[test]
    fn a_range_inside_a_character_takes_the_whole_character() {
        assert_eq!(Marked::new("5 € net", &[3..4]).to_string(), "5 <mark>€</mark> net");
    }

    #[test]
    fn ranges_of_characters_count_letters_not_bytes() {
        assert_eq!(
            Marked::by_characters("für 5 €!", &[(4, 7), (90, 99)]).to_string(),
            "für <mark>5 €</mark>!"
        );
    }

    #[test]
    fn a_range_past_the_end_or_empty_does_no_harm() {
        assert_eq!(
            Marked::new("abc", &[2..90, 1..1, 50..60]).to_string(),
            "ab<mark>c</mark>"
        );
        assert_eq!(Marked::plain("").to_string(), "");
    }
}
