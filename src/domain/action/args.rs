//! The arguments of a proposed action, as they are shown, approved and run: one text, to the last byte.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Longest arguments, in bytes of their canonical text.
pub const MOST_ARGS_BYTES: usize = 64 << 10;
/// How deep they may be nested.
const MOST_DEEP: usize = 16;
/// Beyond this, programs that read JSON numbers as floating point see another number.
const MOST_EXACT: f64 = 9_007_199_254_740_991.0;

/// Why arguments were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    /// They are a list, a number, a text.
    #[error("the arguments must be a JSON object, like {{\"amount\": 20}}")]
    NotAnObject,
    /// They are too long to be read by a person.
    #[error(
        "the arguments have {bytes} bytes, but at most {MOST_ARGS_BYTES} are taken; send what a person has to read, and a link to the rest"
    )]
    TooLong {
        /// Their length.
        bytes: usize,
    },
    /// They are nested too deeply.
    #[error("the arguments are nested more than {MOST_DEEP} levels deep; flatten them")]
    TooDeep,
    /// A number that not every program reads alike.
    #[error("the number {0} has more digits than every program reads alike; send it as text, in quotes")]
    InexactNumber(String),
}

/// Arguments in their canonical text: keys in order, no spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Args {
    fields: Map<String, Value>,
    text: String,
}

impl Args {
    /// Checks arguments.
    ///
    /// # Errors
    /// Any [`ArgsError`].
    pub fn new(value: Value) -> Result<Self, ArgsError> {
        let Value::Object(fields) = value else {
            return Err(ArgsError::NotAnObject);
        };
        for value in fields.values() {
            check(value, 1)?;
        }
        let text = canonical(&Value::Object(fields.clone()));
        if text.len() > MOST_ARGS_BYTES {
            return Err(ArgsError::TooLong { bytes: text.len() });
        }
        Ok(Self { fields, text })
    }

    /// The canonical text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The arguments as a value.
    pub fn value(&self) -> Value {
        Value::Object(self.fields.clone())
    }

    /// One argument.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

fn check(value: &Value, depth: usize) -> Result<(), ArgsError> {
    if depth > MOST_DEEP {
        return Err(ArgsError::TooDeep);
    }
    match value {
        Value::Number(number) if number.as_f64().is_none_or(|n| n.abs() > MOST_EXACT) => {
            Err(ArgsError::InexactNumber(number.to_string()))
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Object(fields) => fields.values().try_for_each(|field| check(field, depth + 1)),
        _ => Ok(()),
    }
}

/// Keys in order at every level, whatever order the map itself keeps.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            let fields = names.into_iter().filter_map(|name| {
                Some(format!(
                    "{}:{}",
                    Value::from(name.as_str()),
                    canonical(fields.get(name)?)
                ))
            });
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        other => other.to_string(),
    }
}

/// What is approved, as a hash: the action's name, its arguments and, where Holdpoint runs it, what is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ArgsHash(pub [u8; 32]);

impl ArgsHash {
    /// Of a name, the canonical arguments and what is sent (empty where somebody else runs it). Each with its length before it, so
    /// that no byte can move from one to the next.
    pub fn of(name: &str, args: &Args, sent: &str) -> Self {
        let mut hash = Sha256::new();
        for field in ["holdpoint action 1", name, args.text(), sent] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for ArgsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ArgsHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What was given cannot be such a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no hash of arguments; give `args_hash` back as it came, 64 digits and letters")]
pub struct NotAHash;

impl FromStr for ArgsHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(NotAHash);
        }
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_not_ascii| NotAHash)?;
            // `from_str_radix` would take a sign.
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(NotAHash);
            }
            *byte = u8::from_str_radix(digits, 16).map_err(|_no_digits| NotAHash)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn the_text_is_the_same_in_whatever_order_it_was_written() {
        let read = |text: &str| Args::new(serde_json::from_str(text).unwrap()).unwrap();
        let (one, other) = (
            read(r#"{"b":{"y":1,"x":[1,"é"]},"a":null}"#),
            read(r#"{"a":null, "b":{"x":[1,"é"],"y":1}}"#),
        );
        assert_eq!(one.text(), r#"{"a":null,"b":{"x":[1,"é"],"y":1}}"#);
        assert_eq!(one.text(), other.text());
        assert_eq!(ArgsHash::of("a", &one, ""), ArgsHash::of("a", &other, ""));
        assert_ne!(ArgsHash::of("a", &one, ""), ArgsHash::of("b", &one, ""));
        assert_ne!(ArgsHash::of("a", &one, ""), ArgsHash::of("a", &one, "x"));
    }

    #[test]
    fn what_not_every_program_reads_alike_or_nobody_can_read_is_refused() {
        assert_eq!(Args::new(json!([1])), Err(ArgsError::NotAnObject));
        let long = json!({ "text": "x".repeat(MOST_ARGS_BYTES) });
        assert!(matches!(Args::new(long), Err(ArgsError::TooLong { .. })));
        for number in [
            "9007199254740993",
            "-9007199254740993",
            "123456789012345678901234567890",
            "1e300",
        ] {
            let args = serde_json::from_str(&format!(r#"{{"n":[{number}]}}"#)).unwrap();
            assert!(matches!(Args::new(args), Err(ArgsError::InexactNumber(_))), "{number}");
        }
        assert!(Args::new(json!({ "n": 9_007_199_254_740_991_i64, "d": 0.1 })).is_ok());
        let mut deep = json!(1);
        for _ in 0..20 {
            deep = json!([deep]);
        }
        assert_eq!(Args::new(json!({ "deep": deep })), Err(ArgsError::TooDeep));
    }

    proptest! {
        #[test]
        fn a_hash_reads_as_it_was_written_and_nothing_else_is_one(bytes in any::<[u8; 32]>(), junk in ".{0,70}") {
            prop_assert_eq!(ArgsHash(bytes).to_string().parse(), Ok(ArgsHash(bytes)));
            if let Ok(hash) = junk.parse::<ArgsHash>() {
                prop_assert_eq!(hash.to_string(), junk.to_lowercase());
            }
        }
    }
}
