//! What comes in: which of OpenAI's fields mean something here, which are refused with what to do instead, and which count for nothing.

use crate::app::converse::{Called, Question};
use crate::domain::asking::{Line, Speaker};
use crate::web::error::Problem;
use http::HeaderMap;
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a request waits for its answer if it does not say.
const WAITS: Duration = Duration::from_secs(25);
/// The longest it may say, in seconds: less than the patience of most proxies.
const LONGEST_WAIT_S: u64 = 55;
const LONGEST_KEY: usize = 255;
/// Fields that mean something here, or change nothing about an answer.
const KNOWN: [&str; 13] = [
    "model",
    "messages",
    "stream",
    "metadata",
    "user",
    "safety_identifier",
    "n",
    "response_format",
    "modalities",
    "tools",
    "tool_choice",
    "functions",
    "function_call",
];

/// A request that can be understood.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) stream: bool,
    pub(super) wait: Duration,
    /// What counts for nothing, by name.
    pub(super) ignored: Vec<String>,
}

fn refused(param: &str, sentence: impl Into<String>) -> Problem {
    Problem::bad_request(sentence.into()).with("param", param)
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// How long the program wants to wait.
///
/// # Errors
/// A header that is no number of seconds.
pub(super) fn wait(headers: &HeaderMap) -> Result<Duration, Problem> {
    let Some(wish) = headers.get("holdpoint-wait") else {
        return Ok(WAITS);
    };
    let seconds = wish.to_str().ok().and_then(|wish| wish.trim().parse::<u64>().ok());
    match seconds.filter(|seconds| *seconds <= LONGEST_WAIT_S) {
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err(refused(
            "Holdpoint-Wait",
            format!("The header Holdpoint-Wait is a whole number of seconds from 0 to {LONGEST_WAIT_S}."),
        )),
    }
}

impl Asked {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong, with the field's name as `param`.
    pub(super) fn read(body: Value, headers: &HeaderMap) -> Result<Self, Problem> {
        let Value::Object(body) = body else {
            return Err(Problem::bad_request(
                "The body must be a JSON object with `model` and `messages`.",
            ));
        };
        refuse_what_is_not_done(&body)?;
        refuse_other_types(&body)?;
        let Some(agent) = body.get("model").and_then(Value::as_str) else {
            return Err(refused("model", "Send an agent's public key or name as `model`."));
        };
        let Some(messages) = body.get("messages").and_then(Value::as_array) else {
            return Err(refused("messages", "Send the conversation as `messages`, a list."));
        };
        if messages.is_empty() {
            return Err(refused(
                "messages",
                "The list `messages` is empty: send at least what the visitor asks.",
            ));
        }
        let mut lines = Vec::with_capacity(messages.len());
        let mut ignored = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            match line(at, message)? {
                Some(line) => lines.push(line),
                None if ignored.is_empty() => ignored.push("system message".to_owned()),
                None => {}
            }
        }
        let has_value = |(_, value): &(&String, &Value)| !value.is_null();
        ignored.extend(
            body.iter()
                .filter(has_value)
                .filter(|(name, _)| !KNOWN.contains(&name.as_str()))
                .map(|(name, _)| name.clone()),
        );
        let idempotency_key = header(headers, "idempotency-key").map(str::to_owned);
        if idempotency_key
            .as_ref()
            .is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY)
        {
            return Err(refused(
                "Idempotency-Key",
                format!("Idempotency-Key must have 1 to {LONGEST_KEY} characters; a random UUID is a good one."),
            ));
        }
        let tries = header(headers, "x-stainless-retry-count").and_then(|count| count.parse::<u32>().ok());
        Ok(Self {
            question: Question {
                agent: agent.to_owned(),
                conversation: called(&body)?,
                lines,
                idempotency_key,
                is_retry: tries.is_some_and(|tries| tries > 0),
            },
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
            wait: wait(headers)?,
            ignored,
        })
    }
}

/// Which conversation the program says it is.
fn called(body: &Map<String, Value>) -> Result<Option<Called>, Problem> {
    let text = |value: &Value, name: &str| match value.as_str() {
        // An id that came out empty would begin a conversation with every request.
        Some("") if name == "metadata.conversation_id" => Err(refused(
            name,
            "The field `metadata.conversation_id` is empty: send an id of 1 to 64 characters, or leave it out.",
        )),
        Some("") => Ok(None),
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(refused(name, format!("The field `{name}` must be a text."))),
    };
    let metadata = body
        .get("metadata")
        .and_then(|metadata| metadata.get("conversation_id"));
    if let Some(id) = metadata.filter(|id| !id.is_null()) {
        return Ok(text(id, "metadata.conversation_id")?.map(Called::Id));
    }
    for name in ["safety_identifier", "user"] {
        if let Some(user) = body.get(name).filter(|user| !user.is_null())
            && let Some(user) = text(user, name)?
        {
            return Ok(Some(Called::User(user)));
        }
    }
    Ok(None)
}

fn refuse_what_is_not_done(body: &Map<String, Value>) -> Result<(), Problem> {
    let is_used = |name: &str| match body.get(name) {
        None | Some(Value::Null) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    let list_is_text = |name: &str| match body.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(kinds)) => kinds.iter().all(|kind| kind == "text"),
        Some(_) => false,
    };
    for name in ["tools", "functions"] {
        if is_used(name) {
            return Err(refused(
                name,
                "Tools are the agent's own here: define them in Holdpoint (docs/actions.md), or ask for approvals from your program (docs/approvals.md), and leave this field out.",
            ));
        }
    }
    if body.get("n").is_some_and(|n| !n.is_null() && n.as_u64() != Some(1)) {
        return Err(refused(
            "n",
            "A question has one answer here: leave `n` out, or send 1.",
        ));
    }
    let format = body.get("response_format").and_then(|format| format.get("type"));
    if is_used("response_format") && format.and_then(Value::as_str) != Some("text") {
        return Err(refused(
            "response_format",
            "Answers are texts that people read and correct: leave `response_format` out.",
        ));
    }
    if is_used("audio") || !list_is_text("modalities") {
        let param = if is_used("audio") { "audio" } else { "modalities" };
        return Err(refused(
            param,
            "Answers are texts: leave this field out, and turn the text into speech in your program.",
        ));
    }
    Ok(())
}

/// What would otherwise count for nothing without a word.
fn refuse_other_types(body: &Map<String, Value>) -> Result<(), Problem> {
    let is_given = |name: &str| body.get(name).filter(|value| !value.is_null());
    if is_given("metadata").is_some_and(|value| !value.is_object()) {
        return Err(refused(
            "metadata",
            "The field `metadata` is an object, like {\"conversation_id\": \"visitor-1\"}.",
        ));
    }
    if is_given("stream").is_some_and(|value| !value.is_boolean()) {
        return Err(refused("stream", "The field `stream` is true or false."));
    }
    if is_given("stream_options").is_some_and(|value| !value.is_object()) {
        return Err(refused(
            "stream_options",
            "The field `stream_options` is an object; it counts for nothing here.",
        ));
    }
    Ok(())
}

/// A message; none for one that instructs a model.
fn line(at: usize, message: &Value) -> Result<Option<Line>, Problem> {
    let param = format!("messages[{at}]");
    let speaker = match message.get("role").and_then(Value::as_str) {
        Some("user") => Speaker::User,
        Some("assistant") => Speaker::Assistant,
        Some("system" | "developer") => return Ok(None),
        Some("tool" | "function") => {
            return Err(refused(
                &param,
                "Results of tools are not read here: leave messages of this role out.",
            ));
        }
        _ => {
            return Err(refused(
                &param,
                "Each message has a `role`: user, assistant, or system, which is ignored.",
            ));
        }
    };
    let text = match message.get("content") {
        // What an assistant is said to have answered is not looked at.
        _ if speaker == Speaker::Assistant => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|part| text_of(&param, part))
            .collect::<Result<Vec<_>, _>>()?
            .join("\n"),
        _ => return Err(refused(&param, "The `content` of a message is a text.")),
    };
    Ok(Some(Line { speaker, text }))
}

fn text_of<'v>(param: &str, part: &'v Value) -> Result<&'v str, Problem> {
    match part.get("type").and_then(Value::as_str) {
        Some("text") => part
            .get("text")
            .and_then(Value::as_str)
            .ok_or_else(|| refused(param, "A part of the type `text` has a `text`.")),
        _ => Err(refused(
            param,
            "Only text is read here, no images, sound or files: send what the visitor wrote as text.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: Value) -> Result<Asked, Problem> {
        Asked::read(body, &HeaderMap::new())
    }

    fn param(body: Value) -> String {
        let problem = read(body).unwrap_err();
        assert_eq!(problem.status, 400);
        problem.extra["param"].as_str().unwrap().to_owned()
    }

    fn with(name: &str, value: Value) -> Value {
        let mut body = json!({ "model": "Juno", "messages": [{ "role": "user", "content": "Hi" }] });
        body[name] = value;
        body
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_its_name_and_what_asks_for_nothing_is_not() {
        for (name, value) in [
            ("tools", json!([{ "type": "function" }])),
            ("functions", json!([{}])),
            ("n", json!(2)),
            ("response_format", json!({ "type": "json_object" })),
            ("audio", json!({ "voice": "v" })),
            ("modalities", json!(["text", "audio"])),
            ("model", json!(7)),
            ("messages", json!("Hi")),
            ("user", json!(7)),
        ] {
            assert_eq!(param(with(name, value)), name);
        }
        for (name, value) in [
            ("tools", json!([])),
            ("tool_choice", json!("none")),
            ("n", json!(1)),
            ("response_format", json!({ "type": "text" })),
            ("modalities", json!(["text"])),
            ("temperature", Value::Null),
            ("user", Value::Null),
        ] {
            let asked = read(with(name, value)).unwrap();
            assert!(
                asked.ignored.is_empty() && asked.question.conversation.is_none(),
                "{name}"
            );
        }
    }

    #[test]
    fn settings_of_a_model_and_instructions_are_ignored_and_named() {
        let mut body = with("temperature", json!(0.2));
        body["seed"] = json!(7);
        body["messages"] = json!([
            { "role": "system", "content": "Be nice" },
            { "role": "developer", "content": "Be brief" },
            { "role": "user", "content": [{ "type": "text", "text": "Hi" }, { "type": "text", "text": "there" }] },
        ]);
        let asked = read(body).unwrap();
        assert_eq!(asked.ignored, ["system message", "seed", "temperature"]);
        assert_eq!(asked.question.lines.len(), 1);
        assert_eq!(asked.question.lines[0].text, "Hi\nthere");
    }

    #[test]
    fn a_message_that_is_no_text_is_refused_by_its_place() {
        let image = json!([{ "type": "image_url", "image_url": { "url": "https://example.org/a.png" } }]);
        for message in [
            json!({ "role": "user", "content": image }),
            json!({ "role": "user" }),
            json!({ "role": "tool", "content": "7" }),
            json!({ "content": "Hi" }),
            json!("Hi"),
        ] {
            assert_eq!(param(with("messages", json!([message]))), "messages[0]");
        }
        let kept = json!([{ "role": "user", "content": "a" }, { "role": "assistant", "content": null, "tool_calls": [] }, { "role": "user", "content": "b" }]);
        assert_eq!(read(with("messages", kept)).unwrap().question.lines.len(), 3);
    }

    #[test]
    fn a_conversation_is_named_by_its_id_or_by_whom_it_is_for() {
        let mut body = with("user", json!("vera"));
        assert_eq!(
            read(body.clone()).unwrap().question.conversation,
            Some(Called::User("vera".to_owned()))
        );
        body["metadata"] = json!({ "conversation_id": "c-1", "shop": "north" });
        assert_eq!(
            read(body).unwrap().question.conversation,
            Some(Called::Id("c-1".to_owned()))
        );
    }

    #[test]
    fn how_long_to_wait_is_said_in_seconds() {
        let mut headers = HeaderMap::new();
        assert_eq!(wait(&headers), Ok(WAITS));
        for (said, seconds) in [
            ("0", Some(0)),
            ("55", Some(55)),
            ("56", None),
            ("-1", None),
            ("soon", None),
        ] {
            headers.insert("holdpoint-wait", said.parse().unwrap());
            assert_eq!(wait(&headers).ok().map(|wait| wait.as_secs()), seconds, "{said}");
        }
    }
}
