//! Reads answers for printing: missing fields are empty, never a failure, because the JSON is the contract and the words
//! are not.

use serde_json::Value;

/// A text at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number at a JSON pointer.
pub(crate) fn number(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
}

/// A number at a JSON pointer.
pub(crate) fn decimal(value: &Value, pointer: &str) -> f64 {
    value.pointer(pointer).and_then(Value::as_f64).unwrap_or_default()
}

/// A list at a JSON pointer.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Texts of a list, joined.
pub(crate) fn joined(value: &Value, pointer: &str) -> String {
    list(value, pointer)
        .iter()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A point in time at a JSON pointer, empty if there is none.
pub(crate) fn time(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .map(super::output::time)
        .unwrap_or_default()
}

/// How to see more of a list that has more.
pub(crate) fn more(answer: &Value) -> String {
    match text(answer, "/next") {
        "" => String::new(),
        next => format!("\nThere is more: repeat the command with --after {next}\n"),
    }
}
