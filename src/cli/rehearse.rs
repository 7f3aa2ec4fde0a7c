//! `holdpoint rehearse`: what the AI would have answered to chats and e-mails of the past.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::{Code, Failure};
use super::output::{self, hint, short};
use super::show::{decimal, list, more, number, text, time};
use bytes::Bytes;
use clap::{Args, Subcommand};
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a rehearsal is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Rows of a file that are named when they could not be used.
const NAMED: usize = 10;
/// Gaps that are printed.
const GAPS: usize = 15;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct Rehearse {
    /// Questions as CSV (columns question, answer), or JSON Lines with {question, answer} or {messages}
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The agent that rehearses, by name or id [default: the only one]
    #[arg(long, value_name = "AGENT")]
    agent: Option<String>,
    /// Questions at most, 1 to 500, chosen by a hash of their words [default: 500]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Come back at once; the drafts are made all the same
    #[arg(long)]
    no_wait: bool,
    #[command(subcommand)]
    command: Option<RehearseCommand>,
}

#[derive(Debug, Subcommand)]
enum RehearseCommand {
    /// The result sheet: where the AI would have been right, wrong and silent, and what it does not know
    Show(Show),
    /// All rehearsals
    List,
}

#[derive(Debug, Args)]
struct Show {
    /// Id of the rehearsal [default: the latest]
    #[arg(value_name = "ID")]
    id: Option<String>,
}

impl Rehearse {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        match self.command {
            Some(RehearseCommand::Show(wish)) => {
                let answer = Client::asked(context, Needs::Database, async |client| wish.ask(client).await);
                context.answer(&answer.await?, sheet)
            }
            Some(RehearseCommand::List) => {
                let answer = Client::asked(context, Needs::Database, async |client| {
                    client.get("/api/v1/rehearsals").await
                });
                context.answer(&answer.await?, rehearsals)
            }
            None => {
                let file = self
                    .file
                    .ok_or_else(|| Failure::usage("name the file with the questions: holdpoint rehearse FILE"))?;
                let bytes = read(&file)?;
                let mut path = format!("/api/v1/rehearsals?name={}", escaped(&name(&file)));
                if let Some(agent) = &self.agent {
                    path.push_str(&format!("&agent={}", escaped(agent)));
                }
                if let Some(limit) = self.limit {
                    path.push_str(&format!("&limit={limit}"));
                }
                let waits = !self.no_wait;
                Client::asked(context, Needs::Database, async |client| {
                    begin(context, client, &path, bytes, waits).await
                })
                .await
            }
        }
    }
}

impl Show {
    async fn ask(&self, client: &Client) -> Result<Value, Failure> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let latest = client.get("/api/v1/rehearsals?limit=1").await?;
                let id = list(&latest, "/items").first().map(|row| text(row, "/id").to_owned());
                id.ok_or_else(|| {
                    Failure::new(
                        Code::NotFound,
                        "there is no rehearsal yet; begin one with: holdpoint rehearse FILE",
                    )
                })?
            }
        };
        client.get(&format!("/api/v1/rehearsals/{}/sheet", escaped(&id))).await
    }
}

/// Begins, and follows the drafts where a server makes them.
async fn begin(context: &Context, client: &Client, path: &str, bytes: Bytes, waits: bool) -> Result<(), Failure> {
    let begun = client.post_file(path, "application/octet-stream", bytes).await?;
    for line in left_out(&begun) {
        hint(&line);
    }
    let has_server = Client::running(&context.data_dir()).await.is_some();
    let answer = if has_server && waits {
        drafted(client, begun).await?
    } else {
        begun
    };
    let page = format!("{}/rehearsal/{}", client.origin(context), text(&answer, "/id"));
    context.answer(&answer, |answer| after(answer, &page, has_server))
}

/// Follows the drafts to their end.
async fn drafted(client: &Client, begun: Value) -> Result<Value, Failure> {
    let total = usize::try_from(number(&begun, "/progress/total")).unwrap_or_default();
    let path = format!("/api/v1/rehearsals/{}", escaped(text(&begun, "/id")));
    let bar = output::filling("Drafting", total);
    let mut answer = begun;
    while text(&answer, "/progress/state") == "drafting" {
        let left = number(&answer, "/progress/not_drafted");
        let done = number(&answer, "/progress/total") - left;
        bar.set_position(u64::try_from(done).unwrap_or_default());
        bar.set_message(match text(&answer, "/progress/waits_for") {
            "" => "Drafting".to_owned(),
            why => format!("Drafting waits: {why}"),
        });
        tokio::time::sleep(LOOK_AGAIN).await;
        answer = client.get(&path).await?;
    }
    bar.finish_and_clear();
    Ok(answer)
}

/// What of the file is not rehearsed, line by line.
fn left_out(answer: &Value) -> Vec<String> {
    let skipped = list(answer, "/reading/skipped");
    let mut lines: Vec<String> = skipped
        .iter()
        .take(NAMED)
        .map(|row| format!("Row {} was left out: {}.", number(row, "/row"), text(row, "/why")))
        .collect();
    let more = number(answer, "/reading/unusable") - i64::try_from(lines.len()).unwrap_or_default();
    if more > 0 {
        lines.push(format!("{more} more were left out; --json names the first 200."));
    }
    let counted = [
        ("/reading/repeated", "asked before in the same words"),
        ("/reading/unanswered", "questions of chats that no person answered"),
        (
            "/reading/left_out",
            "more than the limit; which ones stay is chosen as by lot",
        ),
    ];
    lines.extend(counted.into_iter().filter_map(|(pointer, words)| {
        let number = number(answer, pointer);
        (number > 0).then(|| format!("{number} left out: {words}."))
    }));
    lines
}

fn after(answer: &Value, page: &str, has_server: bool) -> String {
    let id = text(answer, "/id");
    let progress = text(answer, "/progress/in_words");
    let next = if has_server {
        format!("Judge the answers: {page}")
    } else {
        format!("Drafting begins when the server runs (holdpoint serve). Then judge the answers: {page}")
    };
    format!("{progress}\n{next}\nResult: holdpoint rehearse show {id}")
}

fn rehearsals(answer: &Value) -> String {
    let rows: Vec<[String; 4]> = list(answer, "/items")
        .iter()
        .map(|row| {
            [
                text(row, "/id").to_owned(),
                time(row, "/created_at"),
                short(text(row, "/name"), 40),
                text(row, "/progress/in_words").to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no rehearsal yet; begin one with: holdpoint rehearse FILE".to_owned();
    }
    output::table(["REHEARSAL", "BEGAN", "FILE", "PROGRESS"], &rows) + &more(answer)
}

fn sheet(answer: &Value) -> String {
    let mut told = format!(
        "{}: {}\n",
        text(answer, "/rehearsal/name"),
        text(answer, "/rehearsal/progress/in_words")
    );
    for said in list(answer, "/in_words").iter().filter_map(Value::as_str) {
        told.push_str(said);
        told.push('\n');
    }
    for (pointer, heading) in [("/topics", "TOPIC"), ("/modes", "ANSWERED BY")] {
        let rows: Vec<[String; 7]> = list(answer, pointer).iter().map(part).collect();
        if !rows.is_empty() {
            told.push('\n');
            let columns = [
                heading,
                "QUESTIONS",
                "RIGHT",
                "WRONG",
                "FOR A PERSON",
                "SILENT",
                "RIGHT OF THOSE JUDGED",
            ];
            told.push_str(&output::table(columns, &rows));
        }
    }
    let gaps = list(answer, "/gaps");
    if !gaps.is_empty() {
        told.push_str("\nWhat is missing in your knowledge, or wrong there:\n");
    }
    for gap in gaps.iter().take(GAPS) {
        let (silent, wrong) = (number(gap, "/silent"), number(gap, "/wrong"));
        told.push_str(&format!(
            "  {} ({silent} without an answer, {wrong} wrong)\n",
            text(gap, "/about")
        ));
        for example in list(gap, "/examples") {
            told.push_str(&format!("      {}", short(text(example, "/question"), 100)));
            match text(example, "/note") {
                "" => {}
                note => told.push_str(&format!(" – {}", short(note, 100))),
            }
            told.push('\n');
        }
    }
    if gaps.len() > GAPS {
        told.push_str(&format!("  … and {} more; --json has all of them\n", gaps.len() - GAPS));
    }
    told
}

fn part(part: &Value) -> [String; 7] {
    let count = |pointer: &str| number(part, pointer).to_string();
    let percent = |pointer: &str| format!("{:.0} %", decimal(part, pointer) * 100.0);
    let share = if part.pointer("/right_share").is_some_and(Value::is_object) {
        format!(
            "{} ({} to {})",
            percent("/right_share/share"),
            percent("/right_share/lower"),
            percent("/right_share/upper")
        )
    } else {
        "–".to_owned()
    };
    [
        text(part, "/name").to_owned(),
        count("/total"),
        count("/right"),
        count("/wrong"),
        count("/leave"),
        count("/silent"),
        share,
    ]
}

fn name(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_default().chars().take(120).collect()
}

fn read(file: &Path) -> Result<Bytes, Failure> {
    let bytes = fs::read(file).map_err(|error| {
        let code = if error.kind() == ErrorKind::NotFound {
            Code::NotFound
        } else {
            Code::Failed
        };
        Failure::new(
            code,
            format!("{} cannot be read ({error}); check the path", file.display()),
        )
    })?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_sheet_is_told_in_words_tables_and_gaps() {
        let answer = json!({
            "rehearsal": { "name": "mails.csv", "progress": { "in_words": "All 4 questions drafted; 2 of 3 answers judged." } },
            "in_words": ["The AI would have answered 3 of 4 questions."],
            "topics": [{ "name": "other", "total": 4, "right": 1, "wrong": 1, "leave": 0, "silent": 1,
                         "right_share": { "share": 0.5, "lower": 0.013, "upper": 0.987 } }],
            "modes": [],
            "gaps": [{ "about": "gift cards", "silent": 1, "wrong": 0, "examples": [{ "question": "Do you sell gift cards?", "note": null }] }],
        });
        let told = sheet(&answer);
        for part in [
            "mails.csv: All 4",
            "would have answered 3 of 4",
            "50 % (1 to 99 %)",
            "gift cards (1 without",
            "Do you sell gift cards?",
        ] {
            let part = part.replace("(1 to", "(1 % to");
            assert!(told.contains(&part), "{part}: {told}");
        }
    }

    #[test]
    fn what_is_left_out_of_a_file_is_named() {
        let skipped: Vec<Value> = (1..=12)
            .map(|row| json!({ "row": row, "why": "it has no question" }))
            .collect();
        let answer =
            json!({ "reading": { "unusable": 12, "skipped": skipped, "repeated": 2, "unanswered": 0, "left_out": 3 } });
        let told = left_out(&answer);
        assert_eq!(told.len(), NAMED + 3);
        assert_eq!(told[0], "Row 1 was left out: it has no question.");
        assert!(told[NAMED].starts_with("2 more were"));
    }
}
