//! How a chat model is named: on this machine, or on a remote engine.

use std::fmt;
use std::str::FromStr;

/// Longest name of a model, characters.
const LONGEST_NAME: usize = 200;

/// A chat model: `NAME` of this machine, `NAME@ENGINE` of a remote engine, `@ENGINE` for that engine's own choice. Without
/// either it is this machine's default model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ModelRef {
    /// The model; the engine's default one if `None`.
    pub name: Option<String>,
    /// The remote engine; this machine if `None`.
    pub engine: Option<String>,
}

/// The text names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the text {0:?} names no chat model; write NAME for one of this machine, or NAME@ENGINE for one of a remote engine"
)]
pub struct InvalidModelRef(String);

impl ModelRef {
    /// The default model of this machine.
    pub const DEFAULT: Self = Self {
        name: None,
        engine: None,
    };

    /// Reads a list in order of preference; an empty one means the default model of this machine.
    ///
    /// # Errors
    /// [`InvalidModelRef`] for the first text that names none.
    pub fn parse_all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, InvalidModelRef> {
        texts.into_iter().map(str::parse).collect()
    }
}

impl FromStr for ModelRef {
    type Err = InvalidModelRef;

    fn from_str(text: &str) -> Result<Self, InvalidModelRef> {
        let text = text.trim();
        let invalid = || InvalidModelRef(text.chars().take(LONGEST_NAME).collect());
        // The name of a model may hold an @, that of an engine may not.
        let (name, engine) = match text.rsplit_once('@') {
            Some((name, engine)) => (name, Some(engine)),
            None => (text, None),
        };
        let is_odd = |part: &str| part.contains(|c: char| c.is_whitespace() || c.is_control());
        if text.chars().count() > LONGEST_NAME || is_odd(text) || engine == Some("") || text.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            name: Some(name).filter(|name| !name.is_empty()).map(ToOwned::to_owned),
            engine: engine.map(ToOwned::to_owned),
        })
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.engine) {
            (Some(name), Some(engine)) => write!(f, "{name}@{engine}"),
            (Some(name), None) => f.write_str(name),
            (None, Some(engine)) => write!(f, "@{engine}"),
            (None, None) => f.write_str("the default model"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_alone_or_with_its_engine() {
        let parse = |text: &str| {
            let model: ModelRef = text.parse().unwrap();
            (model.name, model.engine)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parse("qwen2.5-7b"), (some("qwen2.5-7b"), None));
        assert_eq!(parse(" llama3:8b@office "), (some("llama3:8b"), some("office")));
        assert_eq!(parse("org/model@1@lab"), (some("org/model@1"), some("lab")));
        assert_eq!(parse("@office"), (None, some("office")));
    }

    #[test]
    fn what_is_shown_can_be_read_again_and_what_names_nothing_is_refused() {
        for text in ["small", "small@office", "@office"] {
            assert_eq!(text.parse::<ModelRef>().unwrap().to_string(), text);
        }
        for text in ["", "  ", "small@", "@", "two words", "a\u{7}", &"x".repeat(300)] {
            let refused = text.parse::<ModelRef>().unwrap_err().to_string();
            assert!(refused.contains("NAME@ENGINE") && refused.len() < 900, "{refused}");
        }
    }
}
