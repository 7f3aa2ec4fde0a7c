//! Tables as files for other programs.

use super::error::Problem;
use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt as _, stream};
use http::HeaderName;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::io;

/// UTF-8's mark of byte order.
const MARK: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// `{items: [{COLUMN: CELL, …}], next}`.
    #[default]
    Json,
    /// RFC 4180, with a line of names.
    Csv,
}

/// A table as an answer.
pub(super) fn sheet(name: &str, columns: &[&str], rows: Vec<Vec<Value>>, format: Format) -> Result<Response, Problem> {
    match format {
        Format::Json => {
            let object = |row: Vec<Value>| -> Map<String, Value> {
                columns.iter().map(|name| (*name).to_owned()).zip(row).collect()
            };
            let items: Vec<_> = rows.into_iter().map(object).collect();
            Ok(Json(json!({ "items": items, "next": null })).into_response())
        }
        Format::Csv => download(name, columns, &rows, false),
    }
}

/// A table of any length as a file: it is sent while its pages are read, so that it fits into memory. What fails on the way breaks the file off.
pub(super) fn long_sheet<S>(name: &str, columns: &'static [&'static str], pages: S) -> Response
where
    S: Stream<Item = Result<Vec<Vec<Value>>, Problem>> + Send + 'static,
{
    let names = stream::once(async { lines(Some(columns), &[]) });
    let written = pages.map(|rows| lines(None, &rows?));
    let parts = names
        .chain(written)
        .map(|part| part.map_err(|_problem| io::Error::other("a page cannot be read")));
    (as_file(name), Body::from_stream(parts)).into_response()
}

/// A table as a file, RFC 4180; `with_mark` begins it with the mark by which some spreadsheets know that it is Unicode.
pub(super) fn download(
    name: &str,
    columns: &[&str],
    rows: &[Vec<Value>],
    with_mark: bool,
) -> Result<Response, Problem> {
    let mut written = if with_mark { MARK.to_vec() } else { Vec::new() };
    written.extend(lines(Some(columns), rows)?);
    Ok((as_file(name), written).into_response())
}

fn as_file(name: &str) -> [(HeaderName, String); 2] {
    [
        (CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ]
}

fn lines(columns: Option<&[&str]>, rows: &[Vec<Value>]) -> Result<Vec<u8>, Problem> {
    let failed = |cause: csv::Error| {
        tracing::error!(%cause, "A table cannot be written");
        Problem::internal_error()
    };
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    if let Some(columns) = columns {
        writer.write_record(columns).map_err(failed)?;
    }
    for row in rows {
        writer.write_record(row.iter().map(cell)).map_err(failed)?;
    }
    writer.into_inner().map_err(|_unwritten| Problem::internal_error())
}

/// A cell. A spreadsheet takes a text that begins like a formula for one, and visitors write some of these.
pub(crate) fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => format!("'{text}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_none_in_a_spreadsheet() {
        assert_eq!(cell(&json!("=HYPERLINK(\"x\")")), "'=HYPERLINK(\"x\")");
        assert_eq!(
            (cell(&json!(-0.5)), cell(&Value::Null), cell(&json!("7-day returns"))),
            ("-0.5".to_owned(), String::new(), "7-day returns".to_owned())
        );
    }
}
