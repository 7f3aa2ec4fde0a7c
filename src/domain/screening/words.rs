//! A text as its words are compared: without case, accents, invisible characters and look-alike letters.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Places between the last word of a sentence and the first of the next: patterns with small gaps do not reach across.
const BETWEEN_SENTENCES: usize = 3;

/// A word as it is compared, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Folded: lower case, no accents.
    pub(super) text: String,
    /// First byte in the original text.
    pub(super) start: usize,
    /// Byte after the last one in the original text.
    pub(super) end: usize,
    /// Number of the word; the ends of sentences count as well.
    pub(super) place: usize,
}

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut open: Option<Word> = None;
    let mut place = 0;
    for (at, c) in text.char_indices() {
        if is_invisible(c) {
            continue;
        }
        let mut folded = String::new();
        fold(c, &mut folded);
        if folded.is_empty() && is_combining_mark(c) {
            continue;
        }
        let is_letter = !folded.is_empty() && folded.chars().all(char::is_alphanumeric);
        if is_letter {
            let word = open.get_or_insert_with(|| Word {
                text: String::new(),
                start: at,
                end: at,
                place,
            });
            word.text.push_str(&folded);
            word.end = at + c.len_utf8();
            continue;
        }
        if let Some(word) = open.take() {
            words.push(word);
            place += 1;
        }
        if matches!(c, '.' | '!' | '?' | '\n' | ';' | '。' | '！' | '？') {
            place += BETWEEN_SENTENCES;
        }
    }
    words.extend(open);
    words
}

/// One word as it is compared, for tables that are written by hand.
pub(super) fn folded(word: &str) -> String {
    let mut text = String::new();
    word.chars()
        .filter(|c| !is_invisible(*c))
        .for_each(|c| fold(c, &mut text));
    text
}

/// Appends `c` as it is compared; nothing for a mark on the letter before.
fn fold(c: char, text: &mut String) {
    if c.is_ascii() {
        text.push(c.to_ascii_lowercase());
        return;
    }
    decompose_compatible(c, |part| {
        if is_combining_mark(part) {
            return;
        }
        for lower in part.to_lowercase() {
            match plain(lower) {
                Some(letters) => text.push_str(letters),
                None if is_combining_mark(lower) => {}
                None => text.push(lower),
            }
        }
    });
}

/// Letters that do not come apart into a letter and a mark, and letters of other scripts that look like Latin ones.
/// Tables of patterns are folded alike, so that words that are really Cyrillic or Greek still meet.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' | 'о' | 'ο' | 'օ' => "o",
        'ł' | 'ӏ' => "l",
        'đ' | 'ð' | 'ԁ' => "d",
        'ı' | 'і' | 'ι' => "i",
        'þ' => "th",
        'а' | 'α' | 'ɑ' => "a",
        'е' | 'ε' => "e",
        'р' | 'ρ' => "p",
        'с' | 'ϲ' => "c",
        'у' | 'γ' => "y",
        'х' | 'χ' => "x",
        'ѕ' => "s",
        'ј' => "j",
        'һ' => "h",
        'к' | 'κ' => "k",
        'ν' | 'ѵ' => "v",
        'υ' => "u",
        'ɡ' => "g",
        'ԛ' => "q",
        'ԝ' | 'ω' => "w",
        'τ' => "t",
        _ => return None,
    })
}

/// Characters that nobody sees: they hide a word from a comparison, not from a model.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn case_accents_width_and_invisible_characters_do_not_matter() {
        assert_eq!(texts("I\u{200b}GNÖRE Ａｌｌ"), ["ignore", "all"]);
        assert_eq!(texts("e\u{301}te\u{301}, Größe"), ["ete", "grosse"]);
    }

    #[test]
    fn letters_that_look_alike_are_alike() {
        assert_eq!(texts("ѕуѕtеm рrоmрt"), ["system", "prompt"]);
        assert_eq!(texts("𝐬𝐲𝐬𝐭𝐞𝐦"), ["system"]);
    }

    proptest! {
        #[test]
        fn words_of_any_text_stand_in_it_in_order(text in any::<String>()) {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(word.start >= end && word.end > word.start);
                prop_assert!(text.get(word.start..word.end).is_some());
                end = word.end;
            }
        }
    }
}
