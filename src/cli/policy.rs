//! `holdpoint policy`: the owner's rules.

use super::agent;
use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::queue::from_standard_input;
use super::show::{joined, list, number, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Policy {
    /// The agent, by name or id [default: the only one]
    #[arg(long, value_name = "AGENT", global = true)]
    agent: Option<String>,
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The policy in force, as TOML
    Show(Show),
    /// Look for what is wrong with a policy, without applying it
    Check(File),
    /// Apply a policy: it is in force at once, as the next version
    Apply(Apply),
    /// All versions, the newest first
    Versions,
    /// What changed between two versions [default: the last two]
    Diff(Diff),
    /// Why drafts of a conversation were sent, held, handed off or refused
    Explain(Conversation),
}

#[derive(Debug, Args)]
struct Show {
    /// Another version than the one in force
    #[arg(long, value_name = "NUMBER")]
    version: Option<i64>,
}

#[derive(Debug, Args)]
struct File {
    /// The policy as TOML; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    file: File,
    /// Only show what it would have done with the past; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Days of the past to look at
    #[arg(long, value_name = "DAYS", default_value_t = 30, requires = "dry_run")]
    days: u32,
}

#[derive(Debug, Args)]
struct Diff {
    /// The older version
    #[arg(value_name = "FROM")]
    from: Option<i64>,
    /// The newer version
    #[arg(value_name = "TO")]
    to: Option<i64>,
}

#[derive(Debug, Args)]
struct Conversation {
    /// Id of the conversation
    conversation: String,
}

impl Policy {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member.clone_from(&self.member);
        Client::asked(&context, Needs::Database, async |client| {
            self.ask(&context, client).await
        })
        .await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        if let Command::Explain(Conversation { conversation }) = &self.command {
            let path = format!("/api/v1/conversations/{}/explain", escaped(conversation));
            return context.answer(&client.get(&path).await?, explained);
        }
        let agent = agent::find(client, self.agent.as_deref()).await?;
        let path = format!("/api/v1/agents/{}/policy", escaped(text(&agent, "/id")));
        match self.command {
            Command::Show(Show { version }) => {
                let query = version.map_or_else(String::new, |version| format!("?version={version}"));
                context.answer(&client.get(&format!("{path}{query}")).await?, policy)
            }
            Command::Check(file) => {
                let answer = client
                    .post(&format!("{path}/check"), &json!({ "toml": file.read()? }))
                    .await?;
                context.answer(&answer, checked)?;
                if answer["ok"] == true {
                    Ok(())
                } else {
                    Err(Failure::findings())
                }
            }
            Command::Apply(Apply {
                file,
                dry_run: true,
                days,
            }) => {
                let wish = json!({ "toml": file.read()?, "days": days });
                let answer = or_problems(client.post(&format!("{path}/what-if"), &wish).await)?;
                context.answer(&answer, what_if)
            }
            Command::Apply(Apply { file, .. }) => {
                let answer = or_problems(client.put(&path, &json!({ "toml": file.read()? })).await)?;
                context.answer(&answer, |answer| {
                    format!(
                        "Version {} is in force for {}.",
                        number(answer, "/version"),
                        text(answer, "/agent")
                    )
                })
            }
            Command::Versions => context.answer(&client.get(&format!("{path}/versions?limit=200")).await?, versions),
            Command::Diff(Diff { from, to }) => {
                let number = |name: &str, value: Option<i64>| value.map(|value| format!("{name}={value}"));
                let query: Vec<String> = [number("from", from), number("to", to)].into_iter().flatten().collect();
                context.answer(&client.get(&format!("{path}/diff?{}", query.join("&"))).await?, diff)
            }
            Command::Explain(_) => Ok(()),
        }
    }
}

impl File {
    fn read(&self) -> Result<String, Failure> {
        if self.file.as_os_str() == "-" {
            return from_standard_input();
        }
        std::fs::read_to_string(&self.file)
            .map_err(|error| Failure::usage(format!("{} cannot be read ({error})", self.file.display())))
    }
}

/// A policy that was refused: every problem on a line of its own.
fn or_problems(answer: Result<Value, Failure>) -> Result<Value, Failure> {
    answer.map_err(|mut failure| {
        let problems = failure.field("problems");
        if let Some(problems) = problems.as_array().filter(|problems| problems.len() > 1) {
            let lines: String = problems
                .iter()
                .map(|problem| format!("\n  {}", problem_line(problem)))
                .collect();
            failure.sentence = format!("the policy must be changed first; nothing was changed:{lines}");
        }
        failure
    })
}

fn problem_line(problem: &Value) -> String {
    let line = match number(problem, "/line") {
        0 => String::new(),
        line => format!("line {line}: "),
    };
    line + text(problem, "/says")
}

fn policy(answer: &Value) -> String {
    let of = format!("{}, version {}", text(answer, "/agent"), number(answer, "/version"));
    let by = match (text(answer, "/by"), time(answer, "/at")) {
        (_, at) if at.is_empty() => "no policy of your own yet: only what is built in decides".to_owned(),
        ("", at) => format!("applied by the administrator, {at}"),
        (by, at) => format!("applied by {by}, {at}"),
    };
    format!("# {of}: {by}\n\n{}", text(answer, "/toml"))
}

fn checked(answer: &Value) -> String {
    let problems = list(answer, "/problems");
    if problems.is_empty() {
        let ends = if answer.pointer("/ends_certificate").and_then(Value::as_bool) == Some(true) {
            "\nIt loosens a rule or a topic: applying it ends your certificate, and every answer waits for a person until the next test."
        } else {
            ""
        };
        return format!(
            "Nothing is wrong with it. To see what it would have done: holdpoint policy apply FILE --dry-run{ends}"
        );
    }
    problems.iter().map(|problem| problem_line(problem) + "\n").collect()
}

fn versions(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|version| {
            let by = match text(version, "/by") {
                "" => "the administrator",
                name => name,
            };
            [
                number(version, "/version").to_string(),
                time(version, "/at"),
                by.to_owned(),
                number(version, "/topics").to_string(),
                number(version, "/rules").to_string(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no policy yet: only what is built in decides.".to_owned();
    }
    output::table(["VERSION", "APPLIED", "BY", "TOPICS", "RULES"], &rows)
}

fn diff(answer: &Value) -> String {
    match text(answer, "/text") {
        "" => "Both say the same.".to_owned(),
        lines => format!(
            "Version {} to {}\n{lines}",
            number(answer, "/from"),
            number(answer, "/to")
        ),
    }
}

fn what_if(answer: &Value) -> String {
    let mut lines = vec![text(answer, "/diff").to_owned()];
    let drafts = number(answer, "/drafts");
    lines.push(format!(
        "Of {drafts} drafts in {} days, {} would go another way. Nothing was changed.",
        number(answer, "/days_considered"),
        number(answer, "/changed")
    ));
    let left_out = number(answer, "/left_out");
    if left_out > 0 {
        lines.push(format!(
            "{left_out} older drafts were left out: what decided about them was not recorded then."
        ));
    }
    let by_words = joined(answer, "/matched_by_words");
    if !by_words.is_empty() {
        lines.push(format!(
            "New or changed topics were looked for by their words only: {by_words}."
        ));
    }
    let cell = |day: &Value, kind: &str| {
        let (now, then) = (
            number(day, &format!("/now/{kind}")),
            number(day, &format!("/then/{kind}")),
        );
        if now == then {
            now.to_string()
        } else {
            format!("{now} → {then}")
        }
    };
    let row = |name: &str, day: &Value| {
        let [held, handed_off, refused, sent] = ["held", "handed_off", "refused", "sent"].map(|kind| cell(day, kind));
        [name.to_owned(), held, handed_off, refused, sent]
    };
    let mut rows: Vec<_> = answer["days"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, day)| row(name, day))
        .collect();
    rows.push(row("all", &answer["total"]));
    lines.push(output::table(["DAY", "HELD", "HANDED OFF", "REFUSED", "SENT"], &rows));
    let changed: Vec<_> = list(answer, "/examples")
        .iter()
        .map(|changed| {
            [
                text(changed, "/conversation_id").to_owned(),
                text(changed, "/now").to_owned(),
                text(changed, "/then").to_owned(),
                short(text(changed, "/question"), 60),
            ]
        })
        .collect();
    if !changed.is_empty() {
        lines.push(output::table(["CONVERSATION", "NOW", "THEN", "QUESTION"], &changed));
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn explained(answer: &Value) -> String {
    let drafts = list(answer, "/items");
    if drafts.is_empty() {
        return "The AI has drafted nothing in this conversation.".to_owned();
    }
    drafts.iter().map(draft).collect::<Vec<_>>().join("\n")
}

fn draft(draft: &Value) -> String {
    // Whoever may still judge it is not told.
    let known = draft.pointer("/confidence").and_then(Value::as_f64);
    let confidence = known
        .map(|confidence| format!(", confidence {confidence:.2}"))
        .unwrap_or_default();
    let mut lines = vec![
        format!("{}  {}", time(draft, "/at"), short(text(draft, "/question"), 80)),
        format!(
            "    {} (policy version {}{})",
            text(draft, "/decision"),
            number(draft, "/policy_version"),
            confidence
        ),
    ];
    let topics = joined(draft, "/topics");
    if !topics.is_empty() {
        lines.push(format!("    topics: {topics}"));
    }
    lines.extend(
        list(draft, "/reasons")
            .iter()
            .filter_map(Value::as_str)
            .map(|reason| format!("    because {reason}")),
    );
    lines.extend(list(draft, "/released").iter().map(|released| {
        format!(
            "    {} released “{}” without a certificate on {}",
            text(released, "/by"),
            text(released, "/topic"),
            time(released, "/at")
        )
    }));
    for rule in list(draft, "/rules") {
        let did = if rule["applied"] == true {
            "applied"
        } else {
            "did not apply"
        };
        lines.push(format!(
            "    rule “{}” ({}) {did}",
            text(rule, "/name"),
            text(rule, "/then")
        ));
        for condition in list(rule, "/conditions") {
            let sign = if condition["met"] == true { "✓" } else { "✗" };
            lines.push(format!("        {sign} {}", text(condition, "/says")));
        }
    }
    lines.join("\n") + "\n"
}
