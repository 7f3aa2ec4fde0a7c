//! `holdpoint kb import`: files and folders, one after the other; one that cannot be imported does not stop the others.

use super::Work;
use super::folder::{Found, LeftOut, collect};
use crate::cli::api::{Client, escaped};
use crate::cli::exit::{Code, Failure};
use crate::cli::output;
use crate::cli::show::{list, number, text};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Largest file that is imported, in bytes.
const MOST_BYTES: u64 = 20 << 20;
/// Lines of each kind in the summary; `--json` has all.
const TOLD: usize = 20;
const COUNTS: [&str; 4] = ["added", "changed", "unchanged", "removed"];

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files or folders: FAQ as JSON or CSV, Markdown, HTML, plain text, PDF
    #[arg(required_unless_present = "sitemap", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Instead of files: the pages of your own site that its sitemap lists
    #[arg(long, value_name = "URL", conflicts_with_all = ["paths", "format"])]
    sitemap: Option<String>,
    /// Collection they belong to
    #[arg(long, value_name = "NAME", default_value = "default")]
    collection: String,
    /// What the files are [default: told from their names]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Who looks after them [default: as before]
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Last day on which they are true, like 2027-01-31, or `never` [default: as before]
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// Only say what would be added, changed and removed
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Questions and answers as JSON
    FaqJson,
    /// Questions and answers as CSV with a header row
    FaqCsv,
    /// Markdown
    Markdown,
    /// A page of HTML
    Html,
    /// Plain text
    Text,
    /// PDF
    Pdf,
}

impl Format {
    const fn code(self) -> &'static str {
        match self {
            Self::FaqJson => "faq-json",
            Self::FaqCsv => "faq-csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Text => "text",
            Self::Pdf => "pdf",
        }
    }
}

/// What is to be imported, looked up but not read yet.
pub(super) struct Files {
    found: Vec<Found>,
    left_out: Vec<LeftOut>,
    /// What every file is imported with, as the end of a query.
    query: String,
    dry_run: bool,
}

impl Import {
    pub(super) fn collect(self) -> Result<Work, Failure> {
        if let Some(url) = self.sitemap {
            return Ok(Work::Sitemap(json!({
                "url": url,
                "collection": self.collection,
                "owner": self.owner,
                "expires": self.expires,
                "dry_run": self.dry_run,
            })));
        }
        let (found, left_out) = collect(&self.paths)?;
        let mut query = format!("&collection={}&dry_run={}", escaped(&self.collection), self.dry_run);
        let said = [
            ("format", self.format.map(|format| format.code().to_owned())),
            ("owner", self.owner),
            ("expires", self.expires),
        ];
        for (name, value) in said {
            if let Some(value) = value {
                query.extend(["&", name, "=", &escaped(&value)]);
            }
        }
        Ok(Work::Import(Files {
            found,
            left_out,
            query,
            dry_run: self.dry_run,
        }))
    }
}

/// How it went.
pub(super) struct Imported {
    /// As `--json` prints it.
    pub(super) answer: Value,
    /// If not every file was imported.
    pub(super) failure: Option<Failure>,
}

impl Files {
    /// Imports one file after the other and adds their reports up.
    pub(super) async fn import(self, client: &Client) -> Result<Imported, Failure> {
        let bar = output::filling("Importing", self.found.len());
        let mut sum = [0; COUNTS.len()];
        let mut lists = ["skipped", "changes", "contradictions", "remarks"].map(|name| (name, Vec::new()));
        let mut failed = Vec::new();
        let mut last = None;
        for file in &self.found {
            match self.import_one(client, file).await {
                Ok(report) => {
                    for (sum, count) in sum.iter_mut().zip(COUNTS) {
                        *sum += number(&report, &format!("/{count}"));
                    }
                    for (name, all) in &mut lists {
                        all.extend(
                            list(&report, &format!("/{name}"))
                                .iter()
                                .map(|it| of_file(it, &file.name)),
                        );
                    }
                }
                // What keeps one file out for such a reason keeps all of them out.
                Err(failure) if matches!(failure.code, Code::Refused | Code::Unavailable | Code::Usage) => {
                    return Err(failure);
                }
                Err(failure) => {
                    failed.push(json!({ "file": file.name, "why": failure.sentence }));
                    last = Some(failure);
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let files = self.found.len();
        let failure = match last {
            // Nothing else is to be told.
            Some(last) if files == 1 => return Err(last),
            Some(_) => Some(Failure::failed(format!(
                "{} of {files} files were not imported",
                failed.len()
            ))),
            None => None,
        };
        let mut answer: Value = COUNTS
            .iter()
            .zip(sum)
            .map(|(count, sum)| ((*count).to_owned(), Value::from(sum)))
            .collect();
        for (name, all) in lists {
            answer[name] = all.into();
        }
        answer["files"] = (files - failed.len()).into();
        answer["failed"] = failed.into();
        let left_out = self.left_out.iter().map(|it| json!({ "file": it.name, "why": it.why }));
        answer["left_out"] = left_out.collect();
        answer["dry_run"] = self.dry_run.into();
        Ok(Imported { answer, failure })
    }

    async fn import_one(&self, client: &Client, file: &Found) -> Result<Value, Failure> {
        let bytes = fs::metadata(&file.path).map_or(0, |found| found.len());
        if bytes > MOST_BYTES {
            let (mb, most) = (bytes.div_ceil(1 << 20), MOST_BYTES >> 20);
            let sentence = format!("the file has {mb} MB, but at most {most} MB are read at once; split it");
            return Err(Failure::failed(sentence));
        }
        let bytes = Bytes::from(super::read(&file.path)?);
        let path = format!("/api/v1/knowledge/import?name={}{}", escaped(&file.name), self.query);
        client.post_file(&path, "application/octet-stream", bytes).await
    }
}

/// Says of which file something is true.
fn of_file(it: &Value, file: &str) -> Value {
    match it {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert("file".to_owned(), file.into());
            fields.into()
        }
        other => json!({ "file": file, "remark": other }),
    }
}

/// The summary for people.
pub(super) fn told(answer: &Value) -> String {
    let counts = COUNTS.map(|count| format!("{} {count}", number(answer, &format!("/{count}"))));
    let mut lines = vec![counts.join(", ")];
    let files = number(answer, "/files");
    if files != 1 {
        lines = vec![format!("{files} files: {}", counts.join(", "))];
    }
    let is_dry_run = answer["dry_run"] == true;
    if is_dry_run {
        lines.push("Nothing was written.".to_owned());
        some(&mut lines, answer, "changes", change);
    }
    some(&mut lines, answer, "failed", |it| {
        format!("Not imported: {}: {}", text(it, "/file"), text(it, "/why"))
    });
    some(&mut lines, answer, "contradictions", |it| {
        let rows: Vec<String> = list(it, "/rows").iter().map(Value::to_string).collect();
        let (file, question, rows) = (text(it, "/file"), text(it, "/question"), rows.join(", "));
        format!("{file} answers “{question}” in several ways: rows {rows}")
    });
    some(&mut lines, answer, "remarks", |it| {
        format!("{}: {}", text(it, "/file"), text(it, "/remark"))
    });
    some(&mut lines, answer, "skipped", |it| {
        let (row, file, why) = (number(it, "/row"), text(it, "/file"), text(it, "/why"));
        if files == 1 {
            format!("Row {row} was left out: {why}")
        } else {
            format!("Row {row} of {file} was left out: {why}")
        }
    });
    some(&mut lines, answer, "left_out", |it| {
        format!("Left out: {}: {}", text(it, "/file"), text(it, "/why"))
    });
    lines.join("\n")
}

/// The summary of a site for people.
pub(super) fn site_told(answer: &Value) -> String {
    let counts = COUNTS.map(|count| format!("{} {count}", number(answer, &format!("/{count}"))));
    let mut lines = vec![format!("{} pages: {}", number(answer, "/pages"), counts.join(", "))];
    if answer["dry_run"] == true {
        lines.push("Nothing was written.".to_owned());
    }
    for (name, words) in [("failed", "Not imported"), ("left_out", "Left out")] {
        some(&mut lines, answer, name, |it| {
            format!("{words}: {}: {}", text(it, "/address"), text(it, "/why"))
        });
    }
    lines.join("\n")
}

fn some(lines: &mut Vec<String>, answer: &Value, name: &str, line: impl Fn(&Value) -> String) {
    let all = list(answer, &format!("/{name}"));
    lines.extend(all.iter().take(TOLD).map(line));
    if all.len() > TOLD {
        lines.push(format!("… and {} more; --json names them", all.len() - TOLD));
    }
}

fn change(it: &Value) -> String {
    let sign = match text(it, "/kind") {
        "added" => "+",
        "removed" => "-",
        _ => "~",
    };
    let diff = text(it, "/diff").lines().map(|line| format!("\n      {line}"));
    format!(
        "  {sign} {}: {}{}",
        text(it, "/file"),
        text(it, "/title"),
        diff.collect::<String>()
    )
}
