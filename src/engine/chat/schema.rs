//! Makes an answer follow a JSON schema.
//!
//! The schema is somebody's input: it is bounded before the library turns it into a grammar, because a few bytes of
//! it (nested repetitions) can ask for gigabytes of rules.

mod pattern;

use llama_cpp_2::{json_schema_to_grammar, model::LlamaModel, sampling::LlamaSampler};
use serde_json::Value;

use crate::engine::{
    backend::Refusal,
    wire::{ErrorCode, ResponseFormat},
};

const LARGEST_SCHEMA_BYTES: usize = 64 << 10;
const DEEPEST: usize = 24;
const MOST_NODES: usize = 2_000;
/// Largest value of `maxLength`, `maxItems` and their like.
const MOST_REPETITIONS: u64 = 1_000;
/// Sum of all of them.
const MOST_REPETITIONS_TOGETHER: u64 = 10_000;

/// The grammar of an answer's format; `None` where any text will do.
pub(super) fn grammar(model: &LlamaModel, format: Option<&ResponseFormat>) -> Result<Option<LlamaSampler>, Refusal> {
    let any_object = Value::from_iter([("type", "object")]);
    let schema = match format {
        None | Some(ResponseFormat::Text) => return Ok(None),
        Some(ResponseFormat::JsonObject) => &any_object,
        Some(ResponseFormat::JsonSchema { json_schema }) => &json_schema.schema,
    };
    check(schema).map_err(|why| refused(&why))?;
    let grammar = json_schema_to_grammar(&schema.to_string()).map_err(|_reason_is_lost| {
        refused("it uses a keyword that is not supported; use plain types, `properties`, `enum` and `$defs`")
    })?;
    LlamaSampler::grammar(model, &grammar, "root")
        .map(Some)
        .map_err(|error| refused(&format!("no grammar can be made of it ({error}); use a simpler one")))
}

fn refused(why: &str) -> Refusal {
    Refusal::new(
        ErrorCode::InvalidRequest,
        format!("The JSON schema of `response_format` cannot be used: {why}."),
    )
}

/// What is wrong with a schema, in words.
fn check(schema: &Value) -> Result<(), String> {
    if !schema.is_object() && !schema.is_boolean() {
        return Err("it must be a JSON object".to_owned());
    }
    let bytes = schema.to_string().len();
    if bytes > LARGEST_SCHEMA_BYTES {
        return Err(format!("it has {bytes} bytes and {LARGEST_SCHEMA_BYTES} are allowed"));
    }
    let mut left = vec![(schema, 0)];
    let (mut nodes, mut repetitions) = (0, 0_u64);
    while let Some((node, depth)) = left.pop() {
        nodes += 1;
        if depth > DEEPEST {
            return Err(format!("it is nested more than {DEEPEST} levels deep"));
        }
        if nodes > MOST_NODES {
            return Err(format!("it has more than {MOST_NODES} parts"));
        }
        if repetitions > MOST_REPETITIONS_TOGETHER {
            return Err(format!("its lengths add up to more than {MOST_REPETITIONS_TOGETHER}"));
        }
        match node {
            Value::Object(members) => {
                for (name, value) in members {
                    check_keyword(name, value, schema)?;
                    if matches!(name.as_str(), "minLength" | "maxLength" | "minItems" | "maxItems") {
                        repetitions += value.as_u64().unwrap_or(0);
                    }
                    left.push((value, depth + 1));
                }
            }
            Value::Array(items) => left.extend(items.iter().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    Ok(())
}

fn check_keyword(name: &str, value: &Value, schema: &Value) -> Result<(), String> {
    match name {
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => match value.as_u64()
        {
            Some(number) if number > MOST_REPETITIONS => {
                Err(format!("`{name}` is {number} and {MOST_REPETITIONS} is the most"))
            }
            Some(_) => Ok(()),
            // A property of this name is no limit.
            None if value.is_object() || value.is_boolean() => Ok(()),
            None => Err(format!("`{name}` must be a whole number of 0 or more")),
        },
        "pattern" => value.as_str().map_or(Ok(()), pattern::check),
        "$ref" => match value.as_str() {
            Some("#") => Ok(()),
            Some(path)
                if path
                    .strip_prefix('#')
                    .is_some_and(|path| schema.pointer(path).is_some()) =>
            {
                if leads_round_in_a_circle(path, schema) {
                    return Err("a reference leads to nothing but references".to_owned());
                }
                Ok(())
            }
            Some(path) => Err(format!(
                "the reference `{}` leads nowhere inside it",
                path.chars().take(60).collect::<String>()
            )),
            None if value.is_object() || value.is_boolean() => Ok(()),
            None => Err("`$ref` must be a text".to_owned()),
        },
        "type" => {
            const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];
            let known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
            let is_known = known(value) || value.as_array().is_some_and(|types| types.iter().all(known));
            if is_known || value.is_object() || value.is_boolean() {
                Ok(())
            } else {
                Err(format!("a `type` must be one of {}", TYPES.join(", ")))
            }
        }
        _ => Ok(()),
    }
}

/// Whether a reference is followed by references only and never arrives: the library would follow them until its
/// stack is full.
fn leads_round_in_a_circle(path: &str, schema: &Value) -> bool {
    let mut path = path;
    for _ in 0..DEEPEST {
        let target = path.strip_prefix('#').and_then(|path| schema.pointer(path));
        match target.and_then(|target| target.get("$ref")?.as_str()) {
            Some(next) => path = next,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn an_ordinary_schema_of_an_action_is_accepted() {
        let schema = json!({
            "type": "object",
            "properties": {
                "order": { "type": "string", "pattern": "^[A-Z]{2}[0-9]{4}$" },
                "amount": { "type": "number", "minimum": 0 },
                "type": { "type": "string", "enum": ["refund", "exchange"] },
                "lines": { "type": "array", "maxItems": 5, "items": { "$ref": "#/$defs/line" } },
                "minLength": { "type": "boolean" },
            },
            "required": ["order"],
            "$defs": { "line": { "type": "object" } },
        });
        assert_eq!(check(&schema), Ok(()));
    }

    #[test]
    fn what_would_ask_for_too_much_or_cannot_be_meant_is_refused_in_words() {
        let mut deep = json!({});
        for _ in 0..40 {
            deep = json!({ "properties": { "a": deep } });
        }
        for (schema, word) in [
            (json!([]), "JSON object"),
            (json!({ "type": "text" }), "must be one of"),
            (json!({ "maxLength": 1_000_000 }), "1000 is the most"),
            (json!({ "maxItems": -1 }), "whole number"),
            (json!({ "$ref": "https://example.com/schema" }), "leads nowhere"),
            (json!({ "$ref": "#/$defs/none" }), "leads nowhere"),
            (
                json!({ "$ref": "#/a", "a": { "$ref": "#/b" }, "b": { "$ref": "#/a" } }),
                "nothing but references",
            ),
            (json!({ "pattern": "a".repeat(300) }), "longer than"),
            (json!({ "pattern": "^((a{1,30}){1,30})$" }), "repeats more than"),
            (
                json!(
                    vec![json!({ "maxLength": 900 }); 20]
                        .into_iter()
                        .enumerate()
                        .map(|(number, part)| (number.to_string(), part))
                        .collect::<serde_json::Map<_, _>>()
                ),
                "add up to",
            ),
            (deep, "levels deep"),
            (json!({ "enum": vec![0; 3_000] }), "more than 2000 parts"),
            (json!({ "title": "x".repeat(70_000) }), "bytes"),
        ] {
            let why = check(&schema).expect_err("it must be refused");
            assert!(why.contains(word), "{why}");
        }
    }

    proptest! {
        #[test]
        fn any_json_is_looked_at_without_a_panic(text in "[\\[\\]{}:,a-z$#/0-9\"]{0,80}") {
            if let Ok(value) = serde_json::from_str(&text) {
                let _either = check(&value);
            }
        }
    }
}
