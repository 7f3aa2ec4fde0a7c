//! Models of the machine: what they are for, and what they may be called.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The ending of a model file.
pub const MODEL_ENDING: &str = ".gguf";

/// What a model file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Writing answers.
    Chat,
    /// Turning texts into vectors.
    Embed,
    /// Changing how a chat model writes.
    Adapter,
}

impl Purpose {
    /// What it is called among people.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Chat => "chat model",
            Self::Embed => "embedding model",
            Self::Adapter => "adapter",
        }
    }
}

/// Words that stand where a model's name stands in the addresses of the API.
const TAKEN: [&str; 3] = ["checks", "pulls", "verify"];

/// Why a text cannot name a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "“{0}” cannot name a model; use 1 to {longest} letters, digits, dots, hyphens and underscores, beginning with a letter or digit, and not just “checks”, “pulls” or “verify”",
    longest = ModelName::LONGEST
)]
pub struct NotAModelName(pub String);

/// The name of a model: the stem of its file, and safe as one. It holds no separator of paths, does not begin with a dot
/// and has no `@`, which stands between a model and another machine's engine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

impl ModelName {
    /// Most characters of a name; with the endings of unfinished files it fits every file system.
    pub const LONGEST: usize = 120;

    /// A name as somebody wrote it.
    ///
    /// # Errors
    /// [`NotAModelName`].
    pub fn parse(text: &str) -> Result<Self, NotAModelName> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if first && text.len() <= Self::LONGEST && text.chars().all(is_plain) && !TAKEN.contains(&text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAModelName(text.chars().take(Self::LONGEST).collect()))
        }
    }

    /// The name for a file called `file`, with or without its ending: what a name may not hold becomes a hyphen.
    ///
    /// # Errors
    /// [`NotAModelName`] if nothing is left of it, or too much.
    pub fn of_file(file: &str) -> Result<Self, NotAModelName> {
        let stem = match file
            .len()
            .checked_sub(MODEL_ENDING.len())
            .map(|at| file.split_at_checked(at))
        {
            Some(Some((stem, ending))) if ending.eq_ignore_ascii_case(MODEL_ENDING) => stem,
            _ => file,
        };
        let spelled: String = stem.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
        let words: Vec<&str> = spelled.split('-').filter(|word| !word.is_empty()).collect();
        let name = words.join("-");
        Self::parse(name.trim_matches(['.', '_', '-'])).map_err(|_unusable| NotAModelName(file.to_owned()))
    }

    /// The name for what is downloaded from a URL's path: its last segment, unescaped. `None` unless that is a model file.
    pub fn of_url_path(path: &str) -> Option<Self> {
        let last = unescaped(path.rsplit('/').next()?)?;
        let is_model = last.len() > MODEL_ENDING.len() && last.to_ascii_lowercase().ends_with(MODEL_ENDING);
        // What was hidden behind an escape is no part of a file's name.
        let is_one_segment = !last.contains(['/', '\\', '\0']);
        (is_model && is_one_segment).then(|| Self::of_file(&last).ok())?
    }

    /// The file that holds the model, inside the models folder.
    pub fn file(&self) -> String {
        format!("{}{MODEL_ENDING}", self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

/// Percent-escapes undone; `None` if one is broken or the result is no text.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || {
                char::from(rest.next()?)
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            };
            bytes.push(digit()? << 4 | digit()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ModelName {
    type Err = NotAModelName;

    fn from_str(text: &str) -> Result<Self, NotAModelName> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ModelName {
    type Error = NotAModelName;

    fn try_from(text: String) -> Result<Self, NotAModelName> {
        Self::parse(&text)
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

/// A SHA-256 digest; written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Digest(pub [u8; 32]);

/// What was given is no SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a SHA-256; it has 64 hexadecimal digits, as the page of the model shows it")]
pub struct NotASha256;

impl FromStr for Sha256Digest {
    type Err = NotASha256;

    fn from_str(text: &str) -> Result<Self, NotASha256> {
        let text = text.as_bytes();
        let mut digest = [0; 32];
        if text.len() != 64 {
            return Err(NotASha256);
        }
        for (byte, pair) in digest.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |place: usize| {
                char::from(pair[place])
                    .to_digit(16)
                    .and_then(|digit| u8::try_from(digit).ok())
            };
            *byte = digit(0).ok_or(NotASha256)? << 4 | digit(1).ok_or(NotASha256)?;
        }
        Ok(Self(digest))
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = NotASha256;

    fn try_from(text: String) -> Result<Self, NotASha256> {
        text.parse()
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_gives_its_model_its_name() {
        let name = |file| ModelName::of_file(file).unwrap().to_string();
        assert_eq!(name("smollm2-135m-instruct-q4_1.gguf"), "smollm2-135m-instruct-q4_1");
        assert_eq!(name("Llama 3.2 (1B).GGUF"), "Llama-3.2-1B");
        assert_eq!(name("..hidden.gguf"), "hidden");
        assert_eq!(name("modèle.gguf"), "mod-le");
        assert!(ModelName::of_file(".gguf").is_err());
        assert!(ModelName::of_file("パン屋.gguf").is_err());
        assert!(ModelName::of_file(&"a".repeat(500)).is_err());
        assert!(ModelName::of_file("verify.gguf").is_err() && ModelName::of_file("verify-2.gguf").is_ok());
    }

    #[test]
    fn only_a_model_file_at_the_end_of_an_address_names_a_model() {
        let name = |path| ModelName::of_url_path(path).map(String::from);
        assert_eq!(
            name("/shop/models/resolve/main/tiny-q4.gguf").as_deref(),
            Some("tiny-q4")
        );
        assert_eq!(name("/a/tiny%20q4.gguf").as_deref(), Some("tiny-q4"));
        assert_eq!(name("/a/..%2f..%2fetc%2fpasswd.gguf"), None);
        assert_eq!(name("/a/%2e%2e.gguf"), None);
        assert_eq!(name("/a/x%00.gguf"), None);
        assert_eq!(name("/a/x%zz.gguf"), None);
        for path in ["", "/", "/model", "/.gguf", "/a/model.gguf/", "/model.safetensors"] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let text = "00ff".repeat(16);
        let digest: Sha256Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(digest));
        for wrong in ["", "00", &"0g".repeat(32), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(wrong.parse::<Sha256Digest>(), Err(NotASha256), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_address_makes_a_name_that_leaves_the_folder(path in any::<String>()) {
            let names = [ModelName::of_url_path(&path), ModelName::of_file(&path).ok(), ModelName::parse(&path).ok()];
            for name in names.into_iter().flatten() {
                let file = name.file();
                prop_assert!(!file.starts_with('.') && !file.contains(['/', '\\', '\0', '@']), "{file}");
                prop_assert!(file.len() <= 200);
                prop_assert_eq!(std::path::Path::new(&file).components().count(), 1);
                prop_assert!(ModelName::of_file(&file).is_ok_and(|again| again.file().len() <= file.len()));
            }
        }

        #[test]
        fn escapes_never_panic_and_never_hide_a_separator(path in "(%[0-9a-fA-F]{2}|[a-z./\\\\%]){0,40}\\.gguf") {
            if let Some(name) = ModelName::of_url_path(&path) {
                prop_assert!(!name.as_str().contains(['/', '\\']) && !name.as_str().starts_with('.'));
            }
        }
    }
}
