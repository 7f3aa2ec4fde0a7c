//! Reading the file of a rehearsal: questions with their answers as CSV or JSON Lines, or whole chats as JSON Lines.
//!
//! The format is told from what the file holds, not from its name. A file that cannot be read at all is an error that says which formats are;
//! a row that cannot be used is left out by name, and the rest is read.

use crate::app::knowledge::delimiter;
use crate::domain::conversation::Author;
use crate::domain::rehearsal::{Case, Collector, Line};
use crate::domain::time::Timestamp;
use serde_json::{Map, Value};

/// Largest file that is read, in megabytes.
pub(super) const LARGEST_MB: usize = 20;
/// Most rows of a file; what follows is left out by name.
const MOST_ROWS: usize = 50_000;
/// What can be read, for whoever chose another file.
const FORMATS: &str = "questions as CSV whose first row names the columns question and answer, or JSON Lines, one object a line: \
    {\"question\": …, \"answer\": …} or {\"messages\": [{\"author\": \"visitor\" or \"person\", \"text\": …}, …]}";

/// Names of columns and fields, lower-cased; the first that is there counts.
const QUESTION: &[&str] = &["question", "q", "prompt", "frage", "message"];
const ANSWER: &[&str] = &["answer", "a", "response", "reply", "antwort"];
const ID: &[&str] = &["id", "key", "ticket", "conversation_id"];
const AT: &[&str] = &["at", "time", "date", "created_at"];
const MESSAGES: &[&str] = &["messages", "conversation", "turns"];
const AUTHOR: &[&str] = &["author", "role", "from", "speaker"];
const TEXT: &[&str] = &["text", "content", "body", "message"];

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is larger than is read at once.
    #[error("the file is larger than {LARGEST_MB} MB; split it")]
    TooLarge,
    /// It is text in another encoding, or no text.
    #[error("the file is not UTF-8 text (byte {at} cannot be read); save it as UTF-8, as {FORMATS}")]
    NotUtf8 {
        /// The first byte that is not.
        at: usize,
    },
    /// It is a mailbox or an e-mail.
    #[error("mailboxes and e-mails cannot be read as they are; export them as {FORMATS}")]
    Mail,
    /// Its first row names no column with questions.
    #[error("line {line} names no column for the questions (it reads: {found}); what can be read is {FORMATS}")]
    NoColumn {
        /// Where the first row stands.
        line: usize,
        /// How it begins.
        found: String,
    },
    /// It begins like JSON, and is none.
    #[error("line {line} cannot be read as JSON ({why}), and no other line can; what can be read is {FORMATS}")]
    NotJson {
        /// The first line that cannot be read.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// Collects the questions of a file.
///
/// # Errors
/// [`FileError`] when nothing of it can be read.
pub(super) fn read(bytes: &[u8]) -> Result<Collector, FileError> {
    if bytes.len() > LARGEST_MB << 20 {
        return Err(FileError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| FileError::NotUtf8 {
        at: error.valid_up_to(),
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let beginning = text.trim_start();
    if beginning.is_empty() {
        return Err(FileError::Empty);
    }
    let mut collector = Collector::default();
    match beginning.chars().next() {
        Some('[') => list(text, &mut collector)?,
        Some('{') => lines(text, &mut collector)?,
        _ if is_mail(beginning) => return Err(FileError::Mail),
        _ => csv(text, &mut collector)?,
    }
    Ok(collector)
}

/// A mailbox begins with `From `, an e-mail with its headers.
fn is_mail(beginning: &str) -> bool {
    const HEADERS: [&str; 8] = [
        "return-path:",
        "delivered-to:",
        "received:",
        "from:",
        "message-id:",
        "mime-version:",
        "date:",
        "dkim-signature:",
    ];
    let first = beginning.lines().next().unwrap_or_default().to_lowercase();
    beginning.starts_with("From ") || HEADERS.iter().any(|header| first.starts_with(header))
}

// ---- JSON

fn lines(text: &str, collector: &mut Collector) -> Result<(), FileError> {
    let mut first_refused = None;
    let mut read = 0_usize;
    let held = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (index, line) in held {
        let row = index + 1;
        if is_too_much(row, collector) {
            break;
        }
        match serde_json::from_str(line) {
            Ok(value) => {
                read += 1;
                entry(row, &value, collector);
            }
            Err(error) => {
                let why = error.to_string();
                collector.row();
                collector.skip(row, format!("it cannot be read as JSON ({why})"));
                first_refused.get_or_insert((row, why));
            }
        }
    }
    let Some((line, why)) = first_refused else {
        return Ok(());
    };
    // One object over many lines, perhaps.
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        *collector = Collector::default();
        entry(1, &value, collector);
    } else if read == 0 {
        return Err(FileError::NotJson { line, why });
    }
    Ok(())
}

/// A list of what else stands line by line; rows are counted from 1.
fn list(text: &str, collector: &mut Collector) -> Result<(), FileError> {
    let items: Vec<Value> = serde_json::from_str(text).map_err(|error| FileError::NotJson {
        line: error.line(),
        why: error.to_string(),
    })?;
    for (index, item) in items.iter().enumerate() {
        if is_too_much(index + 1, collector) {
            break;
        }
        entry(index + 1, item, collector);
    }
    Ok(())
}

fn entry(row: usize, value: &Value, collector: &mut Collector) {
    collector.row();
    let Some(object) = value.as_object() else {
        return collector.skip(row, "it is not an object with a question or messages");
    };
    let id = field(object, ID).and_then(as_text);
    let at = match field(object, AT).map_or(Ok(None), as_time) {
        Ok(at) => at,
        Err(why) => return collector.skip(row, why),
    };
    if let Some(messages) = field(object, MESSAGES).and_then(Value::as_array) {
        return match chat(messages) {
            Ok(said) => collector.chat(row, id.as_deref(), at, &said),
            Err(why) => collector.skip(row, why),
        };
    }
    let Some(question) = field(object, QUESTION) else {
        return collector.skip(row, "it has neither a question nor messages");
    };
    let Some(question) = as_text(question) else {
        return collector.skip(row, "its question is not a text");
    };
    let case = Case {
        line: row,
        id,
        question,
        answer: field(object, ANSWER).and_then(as_text),
        at,
        history: Vec::new(),
    };
    collector.question(row, case);
}

fn chat(messages: &[Value]) -> Result<Vec<Line>, String> {
    let line = |(index, message): (usize, &Value)| {
        let number = index + 1;
        let object = message.as_object();
        let named = object.and_then(|object| Some((field(object, AUTHOR)?.as_str()?, field(object, TEXT)?)));
        let (author, text) = named.ok_or_else(|| format!("message {number} of the chat has no author or no text"))?;
        let author = author_of(author).ok_or_else(|| {
            let word = shown(author, 40);
            format!("message {number} of the chat is by “{word}”; authors are visitor, person, ai and system")
        })?;
        let text = as_text(text).ok_or_else(|| format!("the text of message {number} of the chat is no text"))?;
        Ok(Line { author, text })
    };
    messages.iter().enumerate().map(line).collect()
}

/// Authors as chats of other programs call them. Whoever answered in their place counts as a person.
fn author_of(word: &str) -> Option<Author> {
    Some(match word.trim().to_lowercase().as_str() {
        "visitor" | "user" | "customer" | "client" | "guest" | "contact" => Author::Visitor,
        "person" | "assistant" | "agent" | "operator" | "staff" | "support" | "colleague" | "employee" => {
            Author::Person
        }
        "ai" | "bot" => Author::Ai,
        "system" | "note" => Author::System,
        _ => return None,
    })
}

/// The beginning of a foreign text, as it can stand in a sentence.
fn shown(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let mut fields = object.iter();
        let found = fields.find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    })
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Milliseconds since 1970, or a time with its zone; an empty text is no time, of anything else it is said that it cannot be read.
fn as_time(value: &Value) -> Result<Option<Timestamp>, &'static str> {
    let at = match value {
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text
            .trim()
            .parse::<jiff::Timestamp>()
            .ok()
            .map(jiff::Timestamp::as_millisecond),
        Value::Number(number) => number.as_i64(),
        _ => None,
    };
    let at = at.ok_or("its time cannot be read; write it like 2026-05-31T14:00:00Z")?;
    Ok(Some(Timestamp(at)))
}

fn is_too_much(row: usize, collector: &mut Collector) -> bool {
    let is = row > MOST_ROWS;
    if is {
        collector.skip(
            row,
            format!("only the first {MOST_ROWS} rows are read; this one and what follows are left out"),
        );
    }
    is
}

// ---- CSV

/// Which columns hold what.
struct Columns {
    question: usize,
    answer: Option<usize>,
    id: Option<usize>,
    at: Option<usize>,
}

fn csv(text: &str, collector: &mut Collector) -> Result<(), FileError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut columns: Option<Columns> = None;
    for (index, record) in reader.records().enumerate() {
        let line = |position: Option<&csv::Position>| {
            position.map_or(index + 1, |at| usize::try_from(at.line()).unwrap_or(usize::MAX))
        };
        if is_too_much(index, collector) {
            break;
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                collector.row();
                collector.skip(line(error.position()), "it cannot be read as CSV");
                continue;
            }
        };
        let row = line(record.position());
        match &columns {
            None => columns = Some(header(&record, row)?),
            Some(_) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Some(columns) => cells(row, &record, columns, collector),
        }
    }
    Ok(())
}

fn header(record: &csv::StringRecord, line: usize) -> Result<Columns, FileError> {
    let names: Vec<String> = record.iter().map(|name| name.trim().to_lowercase()).collect();
    let column = |known: &[&str]| {
        known
            .iter()
            .find_map(|name| names.iter().position(|found| found == name))
    };
    let question = column(QUESTION).ok_or_else(|| FileError::NoColumn {
        line,
        found: shown(&names.join(", "), 120),
    })?;
    Ok(Columns {
        question,
        answer: column(ANSWER),
        id: column(ID),
        at: column(AT),
    })
}

fn cells(row: usize, record: &csv::StringRecord, columns: &Columns, collector: &mut Collector) {
    let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).map(str::to_owned);
    collector.row();
    let at = match cell(columns.at).map_or(Ok(None), |at| as_time(&Value::String(at))) {
        Ok(at) => at,
        Err(why) => return collector.skip(row, why),
    };
    let case = Case {
        line: row,
        id: cell(columns.id),
        question: cell(Some(columns.question)).unwrap_or_default(),
        answer: cell(columns.answer),
        at,
        history: Vec::new(),
    };
    collector.question(row, case);
}

#[cfg(test)]
mod tests;
