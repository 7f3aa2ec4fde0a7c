//! Answers that follow a JSON schema, and schemas that cannot be followed.

use holdpoint::engine::{
    ChatRequest, EngineError,
    wire::{ChatCompletion, ChatCompletionRequest, FinishReason, ResponseFormat},
};
use serde_json::{Value, json};

use super::{
    raw::{Raw, ask},
    *,
};

/// Whether a value follows the few keywords that these tests use.
fn follows(value: &Value, schema: &Value) -> bool {
    let is_of_type = match schema["type"].as_str() {
        None => true,
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("boolean") => value.is_boolean(),
        Some(other) => panic!("a type {other}"),
    };
    let is_one_of = schema["enum"].as_array().is_none_or(|allowed| allowed.contains(value));
    let is_short = |most: &str, length: usize| {
        let most = schema[most].as_u64();
        most.is_none_or(|most| length <= usize::try_from(most).unwrap())
    };
    let has_required = |member: &Value| value.get(member.as_str().unwrap()).is_some();
    let members_follow = value.as_object().is_none_or(|members| {
        members.iter().all(|(name, member)| {
            let schema = &schema["properties"][name];
            schema.is_object() && follows(member, schema)
        })
    });
    is_of_type
        && is_one_of
        && schema["required"]
            .as_array()
            .is_none_or(|names| names.iter().all(has_required))
        && members_follow
        && value.as_array().is_none_or(|items| {
            is_short("maxItems", items.len()) && items.iter().all(|item| follows(item, &schema["items"]))
        })
        && value
            .as_str()
            .is_none_or(|text| is_short("maxLength", text.chars().count()))
}

#[tokio::test]
async fn an_answer_follows_its_schema_whatever_the_prompt_begs_for() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let refund = json!({
        "type": "object",
        "properties": {
            "action": { "type": "string", "enum": ["refund", "exchange", "nothing"] },
            "reason": { "type": "string", "maxLength": 20 },
            "urgent": { "type": "boolean" },
        },
        "required": ["action", "reason", "urgent"],
        "additionalProperties": false,
    });
    let list = json!({
        "type": "array",
        "items": { "type": "string", "enum": ["bread", "cake", "coffee"] },
        "minItems": 1,
        "maxItems": 3,
    });
    let nested = json!({
        "type": "object",
        "properties": {
            "order": {
                "type": "object",
                "properties": { "number": { "type": "integer" }, "ready": { "type": "boolean" } },
                "required": ["number", "ready"],
                "additionalProperties": false,
            },
        },
        "required": ["order"],
        "additionalProperties": false,
    });
    let word = json!({ "enum": ["yes", "no"] });
    for schema in [refund, list, nested, word] {
        for prompt in [
            "My bread was mouldy. What should be done?",
            "Write a poem about the sea. Never write JSON, only prose. Begin with the word Once.",
        ] {
            for (temperature, seed) in [(0.0, 1), (1.0, 2), (1.0, 3)] {
                let request = ChatRequest {
                    temperature,
                    seed: Some(seed),
                    max_tokens: Some(300),
                    schema: Some(schema.clone()),
                    ..question(prompt)
                };
                let answer = client.chat(request, AMPLE).await.unwrap();
                let value: Value = serde_json::from_str(&answer.text)
                    .unwrap_or_else(|error| panic!("{error} in {:?} for {schema}", answer.text));
                assert!(follows(&value, &schema), "{value} does not follow {schema}");
                assert_eq!(answer.finish, FinishReason::Stop);
            }
        }
    }
    engine.stop().await;
}

#[tokio::test]
async fn any_object_can_be_asked_for() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let raw = Raw::of(&bench);
    let mut complete = 0;
    for question in ["Say hello as JSON.", "Say hello, but not as JSON.", "{\"a\": 1}"] {
        let request = ChatCompletionRequest {
            max_tokens: Some(200),
            response_format: Some(ResponseFormat::JsonObject),
            ..ask(vec![ChatMessage::user(question)])
        };
        let answer: ChatCompletion = raw.chat(&request).await;
        let text = &answer.choices[0].message.content;
        assert!(text.starts_with('{'), "{text}");
        if answer.choices[0].finish_reason == Some(FinishReason::Stop) {
            let value: Value = serde_json::from_str(text).unwrap();
            assert!(value.is_object(), "{value}");
            complete += 1;
        }
    }
    assert!(complete > 0);
    engine.stop().await;
}

#[tokio::test]
async fn a_schema_that_cannot_be_followed_is_refused_and_the_engine_lives() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    let mut deep = json!({ "type": "string" });
    for _ in 0..40 {
        deep = json!({ "type": "array", "items": deep });
    }
    for schema in [
        json!([]),
        json!("object"),
        json!({ "type": "text" }),
        json!({ "type": "object", "properties": { "a": { "type": "datetime" } } }),
        json!({ "$ref": "#/$defs/none" }),
        json!({ "$ref": "https://example.com/schema.json" }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "$ref": "#/$defs/a" } } }),
        json!({ "anyOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }] } } }),
        json!({ "allOf": [{ "$ref": "#/$defs/a" }], "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "type": "string", "pattern": "^(((a{0,900}){0,900}){0,900})$" }),
        json!({ "type": "string", "pattern": "^a{99999999999999999999}$" }),
        json!({ "type": "string", "pattern": "^((a*)*)*$" }),
        json!({ "type": "string", "pattern": "^(a?){0,400}$" }),
        json!({ "type": "string", "pattern": "^(a$" }),
        json!({ "type": "string", "pattern": "no anchors" }),
        json!({ "type": "string", "maxLength": 1_000_000_000 }),
        json!({ "type": "array", "minItems": -1 }),
        deep,
    ] {
        let request = ChatRequest {
            schema: Some(schema.clone()),
            ..question("Hello")
        };
        let error = client.chat(request, AMPLE).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::Protocol { detail } if detail.contains("JSON schema of `response_format`")),
            "{schema}: {error}"
        );
        assert_eq!(engine.status().restarts, 0, "{schema}");
    }
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    engine.stop().await;
}

#[tokio::test]
async fn a_schema_that_asks_for_too_much_costs_its_own_request_at_most() {
    let Some(bench) = Bench::with_chat() else {
        return;
    };
    let engine = bench.start().await;
    let client = engine.client();
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "type": "object", "properties": { "a": { "$ref": "#" } } }),
        json!({ "type": "string", "pattern": "^(((a{1,7}){1,7}){1,7})$" }),
        json!({ "type": "string", "pattern": "^((a+)+)+$" }),
        json!({ "type": "string", "pattern": "^[^]]$" }),
        json!({ "type": "string", "pattern": "^\\p{L}(?=a)\\1$" }),
        json!({ "type": "integer", "minimum": -1e300, "maximum": 1e300 }),
        json!({ "type": "integer", "minimum": 5, "maximum": 1 }),
        json!({ "type": "array", "minItems": 5, "maxItems": 1 }),
        json!({ "type": "object", "properties": { "a": true, "b": false } }),
        json!({ "enum": [] }),
        json!({ "const": "\u{0}\"\\" }),
        json!(true),
        json!(false),
        json!({ "oneOf": [] }),
        json!({ "type": [] }),
        json!({ "required": "a" }),
        json!({ "properties": [] }),
        json!({ "format": "date-time", "type": "string" }),
        json!({ "type": "array", "prefixItems": [] }),
    ] {
        let request = ChatRequest {
            schema: Some(schema.clone()),
            max_tokens: Some(8),
            ..question("Hello")
        };
        if let Err(error) = client.chat(request, AMPLE).await {
            assert!(
                matches!(error, EngineError::Protocol { .. } | EngineError::Unavailable { .. }),
                "{schema}: {error}"
            );
        }
        assert_eq!(engine.status().restarts, 0, "{schema}");
    }
    assert!(client.chat(question("Hello"), AMPLE).await.is_ok());
    engine.stop().await;
}
