//! Where on the owner's site a page is, and patterns of such places.

use serde::Serialize;
use std::fmt;

/// The path of a page: from the first slash on, without query and fragment, at most [`Self::MAX_CHARS`] visible characters. What a browser writes
/// as `%C3%BC` stands in it as people read it, where that is text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PagePath(String);

/// What was given for a path is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page's path begins with a slash and has at most {max} visible characters, like /products/lamp", max = PagePath::MAX_CHARS)]
pub struct NotAPath;

impl PagePath {
    /// The most characters; what is longer is cut.
    pub const MAX_CHARS: usize = 200;

    /// Reads a path as a page gives it. Query and fragment are dropped: they may name people.
    ///
    /// # Errors
    /// [`NotAPath`].
    pub fn parse(raw: &str) -> Result<Self, NotAPath> {
        let raw = raw.split(['?', '#']).next().unwrap_or_default();
        let path: String = readable(raw).chars().take(Self::MAX_CHARS).collect();
        if path.starts_with('/') && path.chars().all(is_visible) {
            Ok(Self(path))
        } else {
            Err(NotAPath)
        }
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A pattern of paths: every `*` stands for any characters, none too; everything else for itself. One slash at the end, more or less, is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern(String);

impl PathPattern {
    /// Stars at most.
    const MOST_STARS: usize = 8;

    /// Reads a pattern as a person writes it; a whole address loses what stands before its path.
    ///
    /// # Errors
    /// [`NotAPath`].
    pub fn parse(raw: &str) -> Result<Self, NotAPath> {
        let raw = raw.trim();
        let path = match raw.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
            None => raw,
        };
        if path.matches('*').count() > Self::MOST_STARS || path.chars().count() > PagePath::MAX_CHARS {
            return Err(NotAPath);
        }
        PagePath::parse(path).map(|path| Self(path.0))
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a page is at such a place.
    pub fn fits(&self, path: &PagePath) -> bool {
        fits(&self.0, &path.0) || fits(bare(&self.0), bare(&path.0))
    }
}

fn bare(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// In time that grows with the product of both lengths at most: of what was tried, only the last star is tried again.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Behind the last star, and up to where it reaches.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                at += 1;
                star = Some((at, read));
            }
            Some(c) if *c == text[read] => {
                at += 1;
                read += 1;
            }
            _ => match star {
                Some((behind, reaches)) => {
                    at = behind;
                    read = reaches + 1;
                    star = Some((behind, reaches + 1));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// With `%C3%BC` as what it stands for, where all of it is visible text; else as it was.
fn readable(raw: &str) -> String {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let decoded = (byte == b'%').then(|| Some(digit(0)? * 16 + digit(1)?)).flatten();
        match decoded.and_then(|decoded| u8::try_from(decoded).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) if text.chars().all(is_visible) => text,
        _ => raw.to_owned(),
    }
}

/// Whether a character shows: nothing that controls, hides or turns text round.
fn is_visible(c: char) -> bool {
    let hides = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}');
    !(c.is_control() || c.is_whitespace() || hides)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(raw: &str) -> Option<String> {
        PagePath::parse(raw).ok().map(|path| path.0)
    }

    #[test]
    fn a_path_has_neither_query_nor_fragment_and_shows_whatever_is_in_it() {
        assert_eq!(path("/bikes?mail=a@b.example#x").as_deref(), Some("/bikes"));
        assert_eq!(path("/r%C3%A4der").as_deref(), Some("/räder"));
        assert_eq!(path("/50%").as_deref(), Some("/50%"));
        assert_eq!(path("/%ff%zz").as_deref(), Some("/%ff%zz"), "no text stays as it was");
        assert_eq!(
            path("/a%0Ab").as_deref(),
            Some("/a%0Ab"),
            "nothing hidden is made of it"
        );
        assert_eq!(path("/a%E2%80%AEb").as_deref(), Some("/a%E2%80%AEb"));
        for none in ["", "bikes", "https://shop.example/", "/a\nb", "/a b", "/\u{202e}x"] {
            assert_eq!(path(none), None, "{none:?}");
        }
        assert_eq!(
            path(&format!("/{}", "ü".repeat(500))).map(|path| path.chars().count()),
            Some(200)
        );
    }

    #[test]
    fn a_star_stands_for_anything_and_everything_else_for_itself() {
        let fits = |pattern: &str, at: &str| PathPattern::parse(pattern).unwrap().fits(&PagePath::parse(at).unwrap());
        assert!(fits("/thanks", "/thanks") && fits("/thanks", "/thanks/") && fits("/thanks/", "/thanks"));
        assert!(fits("/order/*/done", "/order/17/done") && !fits("/order/*/done", "/order/17/doing"));
        assert!(fits("/*thanks*", "/de/thanks-a-lot") && fits("/*", "/"));
        assert!(!fits("/thanks", "/thanks-not") && !fits("/thanks", "/Thanks"));
        assert!(fits("https://shop.example/danke?x=1", "/danke") && fits("https://shop.example", "/"));
        assert!(
            PathPattern::parse("/*********").is_err()
                && PathPattern::parse("thanks").is_err()
                && PathPattern::parse("*").is_err()
        );
    }

    proptest! {
        /// The plain definition, for short ones.
        #[test]
        fn matching_is_what_its_definition_says(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
            fn slow(pattern: &[u8], text: &[u8]) -> bool {
                match pattern.split_first() {
                    None => text.is_empty(),
                    Some((b'*', rest)) => (0..=text.len()).any(|skip| slow(rest, &text[skip..])),
                    Some((c, rest)) => text.split_first().is_some_and(|(d, text)| c == d && slow(rest, text)),
                }
            }
            prop_assert_eq!(fits(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn whatever_a_page_says_is_a_short_visible_path_or_none(raw in "\\PC{0,300}|.{0,300}|/(%[0-9a-fA-F]{2}|.){0,300}") {
            if let Ok(path) = PagePath::parse(&raw) {
                prop_assert!(path.as_str().chars().count() <= PagePath::MAX_CHARS);
                prop_assert!(path.as_str().starts_with('/') && path.as_str().chars().all(is_visible));

            }
        }
    }
}
