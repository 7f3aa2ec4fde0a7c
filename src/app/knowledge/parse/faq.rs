//! Questions and answers from CSV and JSON.

use super::collect::Collector;
use super::{MAX_ROWS, ParseError};
use serde_json::{Map, Value};

/// Names under which files carry the question, the answer and an id, lower-cased; the first that is there counts.
const QUESTION: [&str; 9] = [
    "question",
    "questions",
    "title",
    "q",
    "prompt",
    "frage",
    "titel",
    "pregunta",
    "heading",
];
const ANSWER: [&str; 11] = [
    "answer",
    "answers",
    "body",
    "a",
    "response",
    "text",
    "content",
    "antwort",
    "reply",
    "respuesta",
    "completion",
];
const ID: [&str; 5] = ["id", "external_id", "key", "slug", "uid"];
/// Names under which a JSON object carries its list.
const LIST: [&str; 7] = ["items", "faqs", "faq", "questions", "entries", "data", "documents"];

/// Reads CSV with a header row; comma, semicolon, tab or bar separate, whichever the header uses most.
pub(super) fn csv(text: &str, collector: &mut Collector) -> Result<(), ParseError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    for (nth, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let row = error.position().map_or(nth + 1, line);
                collector.skip(
                    row,
                    "it cannot be read as CSV; look for a quotation mark too many or too few",
                );
                continue;
            }
        };
        let row = record.position().map_or(nth + 1, line);
        let Some(columns) = &columns else {
            columns = Some(Columns::find(&record)?);
            continue;
        };
        if nth > MAX_ROWS {
            return Err(ParseError::TooManyRows);
        }
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let id = columns.id.map(cell);
        collector.faq(
            row,
            id,
            cell(columns.question),
            cell(columns.answer),
            format!("row-{row}"),
        )?;
    }
    Ok(())
}

fn line(position: &csv::Position) -> usize {
    usize::try_from(position.line()).unwrap_or(usize::MAX)
}

/// What separates the columns of a CSV file: what its first row has most of.
pub(in crate::app) fn delimiter(text: &str) -> u8 {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let times = |delimiter: u8| header.matches(char::from(delimiter)).count();
    // The last of equals is kept: a comma wins a draw.
    *[b'|', b'\t', b';', b',']
        .iter()
        .max_by_key(|delimiter| times(**delimiter))
        .unwrap_or(&b',')
}

struct Columns {
    question: usize,
    answer: usize,
    id: Option<usize>,
}

impl Columns {
    fn find(header: &csv::StringRecord) -> Result<Self, ParseError> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        let column = |aliases: &[&str]| {
            aliases
                .iter()
                .find_map(|alias| names.iter().position(|name| name == alias))
        };
        match (column(&QUESTION), column(&ANSWER)) {
            (Some(question), Some(answer)) => Ok(Self {
                question,
                answer,
                id: column(&ID),
            }),
            _ => Err(ParseError::NoColumns {
                found: names.join(", ").chars().take(200).collect(),
            }),
        }
    }
}

/// Reads JSON in any of the shapes that [`super::Format::FaqJson`] names.
pub(super) fn json(text: &str, collector: &mut Collector) -> Result<(), ParseError> {
    match serde_json::from_str(text) {
        Ok(Value::Array(items)) => list(items, collector),
        Ok(Value::Object(object)) => object_of(object, collector),
        Ok(_) => Err(ParseError::JsonShape),
        Err(error) => lines(text, collector).ok_or_else(|| ParseError::Json { why: error.to_string() })?,
    }
}

fn list(items: Vec<Value>, collector: &mut Collector) -> Result<(), ParseError> {
    if items.len() > MAX_ROWS {
        return Err(ParseError::TooManyRows);
    }
    for (nth, item) in items.into_iter().enumerate() {
        entry(nth + 1, &item, collector)?;
    }
    Ok(())
}

fn object_of(mut object: Map<String, Value>, collector: &mut Collector) -> Result<(), ParseError> {
    if let Some(name) = LIST.iter().find(|name| object.get(**name).is_some_and(Value::is_array))
        && let Some(Value::Array(items)) = object.remove(*name)
    {
        return list(items, collector);
    }
    let one_entry = field(&object, &QUESTION).is_some() && field(&object, &ANSWER).is_some();
    if one_entry {
        return entry(1, &Value::Object(object), collector);
    }
    if !object.values().any(Value::is_string) {
        return Err(ParseError::JsonShape);
    }
    if object.len() > MAX_ROWS {
        return Err(ParseError::TooManyRows);
    }
    for (nth, (question, answer)) in object.iter().enumerate() {
        let row = nth + 1;
        match answer.as_str() {
            Some(answer) => collector.faq(row, None, question, answer, format!("row-{row}"))?,
            None => collector.skip(row, "its answer is not a text; write the answer in quotation marks"),
        }
    }
    Ok(())
}

/// One object a line; `None` when already the first line is none, because then the file is something else.
fn lines(text: &str, collector: &mut Collector) -> Option<Result<(), ParseError>> {
    let mut rows = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    serde_json::from_str::<Map<String, Value>>(first).ok()?;
    let read = rows.by_ref().take(MAX_ROWS).try_for_each(|(nth, line)| {
        match serde_json::from_str(line) {
            Ok(item) => entry(nth + 1, &item, collector)?,
            Err(_) => collector.skip(nth + 1, "it cannot be read as JSON; every line has to be an object of its own, {\"question\": …, \"answer\": …}"),
        }
        Ok(())
    });
    Some(if read.is_ok() && rows.next().is_some() {
        Err(ParseError::TooManyRows)
    } else {
        read
    })
}

fn entry(row: usize, item: &Value, collector: &mut Collector) -> Result<(), ParseError> {
    let Some(object) = item.as_object() else {
        collector.skip(
            row,
            "it is not an object with question and answer; write it like {\"question\": …, \"answer\": …}",
        );
        return Ok(());
    };
    let text = |aliases: &[&str]| field(object, aliases).and_then(as_text).unwrap_or_default();
    let id = field(object, &ID).and_then(as_text);
    collector.faq(
        row,
        id.as_deref(),
        &text(&QUESTION),
        &text(&ANSWER),
        format!("row-{row}"),
    )
}

/// The value under the first of the names that is there, whatever its case.
fn field<'a>(object: &'a Map<String, Value>, aliases: &[&str]) -> Option<&'a Value> {
    aliases.iter().find_map(|alias| {
        object
            .iter()
            .find(|(name, _)| name.trim().to_lowercase() == *alias)
            .map(|(_, value)| value)
    })
}

/// Texts and figures as text; of a list (variants of a question) the first.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Array(variants) => variants.first().and_then(Value::as_str).map(str::to_owned),
        Value::Null | Value::Object(_) => None,
    }
}
