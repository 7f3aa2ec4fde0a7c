//! Reading the data, and splitting it in two.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the data, if it is here.
pub(super) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if folder.is_dir() {
        return Some(folder);
    }
    say("skipped: ../shared/data is not here");
    None
}

#[expect(clippy::print_stdout, reason = "the tables are what it is for")]
pub(super) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

pub(super) fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// One JSON value a line.
pub(super) fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

pub(super) fn text(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Rows of a table with a header, as pairs of two columns.
pub(super) fn table(path: &Path, first: &str, second: &str) -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let at = |name| headers.iter().position(|header| header == name).unwrap();
    let (first, second) = (at(first), at(second));
    reader
        .records()
        .filter_map(Result::ok)
        .map(|row| (row[first].to_owned(), row[second].to_owned()))
        .collect()
}

/// The half that thresholds are chosen on, by the text's hash; the other one is reported.
pub(super) fn is_chosen_on(text: &str) -> bool {
    Sha256::digest(text.as_bytes())[0].is_multiple_of(2)
}

/// What customers write when nothing is wrong.
pub(super) fn everyday(data: &Path) -> Vec<(&'static str, Vec<String>)> {
    let banking = table(&data.join("banking77/train.csv"), "text", "category");
    let shop = table(&data.join("bitext-intents/train.csv"), "utterance", "intent");
    let clinc = json(&data.join("clinc150/clinc_train_val.json"));
    let faq = lines(&data.join("faq-eval/questions.jsonl"));
    vec![
        ("banking77", banking.into_iter().map(|(text, _)| text).collect()),
        ("bitext", shop.into_iter().map(|(text, _)| text).collect()),
        (
            "clinc150",
            clinc["train"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row[0].as_str().unwrap_or_default().to_owned())
                .collect(),
        ),
        (
            "faq-eval questions",
            faq.iter().map(|row| text(row, "question")).collect(),
        ),
    ]
}

/// What businesses write for their customers.
pub(super) fn knowledge(data: &Path) -> Vec<(&'static str, Vec<String>)> {
    let faq = lines(&data.join("faq-eval/documents.jsonl"));
    let mut help = Vec::new();
    let mut folders = vec![data.join("logingov-help/content")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap().filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                help.extend(text.split("\n\n").filter(|part| part.len() > 40).map(str::to_owned));
            }
        }
    }
    vec![
        (
            "faq-eval answers",
            faq.iter()
                .map(|row| format!("{}\n{}", text(row, "title"), text(row, "body")))
                .collect(),
        ),
        ("logingov-help sections", help),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
pub(super) fn share(part: usize, whole: usize) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    format!("{:.1} %", part as f64 * 100.0 / whole as f64)
}
