//! Reading pages, and making them comparable.

use crate::app::{Answer, Client};
use bytes::Bytes;
use http::Method;
use std::collections::HashMap;
use std::fmt::Write as _;

/// A form as a browser sends it.
#[derive(Default)]
pub(super) struct Form(String);

impl Form {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            write!(self.0, "%{byte:02X}").unwrap();
        }
        self
    }

    pub(super) async fn post(self, client: &Client, path: &str) -> Answer {
        client
            .clone()
            .with("Content-Type", "application/x-www-form-urlencoded")
            .send(Method::POST, path, Bytes::from(self.0))
            .await
    }
}

/// What stands between two texts, the first time.
#[track_caller]
pub(super) fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let found = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
    found.unwrap_or_else(|| panic!("{before} … {after} is not in {text}")).0
}

/// The page's own content, without the frame.
pub(super) fn main_of(page: &str) -> &str {
    between(page, "<main", "</main>")
}

/// What differs from run to run, by what stands before and after it.
const VARYING: [(&str, &str, &str); 10] = [
    ("<time ", "</time>", "…"),
    ("data-countdown=\"", "\"", "…"),
    ("class=\"deadline\" title=\"", ". ", "…"),
    ("<meta name=\"csrf-token\" content=\"", "\"", "…"),
    ("<meta name=\"after-seq\" content=\"", "\"", "…"),
    ("name=\"csrf_token\" value=\"", "\"", "…"),
    ("class=\"draft-by\">Juno, version 1, ", "<", "…"),
    ("class=\"log-kind\" title=\"", "\"", "…"),
    ("the head is <code>", "<", "…"),
    ("title=\"Shown to the visitor ", "\"", "…"),
];

/// The page with ids, times, secrets and hashes named instead of spelled out, and without empty lines.
pub(super) fn redacted(page: &str) -> String {
    let mut text = page.to_owned();
    for (before, after, instead) in VARYING {
        text = masked(&text, before, after, instead);
    }
    let lines: Vec<_> = Names::default()
        .of(&text)
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    lines
        .into_iter()
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn masked(text: &str, before: &str, after: &str, instead: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(before) {
        out.push_str(head);
        out.push_str(before);
        out.push_str(instead);
        rest = &tail[tail.find(after).unwrap_or_default()..];
    }
    out + rest
}

/// Each id by a number, and the visitor that is called after its end by the same.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    fn of(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(id) = rest.get(..36).filter(|id| id.parse::<uuid::Uuid>().is_ok()) {
                let next = self.0.len() + 1;
                let number = *self.0.entry(id.to_owned()).or_insert(next);
                write!(out, "[id {number}]").unwrap();
                rest = &rest[36..];
            } else if let Some(end) = rest.strip_prefix("Visitor ").and_then(|rest| rest.get(..4))
                && end.bytes().all(|byte| byte.is_ascii_hexdigit())
            {
                out.push_str("Visitor [1234]");
                rest = &rest["Visitor 1234".len()..];
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        out
    }
}
