//! `holdpoint queue`: look at what waits for a person, and decide.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output::{self, short};
use super::show::{joined, list, more, number, text, time};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::io::Read;

#[derive(Debug, Args)]
pub(crate) struct Queue {
    /// Member in whose name you decide
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// What waits, the most urgent first
    List(List),
    /// One item: question, draft, sources, and the revision a decision has to name
    Show(Item),
    /// Send the draft as it is
    Approve(Approve),
    /// Send the draft with your text instead
    Edit(Edit),
    /// Do not send the draft; the conversation waits for a person
    Reject(Reject),
    /// Answer yourself
    Respond(Respond),
    /// Take a decision back, within the undo window
    Undo(Item),
    /// Mark a conversation as spam, take that back, or list what counts as spam
    Spam(super::team::Spam),
    /// Texts that are written again and again
    #[command(subcommand)]
    Replies(super::replies::Replies),
    /// Who works at the queue, what they know about, and how the team works together
    #[command(subcommand)]
    Team(super::team::Team),
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    page: Page,
    /// Only what was given to you
    #[arg(long)]
    mine: bool,
    /// Only what is past its deadline
    #[arg(long)]
    overdue: bool,
    /// Only drafts (`gate`) or only visitors who wait for a person (`handoff`)
    #[arg(long, value_parser = ["gate", "handoff"])]
    kind: Option<String>,
    /// Only what waits for this reason, like `customer_request`
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Only what belongs to this topic of the policy; `other` for what belongs to none
    #[arg(long, value_name = "NAME")]
    topic: Option<String>,
    /// Only visitors of this agent
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
}

impl List {
    fn query(&self) -> String {
        let mut query = self.page.query();
        for (name, set) in [("mine", self.mine), ("overdue", self.overdue)] {
            if set {
                query.push_str(&format!("&{name}=true"));
            }
        }
        for (name, value) in [
            ("kind", &self.kind),
            ("reason", &self.reason),
            ("topic", &self.topic),
            ("agent", &self.agent),
        ] {
            if let Some(value) = value {
                query.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        query
    }
}

/// Which part of a list.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// At most this many
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Cursor that the page before printed
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl Page {
    /// As a query.
    pub(crate) fn query(&self) -> String {
        let after = self
            .after
            .as_deref()
            .map_or_else(String::new, |after| format!("&after={}", escaped(after)));
        format!("?limit={}{after}", self.limit)
    }
}

#[derive(Debug, Args)]
struct Item {
    /// Id of the item, as `queue list` prints it
    item: String,
}

#[derive(Debug, Args)]
struct Approve {
    #[command(flatten)]
    seen: Seen,
    /// Approve every identical draft that waits as well
    #[arg(long)]
    alike: bool,
    #[command(flatten)]
    note: Note,
}

/// What was looked at: a decision about an older revision is refused.
#[derive(Debug, Args)]
struct Seen {
    /// Id of the item
    item: String,
    /// Revision you looked at, as `queue show` prints it
    #[arg(long, value_name = "NUMBER")]
    revision: i64,
    /// Wording you looked at, if a colleague has changed the text, as `queue show` prints it
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    wording: i64,
}

#[derive(Debug, Args)]
struct Note {
    /// Note for colleagues
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

#[derive(Debug, Args)]
struct Written {
    /// Text to send; `-` reads it from standard input
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// Do not keep the answer as a verified answer
    #[arg(long)]
    forget: bool,
}

#[derive(Debug, Args)]
struct Judgement {
    /// Could the draft have gone out?
    #[arg(long, value_enum)]
    verdict: Option<Verdict>,
    /// What was wrong; may be repeated
    #[arg(long = "reason", value_enum, value_name = "CODE")]
    reasons: Vec<ReasonCode>,
}

#[derive(Debug, Args)]
struct Edit {
    #[command(flatten)]
    seen: Seen,
    #[command(flatten)]
    written: Written,
    #[command(flatten)]
    judgement: Judgement,
    #[command(flatten)]
    note: Note,
}

#[derive(Debug, Args)]
struct Reject {
    #[command(flatten)]
    seen: Seen,
    #[command(flatten)]
    judgement: Judgement,
    #[command(flatten)]
    note: Note,
}

#[derive(Debug, Args)]
struct Respond {
    #[command(flatten)]
    seen: Seen,
    #[command(flatten)]
    written: Written,
    #[command(flatten)]
    note: Note,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Verdict {
    /// Yes
    Acceptable,
    /// No
    Bad,
    /// I cannot tell
    CannotJudge,
}

impl Verdict {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Acceptable => "acceptable",
            Self::Bad => "bad",
            Self::CannotJudge => "cannot_judge",
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReasonCode {
    /// It says something untrue
    Wrong,
    /// It was true once
    Outdated,
    /// Something important is missing
    Missing,
    /// The tone
    Tone,
    /// It breaks the house's rules
    Policy,
    /// The wrong language
    Language,
    /// Something else
    Other,
}

impl ReasonCode {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Outdated => "outdated",
            Self::Missing => "missing",
            Self::Tone => "tone",
            Self::Policy => "policy",
            Self::Language => "language",
            Self::Other => "other",
        }
    }
}

impl Queue {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        Client::asked(&context, Needs::Database, async |client| {
            self.command.run(&context, client).await
        })
        .await
    }
}

impl Command {
    async fn run(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::Spam(spam) => spam.run(context, client).await,
            Self::Replies(replies) => replies.run(context, client).await,
            Self::Team(team) => team.run(context, client).await,
            Self::List(wanted) => {
                let answer = client.get(&format!("/api/v1/queue{}", wanted.query())).await?;
                context.answer(&answer, queue)
            }
            Self::Show(Item { item }) => {
                let answer = client.get(&format!("/api/v1/queue/{}", escaped(&item))).await?;
                context.answer(&answer, item_in_words)
            }
            Self::Undo(Item { item }) => {
                let answer = client
                    .post(&format!("/api/v1/queue/{}/undo", escaped(&item)), &json!({}))
                    .await?;
                context.answer(&answer, |_| "Taken back; the item waits again.".to_owned())
            }
            Self::Approve(Approve { seen, alike, note }) => {
                decide(
                    context,
                    client,
                    &seen,
                    json!({ "kind": "approve", "alike": alike }),
                    &note,
                )
                .await
            }
            Self::Edit(Edit {
                seen,
                written,
                judgement,
                note,
            }) => {
                let mut decision = written.decision("edit")?;
                judgement.add_to(&mut decision);
                decide(context, client, &seen, decision, &note).await
            }
            Self::Reject(Reject { seen, judgement, note }) => {
                let mut decision = json!({ "kind": "reject" });
                judgement.add_to(&mut decision);
                decide(context, client, &seen, decision, &note).await
            }
            Self::Respond(Respond { seen, written, note }) => {
                decide(context, client, &seen, written.decision("respond")?, &note).await
            }
        }
    }
}

impl Written {
    fn decision(self, kind: &str) -> Result<Value, Failure> {
        let text = if self.text == "-" {
            from_standard_input()?
        } else {
            self.text
        };
        Ok(json!({ "kind": kind, "text": text, "remember": !self.forget }))
    }
}

pub(super) fn from_standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input could not be read as text ({error})")))?;
    Ok(text.trim_end().to_owned())
}

impl Judgement {
    fn add_to(&self, decision: &mut Value) {
        if let Some(verdict) = self.verdict {
            decision["verdict"] = verdict.code().into();
        }
        decision["reasons"] = self.reasons.iter().map(|reason| reason.code()).collect();
    }
}

async fn decide(
    context: &Context,
    client: &Client,
    seen: &Seen,
    mut decision: Value,
    note: &Note,
) -> Result<(), Failure> {
    decision["revision"] = seen.revision.into();
    decision["wording"] = seen.wording.into();
    if let Some(note) = &note.note {
        decision["note"] = note.as_str().into();
    }
    let answer = client
        .post(&format!("/api/v1/queue/{}/outcome", escaped(&seen.item)), &decision)
        .await?;
    context.answer(&answer, |answer| {
        match number(answer, "/missing") {
            0 => {}
            missing => {
                return format!("Approved. It still waits: so many others have to approve it as well: {missing}");
            }
        }
        format!(
            "Decided. It becomes final at {}; until then: holdpoint queue undo {}",
            time(answer, "/final_at"),
            seen.item
        )
    })
}

fn queue(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|item| {
            [
                text(item, "/id").to_owned(),
                time(item, "/waiting_since"),
                match text(item, "/mode") {
                    "" => text(item, "/kind").to_owned(),
                    mode => mode.to_owned(),
                },
                match text(item, "/lease/name") {
                    "" => text(item, "/assigned/name").to_owned(),
                    name => name.to_owned(),
                },
                short(text(item, "/question"), 60),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nothing waits for a person.".to_owned();
    }
    output::table(["ITEM", "WAITING SINCE", "ANSWER", "WITH", "QUESTION"], &rows) + &more(answer)
}

fn item_in_words(item: &Value) -> String {
    let mut lines = vec![
        format!(
            "Item          {} (revision {}, {})",
            text(item, "/id"),
            number(item, "/revision"),
            text(item, "/state")
        ),
        format!("Conversation  {}", text(item, "/conversation_id")),
        format!(
            "Waiting since {}, deadline {}",
            time(item, "/waiting_since"),
            time(item, "/deadline_at")
        ),
    ];
    let why = joined(item, "/reasons_in_words");
    if !why.is_empty() {
        lines.push(format!("Why           {why}"));
    }
    if !text(item, "/lease/name").is_empty() {
        lines.push(format!(
            "With          {} until {}",
            text(item, "/lease/name"),
            time(item, "/lease/until")
        ));
    }
    if number(item, "/quorum") > 1 {
        lines.push(format!(
            "Approved by   {} of {}: {}",
            list(item, "/approved_by").len(),
            number(item, "/quorum"),
            joined(item, "/approved_by")
        ));
    }
    if !list(item, "/approvers").is_empty() {
        lines.push(format!("For           {}", joined(item, "/approvers")));
    }
    lines.push("\nConversation".to_owned());
    lines.extend(list(item, "/messages").iter().map(message));
    if item["draft"].is_object() {
        lines.push(format!(
            "\nDraft ({}, revision {})",
            text(item, "/draft/mode"),
            number(item, "/draft/revision")
        ));
        lines.push(indented(match text(item, "/draft/text") {
            "" => "(nothing fits; a person has to answer)",
            draft => draft,
        }));
    }
    if !text(item, "/edited_text").is_empty() {
        lines.push(format!(
            "\nChanged by a colleague to (wording {})",
            number(item, "/wording")
        ));
        lines.push(indented(text(item, "/edited_text")));
    }
    let sources = list(item, "/draft/sources");
    if !sources.is_empty() {
        lines.push("\nSources".to_owned());
        lines.extend(
            sources
                .iter()
                .map(|source| format!("    {}", short(text(source, "/title"), 100))),
        );
    }
    if item["outcome"].is_object() {
        lines.push(format!(
            "\nDecided       {} by {} at {} ({})",
            text(item, "/outcome/kind"),
            match text(item, "/outcome/by") {
                "" => "nobody",
                name => name,
            },
            time(item, "/outcome/at"),
            text(item, "/outcome/state"),
        ));
    }
    lines.join("\n")
}

/// A message of a conversation, with who wrote it.
pub(crate) fn message(message: &Value) -> String {
    let author = match text(message, "/name") {
        "" => text(message, "/author"),
        name => name,
    };
    format!(
        "    {} {author}: {}",
        time(message, "/at"),
        text(message, "/text").replace('\n', "\n        ")
    )
}

fn indented(text: &str) -> String {
    format!("    {}", text.replace('\n', "\n    "))
}
