//! Texts from people: parsed once at the edge, valid ever after.
//!
//! Control characters that no person types (null bytes among them) are dropped, because databases and terminals
//! disagree about them; everything else, right-to-left text and emoji included, is kept as it was written.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text was not accepted. Each message is a sentence for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing is left of the text.
    #[error("{what} is empty; please write something")]
    Empty {
        /// What the text was for, as the start of a sentence.
        what: &'static str,
    },
    /// The text is longer than allowed.
    #[error("{what} has {chars} characters, but at most {max} are allowed; please shorten it")]
    TooLong {
        /// What the text was for, as the start of a sentence.
        what: &'static str,
        /// Length found, in characters.
        chars: usize,
        /// Length allowed, in characters.
        max: usize,
    },
    /// The text does not look like an e-mail address.
    #[error("this does not look like an e-mail address; write it like name@example.org")]
    NotAnEmail,
    /// A password is too short.
    #[error("the password has fewer than {min} characters; a short sentence is a good password")]
    PasswordTooShort {
        /// Fewest characters allowed.
        min: usize,
    },
}

/// Drops what no person types and trims the ends.
pub(super) fn clean(raw: &str) -> String {
    let kept: String = raw
        .chars()
        .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
        .collect();
    kept.trim().to_owned()
}

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident($what:literal, $max:literal)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The most characters such a text may have.
            pub const MAX_CHARS: usize = $max;

            /// Cleans and checks a raw text.
            ///
            /// # Errors
            /// [`TextError::Empty`] when nothing is left, [`TextError::TooLong`] above [`Self::MAX_CHARS`].
            pub fn parse(raw: &str) -> Result<Self, TextError> {
                let text = clean(raw);
                let chars = text.chars().count();
                if text.is_empty() {
                    return Err(TextError::Empty { what: $what });
                }
                if chars > Self::MAX_CHARS {
                    return Err(TextError::TooLong { what: $what, chars, max: Self::MAX_CHARS });
                }
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )+};
}

text! {
    /// What a visitor wrote in one message.
    VisitorText("The message", 4_000),
    /// An answer: drafted by the AI, edited or written by a person.
    AnswerText("The answer", 8_000),
    /// A person's or a workspace's name.
    Name("The name", 120),
    /// The name of a file that knowledge came from, with its folders, or its address.
    SourceName("The file's name", 500),
    /// A note of a reviewer.
    Note("The note", 2_000),
    /// The question of a verified answer.
    QuestionText("The question", 4_000),
}

/// An e-mail address: something before and after one `@`, a dot in the domain, no spaces. Lower-cased.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Checks an address as typed.
    ///
    /// # Errors
    /// [`TextError::NotAnEmail`].
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let text = clean(raw).to_lowercase();
        let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty()
                && domain.contains('.')
                && !domain.contains('@')
                && !domain.starts_with('.')
                && !domain.ends_with('.')
        });
        // None of these stands in an address as people have one; in a header they would mean something.
        let foreign = |c: char| c.is_whitespace() || "<>()[],;:\\\"".contains(c);
        if well_formed && text.chars().count() <= 254 && !text.chars().any(foreign) {
            Ok(Self(text))
        } else {
            Err(TextError::NotAnEmail)
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new password. Never printed, never serialised.
#[derive(Clone)]
pub struct NewPassword(String);

impl NewPassword {
    /// Fewest characters (OWASP's floor for a password without a second factor is 8; we ask for a little more).
    pub const MIN_CHARS: usize = 10;
    /// Most characters: bounds the cost of hashing.
    pub const MAX_CHARS: usize = 1_000;

    /// Checks a password as typed.
    ///
    /// # Errors
    /// [`TextError::PasswordTooShort`] or [`TextError::TooLong`].
    pub fn parse(raw: String) -> Result<Self, TextError> {
        let chars = raw.chars().count();
        if chars < Self::MIN_CHARS {
            return Err(TextError::PasswordTooShort { min: Self::MIN_CHARS });
        }
        if chars > Self::MAX_CHARS {
            return Err(TextError::TooLong {
                what: "The password",
                chars,
                max: Self::MAX_CHARS,
            });
        }
        Ok(Self(raw))
    }

    /// The password, for hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(…)")
    }
}

/// What somebody wrote where they did not have to; none where that is blank.
pub fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The text with everything in it that is not seen, or turns what is seen around, written out as `\u202e`: for those who approve a text to the last
/// character. Line ends and tabs stay.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unseen(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Controls, marks of direction, and letters without a shape. The joiner of emoji is none of them.
pub fn is_unseen(c: char) -> bool {
    let is_control = c.is_control() && c != '\n' && c != '\t';
    is_control
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
        )
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_accepted_text_is_clean_and_parses_to_itself(raw in any::<String>()) {
            if let Ok(text) = VisitorText::parse(&raw) {
                prop_assert!(!text.as_str().is_empty());
                prop_assert!(!text.as_str().contains('\0'));
                prop_assert_eq!(VisitorText::parse(text.as_str()), Ok(text.clone()));
            }
        }
    }

    #[test]
    fn what_is_not_seen_is_written_out_and_everything_else_stays() {
        assert_eq!(visible("\u{202e}gnp.exe"), "\\u202egnp.exe");
        assert_eq!(visible("a\u{200b}\0\r"), "a\\u200b\\u0000\\u000d");
        for seen in ["two\nlines\tand a tab", "שלום عليكم", "👩\u{200d}🔧 ü ﷺ"] {
            assert_eq!(visible(seen), seen);
        }
    }

    #[test]
    fn an_empty_or_too_long_message_is_refused_in_words() {
        assert_eq!(
            VisitorText::parse(" \0\n "),
            Err(TextError::Empty { what: "The message" })
        );
        let long = "é".repeat(4_001);
        assert!(matches!(
            VisitorText::parse(&long),
            Err(TextError::TooLong { chars: 4_001, .. })
        ));
        assert!(VisitorText::parse(&"é".repeat(4_000)).is_ok());
    }

    #[test]
    fn right_to_left_text_and_emoji_survive_unchanged() {
        let text = "مرحبا 👩‍🚀 \u{202b}שלום";
        assert_eq!(VisitorText::parse(text).map(String::from), Ok(text.to_owned()));
    }

    #[test]
    fn an_email_has_one_at_sign_and_a_domain() {
        assert!(Email::parse("Mia@Example.org").is_ok_and(|e| e.as_str() == "mia@example.org"));
        for bad in [
            "",
            "mia",
            "@example.org",
            "mia@",
            "mia@localhost",
            "a b@example.org",
            "a@b@c.org",
            "a@.org",
        ] {
            assert_eq!(Email::parse(bad), Err(TextError::NotAnEmail), "{bad}");
        }
    }
}
