//! What arguments have to look like: a JSON schema, read by a library that follows no reference out of it.

use super::args::Args;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Longest schema, in bytes.
pub const MOST_SCHEMA_BYTES: usize = 32 << 10;
/// Complaints that are told at once.
const MOST_TOLD: usize = 5;
/// Largest compiled pattern, in bytes: patterns come from whoever asks.
const MOST_PATTERN_BYTES: usize = 256 << 10;

/// Why a schema or arguments were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The schema is too long.
    #[error("the schema has more than {MOST_SCHEMA_BYTES} bytes; describe what a person has to see, in less")]
    TooLong,
    /// It is no schema of an object.
    #[error("the schema must describe an object: {{\"type\": \"object\", \"properties\": {{…}}}}")]
    NotOfAnObject,
    /// It cannot be used.
    #[error("the schema cannot be used: {0}")]
    Unusable(String),
    /// The arguments are not as it says.
    #[error("the arguments are not as the schema says: {0}")]
    NotAsSaid(String),
}

/// A schema that has been read.
#[derive(Debug, Clone)]
pub struct Schema {
    value: Value,
    validator: Validator,
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`SchemaError::TooLong`], [`SchemaError::NotOfAnObject`], [`SchemaError::Unusable`].
    pub fn new(value: Value) -> Result<Self, SchemaError> {
        if value.to_string().len() > MOST_SCHEMA_BYTES {
            return Err(SchemaError::TooLong);
        }
        if value.get("type").and_then(Value::as_str) != Some("object") {
            return Err(SchemaError::NotOfAnObject);
        }
        // The engine of patterns that never takes longer than the text is long.
        let patterns = PatternOptions::regex()
            .size_limit(MOST_PATTERN_BYTES)
            .dfa_size_limit(MOST_PATTERN_BYTES);
        let validator = jsonschema::options()
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .build(&value)
            .map_err(|error| SchemaError::Unusable(cut(&error.to_string())))?;
        Ok(Self { value, validator })
    }

    /// As it was given.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Are these arguments as it says?
    ///
    /// # Errors
    /// [`SchemaError::NotAsSaid`], with what is wrong where.
    pub fn check(&self, args: &Args) -> Result<(), SchemaError> {
        let value = args.value();
        let mut told: Vec<String> = Vec::new();
        for error in self.validator.iter_errors(&value).take(MOST_TOLD) {
            let place = error.instance_path().to_string();
            let place = place.trim_start_matches('/').replace('/', ".");
            let what = cut(&error.to_string());
            told.push(if place.is_empty() {
                what
            } else {
                format!("{place}: {what}")
            });
        }
        if told.is_empty() {
            Ok(())
        } else {
            Err(SchemaError::NotAsSaid(told.join("; ")))
        }
    }
}

/// The library repeats the whole value in its sentences.
fn cut(text: &str) -> String {
    const MOST_CHARS: usize = 200;
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(MOST_CHARS).collect();
    if chars.next().is_some() { head + "…" } else { head }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn args(value: Value) -> Args {
        Args::new(value).unwrap()
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let schema = Schema::new(json!({
            "type": "object",
            "properties": { "amount": { "type": "number", "maximum": 500 }, "to": { "type": "string", "format": "email" } },
            "required": ["amount"],
            "additionalProperties": false,
        }))
        .unwrap();
        assert_eq!(
            schema.check(&args(json!({ "amount": 20, "to": "a@example.org" }))),
            Ok(())
        );
        for (wrong, word) in [
            (json!({ "amount": 501 }), "amount: "),
            (json!({}), "amount"),
            (json!({ "amount": 1, "more": 2 }), "more"),
            (json!({ "amount": 1, "to": "nobody" }), "to: "),
        ] {
            let error = schema.check(&args(wrong.clone())).unwrap_err().to_string();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_schema_that_asks_elsewhere_or_never_ends_is_refused() {
        assert_eq!(
            Schema::new(json!({ "type": "string" })).unwrap_err(),
            SchemaError::NotOfAnObject
        );
        let of = |property: Value| Schema::new(json!({ "type": "object", "properties": { "x": property } }));
        for wrong in [
            json!({ "$ref": "https://example.org/schema.json" }),
            json!({ "$ref": "file:///etc/passwd" }),
            json!({ "type": "no type" }),
            json!({ "type": "string", "pattern": "(" }),
            json!({ "type": "string", "pattern": "((a{1,1000}){1,1000}){1,1000}" }),
        ] {
            assert!(matches!(of(wrong.clone()), Err(SchemaError::Unusable(_))), "{wrong}");
        }
        // A pattern over which others think for years.
        let slow = of(json!({ "type": "string", "pattern": "^(a+)+$" })).unwrap();
        assert!(
            slow.check(&args(json!({ "x": format!("{}b", "a".repeat(40_000)) })))
                .is_err()
        );
        assert_eq!(
            of(json!({ "description": "x".repeat(40_000) })).unwrap_err(),
            SchemaError::TooLong
        );
    }
}
