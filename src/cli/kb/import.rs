//! `holdpoint kb import`: files and folders, one after the other; one that cannot be imported does not stop the others.

use super::folder::{Found, LeftOut, collect};
use crate::cli::api::{Client, escaped};
use crate::cli::exit::{Code, Failure};
use crate::cli::output;
use crate::cli::show::{list, number, text, time};
use crate::system;
use bytes::Bytes;
use clap::{Args, ValueEnum};
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;
use uuid::Uuid;

/// Largest file that is imported, in bytes.
const MOST_BYTES: u64 = 20 << 20;
/// Lines of each kind in the summary; `--json` has all.
const TOLD: usize = 20;
const COUNTS: [&str; 5] = ["added", "changed", "unchanged", "removed", "kept"];
/// What a summary names, each with its file.
const LISTS: [&str; 8] = [
    "skipped",
    "changes",
    "corrections",
    "contradictions",
    "remarks",
    "failed",
    "left_out",
    "waiting",
];

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files or folders: FAQ as JSON or CSV, Markdown, HTML, plain text, PDF
    #[arg(required_unless_present = "sitemap", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Instead of files: the pages of your own site that its sitemap lists, or a single page
    #[arg(long, value_name = "URL", conflicts_with_all = ["paths", "format"])]
    sitemap: Option<String>,
    /// Take out of the collection what is not in this folder, or on this site, any more
    #[arg(long)]
    prune: bool,
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
    /// Also replace what was corrected here since the last import; otherwise that stays where the file says what it said before
    #[arg(long)]
    overwrite_corrections: bool,
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
pub(super) struct Wanted {
    what: What,
    collection: String,
    format: Option<&'static str>,
    owner: Option<String>,
    expires: Option<String>,
    prune: bool,
    overwrite_corrections: bool,
    dry_run: bool,
}

enum What {
    Files {
        found: Vec<Found>,
        left_out: Vec<LeftOut>,
        /// They are all that one folder holds.
        is_folder: bool,
    },
    Site(String),
}

impl Import {
    pub(super) fn collect(self) -> Result<Wanted, Failure> {
        let what = match self.sitemap {
            Some(url) => What::Site(url),
            None => {
                let (found, left_out) = collect(&self.paths)?;
                let is_folder = matches!(self.paths.as_slice(), [path] if path.is_dir());
                What::Files {
                    found,
                    left_out,
                    is_folder,
                }
            }
        };
        if self.prune && matches!(what, What::Files { is_folder: false, .. }) {
            let sentence = "--prune compares with one folder or one site; name a folder, and nothing else";
            return Err(Failure::usage(sentence.to_owned()));
        }
        Ok(Wanted {
            what,
            collection: self.collection,
            format: self.format.map(Format::code),
            owner: self.owner,
            expires: self.expires,
            prune: self.prune,
            overwrite_corrections: self.overwrite_corrections,
            dry_run: self.dry_run,
        })
    }
}

/// How it went.
pub(super) struct Imported {
    /// As `--json` prints it.
    pub(super) answer: Value,
    /// If not every file was imported.
    pub(super) failure: Option<Failure>,
}

/// The reports of all files, added up.
#[derive(Default)]
struct Sum {
    counts: [i64; COUNTS.len()],
    lists: BTreeMap<&'static str, Vec<Value>>,
}

impl Sum {
    fn add(&mut self, report: &Value, file: &str) {
        if let Some(candidate) = report["candidate"].as_str() {
            // Nothing of it is live.
            self.name("waiting", json!({ "file": file, "candidate": candidate }));
        } else {
            for (sum, count) in self.counts.iter_mut().zip(COUNTS) {
                *sum += number(report, &format!("/{count}"));
            }
        }
        for name in ["skipped", "changes", "corrections", "contradictions", "remarks"] {
            for it in list(report, &format!("/{name}")) {
                self.name(name, of_file(it, file));
            }
        }
    }

    fn name(&mut self, list: &'static str, it: Value) {
        self.lists.entry(list).or_default().push(it);
    }
}

impl Wanted {
    /// Imports one file or page after the other, and adds their reports up.
    pub(super) async fn import(self, client: &Client) -> Result<Imported, Failure> {
        let mut sum = Sum::default();
        let names = self.names(client, &mut sum).await?;
        // What comes in now is one thing to take back.
        let ids = system::sources().ids;
        let run = ids.next();
        let bar = output::filling("Importing", names.len());
        let mut last = None;
        let mut failed = 0;
        for (index, name) in names.iter().enumerate() {
            match self.import_one(client, (index, name), run).await {
                Ok(report) => sum.add(&report, name),
                // What keeps one file out for such a reason keeps all of them out.
                Err(failure) if matches!(failure.code, Code::Refused | Code::Unavailable | Code::Usage) => {
                    return Err(failure);
                }
                Err(failure) => {
                    sum.name("failed", json!({ "file": name, "why": failure.sentence }));
                    failed += 1;
                    last = Some(failure);
                }
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        let failure = match last {
            // Nothing else is to be told.
            Some(last) if names.len() == 1 => return Err(last),
            Some(_) => {
                let what = if matches!(self.what, What::Site(_)) {
                    "pages"
                } else {
                    "files"
                };
                Some(Failure::failed(format!(
                    "{failed} of {} {what} were not imported; mend what is said of each, and import again: what is there already stays",
                    names.len()
                )))
            }
            None => None,
        };
        let gone = self.gone(client, &names, &sum).await?;
        if self.prune && names.is_empty() {
            let sentence = "the sitemap names no page of this site, so nothing was taken out; check the sitemap";
            return Err(Failure::failed(sentence.to_owned()));
        }
        // What could not be read may still be there.
        if self.prune && failure.is_none() {
            let run = ids.next();
            for name in &gone {
                let (collection, source) = (escaped(&self.collection), escaped(name));
                let path = format!(
                    "/api/v1/knowledge/sources?collection={collection}&source={source}&run={run}&dry_run={}",
                    self.dry_run
                );
                sum.add(&client.delete(&path).await?, name);
            }
        }
        let mut answer: Value = COUNTS
            .iter()
            .zip(sum.counts)
            .map(|(count, sum)| ((*count).to_owned(), Value::from(sum)))
            .collect();
        for name in LISTS {
            answer[name] = sum.lists.remove(name).unwrap_or_default().into();
        }
        answer["files"] = (names.len() - failed).into();
        answer["gone"] = gone.into();
        answer["prune"] = self.prune.into();
        answer["pruned"] = (self.prune && failure.is_none()).into();
        answer["dry_run"] = self.dry_run.into();
        Ok(Imported { answer, failure })
    }

    /// What each of them is called; those of a site are asked for.
    async fn names(&self, client: &Client, sum: &mut Sum) -> Result<Vec<String>, Failure> {
        match &self.what {
            What::Files { found, left_out, .. } => {
                for it in left_out {
                    sum.name("left_out", json!({ "file": it.name, "why": it.why }));
                }
                Ok(found.iter().map(|file| file.name.clone()).collect())
            }
            What::Site(url) => {
                let bar = output::waiting("Reading the sitemap");
                let site = client.post("/api/v1/knowledge/sitemap", &json!({ "url": url })).await;
                bar.finish_and_clear();
                let site = site?;
                for it in list(&site, "/left_out") {
                    sum.name("left_out", json!({ "file": it["address"], "why": it["why"] }));
                }
                let pages = list(&site, "/pages").iter().filter_map(Value::as_str);
                Ok(pages.map(str::to_owned).collect())
            }
        }
    }

    /// What is in the collection and not in the folder, or on the site, any more.
    async fn gone(&self, client: &Client, names: &[String], sum: &Sum) -> Result<Vec<String>, Failure> {
        let site = match &self.what {
            What::Files { is_folder: false, .. } => return Ok(Vec::new()),
            What::Files { .. } => None,
            // A single page says nothing about the others.
            What::Site(url) if names.first() == Some(url) => return Ok(Vec::new()),
            What::Site(url) => origin(url),
        };
        let mut left_out = sum.lists.get("left_out").into_iter().flatten();
        if site.is_some() && left_out.any(|it| origin(text(it, "/file")) == site) {
            // Some part of the sitemap is not known.
            return Ok(Vec::new());
        }
        let path = format!("/api/v1/knowledge/sources?collection={}", escaped(&self.collection));
        let known: HashSet<&str> = names.iter().map(String::as_str).collect();
        let there = client.get(&path).await?;
        let sources = list(&there, "/items").iter().map(|it| text(it, "/source"));
        let gone = sources.filter(|name| {
            let is_of_it = if site.is_some() {
                origin(name) == site
            } else {
                origin(name).is_none()
            };
            is_of_it && !known.contains(name)
        });
        Ok(gone.map(str::to_owned).collect())
    }

    async fn import_one(&self, client: &Client, (index, name): (usize, &str), run: Uuid) -> Result<Value, Failure> {
        let What::Files { found, .. } = &self.what else {
            let page = json!({
                "url": name,
                "collection": self.collection,
                "owner": self.owner,
                "expires": self.expires,
                "overwrite_corrections": self.overwrite_corrections,
                "dry_run": self.dry_run,
                "run": run,
            });
            return client.post("/api/v1/knowledge/page", &page).await;
        };
        let Some(file) = found.get(index) else {
            return Err(Failure::failed(format!(
                "{name} is not there any more; import again without it"
            )));
        };
        let bytes = fs::metadata(&file.path).map_or(0, |found| found.len());
        if bytes > MOST_BYTES {
            let (mb, most) = (bytes.div_ceil(1 << 20), MOST_BYTES >> 20);
            let sentence = format!("the file has {mb} MB, but at most {most} MB are read at once; split it");
            return Err(Failure::failed(sentence));
        }
        let bytes = Bytes::from(super::read(&file.path)?);
        let mut path = format!(
            "/api/v1/knowledge/import?name={}&collection={}&run={run}&overwrite_corrections={}&dry_run={}",
            escaped(name),
            escaped(&self.collection),
            self.overwrite_corrections,
            self.dry_run
        );
        let said = [
            ("format", self.format),
            ("owner", self.owner.as_deref()),
            ("expires", self.expires.as_deref()),
        ];
        for (field, value) in said {
            if let Some(value) = value {
                path.extend(["&", field, "=", &escaped(value)]);
            }
        }
        client.post_file(&path, "application/octet-stream", bytes).await
    }
}

/// The site that an address is of; none for what is no address of a page.
fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
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
    let count = |name: &str| number(answer, &format!("/{name}"));
    let told = COUNTS.iter().filter(|name| **name != "kept" || count(name) > 0);
    let counts: Vec<String> = told.map(|name| format!("{} {name}", count(name))).collect();
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
    some(&mut lines, answer, "waiting", |it| {
        format!(
            "Not live yet: {} (holdpoint improve changes show {})",
            text(it, "/file"),
            text(it, "/candidate")
        )
    });
    some(&mut lines, answer, "failed", |it| {
        format!("Not imported: {}: {}", text(it, "/file"), text(it, "/why"))
    });
    some(&mut lines, answer, "corrections", |it| corrected(it, is_dry_run));
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
    let words = match (answer["prune"] == true, answer["pruned"] == true) {
        (_, true) if is_dry_run => "Would be taken out",
        (_, true) => "Taken out",
        (true, false) => "Not taken out, because something else could not be read",
        (false, false) => "In the collection, but not here any more (--prune takes it out)",
    };
    some(&mut lines, answer, "gone", |it| {
        format!("{words}: {}", it.as_str().unwrap_or_default())
    });
    lines.join("\n")
}

fn some(lines: &mut Vec<String>, answer: &Value, name: &str, line: impl Fn(&Value) -> String) {
    let all = list(answer, &format!("/{name}"));
    lines.extend(all.iter().take(TOLD).map(line));
    if all.len() > TOLD {
        lines.push(format!("… and {} more; --json names them", all.len() - TOLD));
    }
}

/// What becomes of something that was corrected here.
fn corrected(it: &Value, is_dry_run: bool) -> String {
    let (file, title, at) = (text(it, "/file"), text(it, "/title"), time(it, "/at"));
    let was = if it["removed"] == true {
        "was taken out here"
    } else {
        "was corrected here"
    };
    let becomes = match (it["kept"] == true, is_dry_run) {
        (true, _) => "the file still has the old text, so it stays as it is (--overwrite-corrections replaces it)",
        (false, true) => "what the file says now would take its place",
        (false, false) => "what the file says now took its place",
    };
    format!("{file}: “{title}” {was} on {at}; {becomes}{}", diff(it))
}

fn diff(it: &Value) -> String {
    let lines = text(it, "/diff").lines().map(|line| format!("\n      {line}"));
    lines.collect()
}

fn change(it: &Value) -> String {
    let sign = match text(it, "/kind") {
        "added" => "+",
        "removed" => "-",
        _ => "~",
    };
    format!("  {sign} {}: {}{}", text(it, "/file"), text(it, "/title"), diff(it))
}
