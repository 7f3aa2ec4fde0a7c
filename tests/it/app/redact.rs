//! Makes answers comparable: what differs from run to run gets a name, the same thing always the same one.

use serde_json::{Map, Value};
use std::collections::HashMap;
use std::fmt::Write as _;

/// The answer with ids, times, durations, secrets and hashes named instead of spelled out.
pub(crate) fn redacted(answer: &Value) -> Value {
    Names::default().of(answer, "")
}

#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    fn of(&mut self, value: &Value, field: &str) -> Value {
        match value {
            Value::Object(fields) => Value::Object(self.fields(fields)),
            Value::Array(items) => items.iter().map(|item| self.of(item, field)).collect(),
            Value::Number(_) if is_time(field) => "[time]".into(),
            Value::Number(_) if field.ends_with("drafted_in_ms") => "[duration]".into(),
            Value::Number(number) if number.is_f64() => {
                let rounded = (number.as_f64().unwrap() * 1_000.0).round() / 1_000.0;
                serde_json::Number::from_f64(rounded).map_or(Value::Null, Value::Number)
            }
            Value::String(text) => self.text(text, field).into(),
            other => other.clone(),
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>) -> Map<String, Value> {
        fields
            .iter()
            .map(|(name, value)| (name.clone(), self.of(value, name)))
            .collect()
    }

    fn text(&mut self, text: &str, field: &str) -> String {
        match field {
            "token" | "csrf_token" | "public_key" | "client_id" => return format!("[{field}]"),
            "hash" | "head" => return "[hash]".to_owned(),
            "version" => return "[version]".to_owned(),
            _ => {}
        }
        // An id may stand inside a text too, like `member:…`.
        let mut named = String::new();
        for (position, part) in text.split(':').enumerate() {
            if position > 0 {
                named.push(':');
            }
            if part.len() == 36 && part.parse::<uuid::Uuid>().is_ok() {
                let next = self.0.len() + 1;
                let number = *self.0.entry(part.to_owned()).or_insert(next);
                write!(named, "[id {number}]").unwrap();
            } else {
                named.push_str(part);
            }
        }
        named
    }
}

fn is_time(field: &str) -> bool {
    field == "at" || field == "until" || field == "waiting_since" || field.ends_with("_at") || field.ends_with("_until")
}
