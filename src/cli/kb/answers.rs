//! `holdpoint kb answers`: verified answers.

use crate::cli::api::{Client, escaped};
use crate::cli::assemble::Needs;
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::output::{self, short};
use crate::cli::show::{joined, list, number, text, time};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

const ANSWERS: &str = "/api/v1/verified-answers";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Answers {
    /// Which ones
    #[arg(long, default_value = "all", value_parser = ["all", "to-look-at", "expiring", "unused"])]
    show: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One of them, with what it rests on, its verdicts, and what speaks against it
    Show(Named),
    /// Write one down
    Add(Add),
    /// Change one; another question, answer or wording takes its place
    Change(Change),
    /// Say that one is still right, whatever newer knowledge says
    Right(Decided),
    /// Take one out of use
    Retire(Decided),
    /// Show the rules for them, or set them
    Rules(Rules),
}

#[derive(Debug, Args)]
struct Named {
    /// Id of the answer
    id: String,
}

#[derive(Debug, Args)]
struct Decided {
    /// Id of the answer
    id: String,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
struct By {
    /// Member in whose name you do it
    #[arg(long = "as", value_name = "EMAIL")]
    member: Option<String>,
}

#[derive(Debug, Args)]
struct Details {
    /// Another wording of the question; repeat it for more
    #[arg(long = "variant", value_name = "TEXT")]
    variants: Vec<String>,
    /// Language it is written in, two letters
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Who looks after it
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Last day it is true on, as 2027-01-31, or never
    #[arg(long, value_name = "DAY")]
    expires: Option<String>,
    /// Id of a document that it rests on; repeat it for more
    #[arg(long = "document", value_name = "ID")]
    documents: Vec<String>,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
struct Add {
    /// The question
    #[arg(long, value_name = "TEXT")]
    question: String,
    /// The answer
    #[arg(long, value_name = "TEXT")]
    answer: String,
    #[command(flatten)]
    details: Details,
}

#[derive(Debug, Args)]
struct Change {
    /// Id of the answer
    id: String,
    /// The question
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// The answer
    #[arg(long, value_name = "TEXT")]
    answer: Option<String>,
    /// Leave no other wording
    #[arg(long, conflicts_with = "variants")]
    no_variants: bool,
    #[command(flatten)]
    details: Details,
}

#[derive(Debug, Args)]
struct Rules {
    /// Another member than its author publishes a verified answer
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
    second_person: Option<String>,
    /// While newer knowledge speaks against one, drafts made from it wait for a person
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
    hold_conflicts: Option<String>,
    #[command(flatten)]
    by: By,
}

impl Details {
    fn write(&self, body: &mut Map<String, Value>) {
        for (name, said) in [
            ("language", &self.language),
            ("owner", &self.owner),
            ("expires", &self.expires),
        ] {
            if let Some(said) = said {
                body.insert(name.to_owned(), said.as_str().into());
            }
        }
        for (name, said) in [("variants", &self.variants), ("documents", &self.documents)] {
            if !said.is_empty() {
                body.insert(name.to_owned(), json!(said));
            }
        }
    }
}

impl Answers {
    /// Whatever is embedded needs the models.
    pub(super) const fn needs(&self) -> Needs {
        match &self.command {
            Some(Command::Add(_) | Command::Change(_) | Command::Retire(_)) => Needs::Models,
            _ => Needs::Database,
        }
    }

    /// In whose name it is done.
    pub(super) fn member(&self) -> Option<String> {
        let by = match self.command.as_ref()? {
            Command::Add(wish) => &wish.details.by,
            Command::Change(wish) => &wish.details.by,
            Command::Right(wish) | Command::Retire(wish) => &wish.by,
            Command::Rules(wish) => &wish.by,
            Command::Show(_) => return None,
        };
        by.member.clone()
    }

    pub(super) async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        let (answer, words) = self.wish().of(client).await?;
        context.answer(&answer, words)
    }

    fn wish(self) -> Ask {
        let of = |id: &str| format!("{ANSWERS}/{}", escaped(id));
        match self.command {
            None if self.show == "to-look-at" => Ask::Get(format!("{ANSWERS}/to-look-at"), doubted),
            None => Ask::Get(format!("{ANSWERS}?show={}", self.show), listed),
            Some(Command::Show(wish)) => Ask::Get(of(&wish.id), shown),
            Some(Command::Add(wish)) => {
                let mut body = Map::new();
                body.insert("question".to_owned(), wish.question.into());
                body.insert("answer".to_owned(), wish.answer.into());
                wish.details.write(&mut body);
                Ask::Post(ANSWERS.to_owned(), body.into(), written)
            }
            Some(Command::Change(wish)) => {
                let mut body = Map::new();
                for (name, said) in [("question", wish.question), ("answer", wish.answer)] {
                    body.extend(said.map(|said| (name.to_owned(), said.into())));
                }
                wish.details.write(&mut body);
                if wish.no_variants {
                    body.insert("variants".to_owned(), json!([]));
                }
                Ask::Put(of(&wish.id), body.into(), written)
            }
            Some(Command::Right(wish)) => Ask::Post(format!("{}/still-right", of(&wish.id)), json!({}), |_| {
                "Noted: it is still right.".to_owned()
            }),
            Some(Command::Retire(wish)) => Ask::Delete(of(&wish.id)),
            Some(Command::Rules(wish)) => {
                let set = |said: &Option<String>| said.as_ref().map(|said| said == "on");
                let (second, hold) = (set(&wish.second_person), set(&wish.hold_conflicts));
                let path = format!("{ANSWERS}/rules");
                if second.is_none() && hold.is_none() {
                    return Ask::Get(path, rules);
                }
                Ask::Put(path, json!({ "second_person": second, "hold_conflicts": hold }), rules)
            }
        }
    }
}

type Words = fn(&Value) -> String;

/// What is asked of the server, and how its answer is told.
enum Ask {
    Get(String, Words),
    Post(String, Value, Words),
    Put(String, Value, Words),
    Delete(String),
}

impl Ask {
    async fn of(&self, client: &Client) -> Result<(Value, Words), Failure> {
        Ok(match self {
            Self::Get(path, words) => (client.get(path).await?, *words),
            Self::Post(path, body, words) => (client.post(path, body).await?, *words),
            Self::Put(path, body, words) => (client.put(path, body).await?, *words),
            Self::Delete(path) => (client.delete(path).await?, |_| "It is out of use.".to_owned()),
        })
    }
}

fn listed(answer: &Value) -> String {
    let rows: Vec<[String; 5]> = list(answer, "/items")
        .iter()
        .map(|row| {
            let is_doubted = row.pointer("/to_look_at") == Some(&Value::Bool(true));
            [
                text(row, "/id").to_owned(),
                short(text(row, "/question"), 40),
                short(text(row, "/answer"), 50),
                number(row, "/uses").to_string(),
                if is_doubted {
                    "look at it".to_owned()
                } else {
                    time(row, "/expires_at")
                },
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There are none.".to_owned();
    }
    output::table(["ANSWER", "QUESTION", "TEXT", "USED", "UNTIL"], &rows)
}

fn against(conflict: &Value) -> String {
    let kind = match text(conflict, "/kind") {
        "source_changed" => "what it rests on changed",
        "source_gone" => "what it rests on is gone",
        _ => "something newer says otherwise",
    };
    let mut told = format!("  ! {kind}: “{}”\n", short(text(conflict, "/title"), 90));
    for side in ["before", "after"] {
        let said = text(conflict, &format!("/{side}"));
        if !said.is_empty() {
            told.push_str(&format!("    {side}: {}\n", short(said, 200)));
        }
    }
    told
}

fn doubted(answer: &Value) -> String {
    let rows = list(answer, "/items");
    if rows.is_empty() {
        return "Nothing speaks against a verified answer.".to_owned();
    }
    let told = rows.iter().map(|row| {
        let id = text(row, "/id");
        let against: String = list(row, "/conflicts").iter().map(against).collect();
        format!(
            "{}\n  {}\n{against}  Decide: holdpoint kb answers right|change|retire {id}\n",
            short(text(row, "/question"), 100),
            short(text(row, "/answer"), 200),
        )
    });
    told.collect::<Vec<_>>().join("\n")
}

fn shown(answer: &Value) -> String {
    let mut told = format!("{}\n\n{}\n\n", text(answer, "/question"), text(answer, "/answer"));
    let mut line = |name: &str, said: String| {
        if !said.is_empty() {
            told.push_str(&format!("{name}: {said}\n"));
        }
    };
    line("Other wordings", joined(answer, "/variants"));
    line("By", text(answer, "/author").to_owned());
    line("Looked after by", text(answer, "/owner").to_owned());
    line("Language", text(answer, "/language").to_owned());
    line("Ends", time(answer, "/expires_at"));
    line("Out of use since", time(answer, "/retired_at"));
    line("Confirmed", time(answer, "/confirmed_at"));
    line("Drafts made from it", number(answer, "/uses").to_string());
    let record = ["judged", "good", "bad"].map(|name| number(answer, &format!("/record/{name}")));
    line(
        "Judged",
        format!("{}, {} good, {} bad", record[0], record[1], record[2]),
    );
    let sources = list(answer, "/sources").iter().map(|source| text(source, "/title"));
    line("Rests on", sources.collect::<Vec<_>>().join("; "));
    for conflict in list(answer, "/conflicts") {
        told.push_str(&against(conflict));
    }
    for row in list(answer, "/history") {
        told.push_str(&format!(
            "Change {}: {} ({})\n",
            number(row, "/number"),
            short(text(row, "/title"), 60),
            text(row, "/state")
        ));
    }
    told
}

fn written(answer: &Value) -> String {
    let id = text(answer, "/id");
    match text(answer, "/candidate_id") {
        "" => format!("It is live: {id}"),
        candidate => format!(
            "It waits for a second person to publish it: holdpoint improve changes publish {candidate} --as EMAIL"
        ),
    }
}

fn rules(answer: &Value) -> String {
    let is_on = |name: &str| answer.pointer(name) == Some(&Value::Bool(true));
    let word = |name: &str| if is_on(name) { "on" } else { "off" };
    format!(
        "A second person publishes verified answers: {}\nDrafts wait while newer knowledge speaks against one: {}",
        word("/second_person"),
        word("/hold_conflicts")
    )
}
