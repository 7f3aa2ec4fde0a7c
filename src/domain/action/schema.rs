//! What arguments have to look like: a JSON schema, read by a library that follows no reference out of it.

use super::args::Args;
use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

/// Longest schema, in bytes.
pub const MOST_SCHEMA_BYTES: usize = 32 << 10;
/// Complaints that are told at once.
const MOST_TOLD: usize = 5;
/// Parts of a schema at most, each counted as often as something refers to it: a few references to references come to millions.
const MOST_PARTS: usize = 1_000;
/// How deep schemas may stand inside of one another.
const MOST_DEEP: usize = 24;
/// Parts of the schema times values in the arguments at most: the work of a check.
const MOST_WORK: usize = 2_000_000;
/// Up to so much work every complaint is put together; beyond it would be gigabytes.
const MOST_EXPLAINED: usize = 20_000;
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
    /// Reading it could take for ever.
    #[error(
        "the schema is too intricate: at most {MOST_PARTS} parts, counted as often as they are referred to, {MOST_DEEP} levels deep, with references into itself that end, and without {0}; describe what a person has to see"
    )]
    TooIntricate(&'static str),
    /// Checking would take too long.
    #[error("the arguments are too many for so intricate a schema; send fewer, or describe less")]
    TooMuch,
    /// The arguments are not as it says.
    #[error("the arguments are not as the schema says: {0}")]
    NotAsSaid(String),
}

/// A schema that has been read.
#[derive(Debug, Clone)]
pub struct Schema {
    value: Value,
    parts: usize,
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
    /// [`SchemaError::TooLong`], [`SchemaError::NotOfAnObject`], [`SchemaError::TooIntricate`], [`SchemaError::Unusable`].
    pub fn new(value: Value) -> Result<Self, SchemaError> {
        if value.to_string().len() > MOST_SCHEMA_BYTES {
            return Err(SchemaError::TooLong);
        }
        if value.get("type").and_then(Value::as_str) != Some("object") {
            return Err(SchemaError::NotOfAnObject);
        }
        let mut left = MOST_PARTS;
        count(&value, &value, 0, &mut left)?;
        // The engine of patterns that never takes longer than the text is long.
        let patterns = PatternOptions::regex()
            .size_limit(MOST_PATTERN_BYTES)
            .dfa_size_limit(MOST_PATTERN_BYTES);
        let validator = jsonschema::options()
            .with_pattern_options(patterns)
            .should_validate_formats(true)
            .build(&value)
            .map_err(|error| SchemaError::Unusable(cut(&error.to_string())))?;
        Ok(Self {
            value,
            parts: MOST_PARTS - left,
            validator,
        })
    }

    /// As it was given.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// Are these arguments as it says?
    ///
    /// # Errors
    /// [`SchemaError::NotAsSaid`], with what is wrong where, or [`SchemaError::TooMuch`].
    pub fn check(&self, args: &Args) -> Result<(), SchemaError> {
        let value = args.value();
        let work = self.parts.saturating_mul(values(&value));
        if work > MOST_WORK {
            return Err(SchemaError::TooMuch);
        }
        if self.validator.is_valid(&value) {
            return Ok(());
        }
        if work > MOST_EXPLAINED {
            return Err(SchemaError::NotAsSaid(
                "which of them is not easily told of so many; compare them with the schema".to_owned(),
            ));
        }
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
        Err(SchemaError::NotAsSaid(told.join("; ")))
    }
}

/// Counts the schemas in a schema down from what is left, each as often as it is come to.
fn count(schema: &Value, root: &Value, deep: usize, left: &mut usize) -> Result<(), SchemaError> {
    let Some(members) = schema.as_object() else {
        return Ok(());
    };
    *left = left.checked_sub(1).ok_or(SchemaError::TooIntricate("more"))?;
    if deep > MOST_DEEP {
        return Err(SchemaError::TooIntricate("more"));
    }
    for (name, about) in members {
        match name.as_str() {
            // Looked at more than once at every level.
            "unevaluatedProperties" | "unevaluatedItems" => {
                return Err(SchemaError::TooIntricate(
                    "`unevaluatedProperties` and `unevaluatedItems`",
                ));
            }
            "$dynamicRef" | "$recursiveRef" => {
                return Err(SchemaError::TooIntricate("`$dynamicRef` and `$recursiveRef`"));
            }
            "$ref" => {
                // What leads out of it, the library refuses.
                let target = about.as_str().and_then(|path| path.strip_prefix('#'));
                if let Some(target) = target.and_then(|path| root.pointer(path)) {
                    count(target, root, deep + 1, left)?;
                }
            }
            // Not schemas.
            "enum" | "const" | "default" | "examples" => {}
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
                for about in about.as_object().into_iter().flat_map(|members| members.values()) {
                    count(about, root, deep + 1, left)?;
                }
            }
            _ => match about {
                Value::Array(all) => {
                    for about in all {
                        count(about, root, deep + 1, left)?;
                    }
                }
                about => count(about, root, deep + 1, left)?,
            },
        }
    }
    Ok(())
}

/// How many values there are in a value.
fn values(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(values).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(values).sum::<usize>(),
        _ => 1,
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
    fn a_few_references_that_come_to_millions_are_refused_at_once_and_ordinary_ones_are_read() {
        let doubling = |levels: usize| {
            let mut defs = serde_json::Map::new();
            defs.insert("x0".to_owned(), json!({ "type": "integer" }));
            for level in 1..=levels {
                let below = json!({ "$ref": format!("#/$defs/x{}", level - 1) });
                defs.insert(format!("x{level}"), json!({ "anyOf": [below, below] }));
            }
            json!({ "type": "object", "$defs": defs, "properties": { "a": { "$ref": format!("#/$defs/x{levels}") } } })
        };
        for levels in [8, 16, 23, 60] {
            let refused = Schema::new(doubling(levels));
            assert!(matches!(refused, Err(SchemaError::TooIntricate(_))), "{levels}");
        }
        let round = json!({ "type": "object", "properties": { "a": { "$ref": "#" } } });
        assert!(matches!(Schema::new(round), Err(SchemaError::TooIntricate(_))));
        // Hidden where nothing is a schema, and come to from elsewhere.
        let mut hidden = doubling(20);
        hidden["default"] = hidden["$defs"].take();
        let text = hidden.to_string().replace("#/$defs/", "#/default/");
        assert!(Schema::new(serde_json::from_str(&text).unwrap()).is_err());
        let ordinary = Schema::new(json!({
            "type": "object",
            "$defs": { "place": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } },
            "properties": { "from": { "$ref": "#/$defs/place" }, "to": { "$ref": "#/$defs/place" } },
        }))
        .unwrap();
        assert_eq!(ordinary.check(&args(json!({ "from": { "city": "York" } }))), Ok(()));
        assert!(ordinary.check(&args(json!({ "to": {} }))).is_err());
    }

    #[test]
    fn many_values_under_many_alternatives_are_refused_before_they_are_compared() {
        let kinds: Vec<Value> = (0..400).map(|n| json!({ "const": n })).collect();
        let schema = Schema::new(json!({
            "type": "object", "properties": { "all": { "type": "array", "items": { "anyOf": kinds } } },
        }))
        .unwrap();
        let of = |count: usize| args(json!({ "all": vec![1_000; count] }));
        assert_eq!(schema.check(&of(8_000)), Err(SchemaError::TooMuch));
        assert!(matches!(schema.check(&of(1_000)), Err(SchemaError::NotAsSaid(_))));
        assert_eq!(schema.check(&args(json!({ "all": [1, 2, 3] }))), Ok(()));
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
