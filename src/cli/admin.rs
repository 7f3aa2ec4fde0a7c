//! `holdpoint admin`: what only the administrator of the machine does.

use super::api::{Client, escaped};
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{list, text, time};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal};

/// Ways of the API that the administrator's commands use.
pub(super) const WORKSPACES: &str = "/api/v1/admin/workspaces";
pub(super) const SETUP_LINK: &str = "/api/v1/admin/setup-link";
pub(super) const MEMBERS: &str = "/api/v1/admin/members";
const LIMITS: &str = "/api/v1/limits";
const SET_LIMITS: &str = "/api/v1/admin/limits";
const TIME_ZONE: &str = "/api/v1/admin/time-zone";
pub(super) const TOKENS: &str = "/api/v1/admin/tokens";

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Print a link with which an owner signs up; it works once, for 24 hours
    SetupLink,
    /// Workspaces: one for each client or brand
    #[command(subcommand)]
    Workspace(Workspace),
    /// People who work in a workspace
    #[command(subcommand)]
    Member(Member),
    /// Bearer tokens for programs
    #[command(subcommand)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Workspace {
    /// Make one
    Add(AddWorkspace),
    /// All of them
    List,
    /// Show or set how much one may use; what is not given stays as it is
    Limit(LimitArgs),
    /// Set whose clocks business hours, holidays and days are read from
    TimeZone {
        /// Name in the IANA database, like `Europe/Berlin`
        #[arg(value_name = "ZONE")]
        zone: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddWorkspace {
    /// Short name: small letters, digits and hyphens
    #[arg(value_name = "SHORT NAME")]
    slug: String,
    /// Name of the business
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Conversations a month; those beyond wait for a person
    #[arg(long, value_name = "NUMBER|none")]
    conversations: Option<Allowed>,
    /// Answers that the LLM writes a month
    #[arg(long, value_name = "NUMBER|none")]
    written: Option<Allowed>,
    /// E-mails a day; those beyond leave on the next
    #[arg(long, value_name = "NUMBER|none")]
    mails: Option<Allowed>,
}

/// A number, or `none`.
#[derive(Debug, Clone, Copy)]
struct Allowed(Option<u64>);

impl std::str::FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "none" => Ok(Self(None)),
            number => number
                .parse()
                .map(|number| Self(Some(number)))
                .map_err(|_no_number| "write a number, or none".to_owned()),
        }
    }
}

impl LimitArgs {
    /// What the limits shall be, given what they are.
    fn over(&self, now: &Value) -> Value {
        let mut limits = now.clone();
        for (name, wish) in [
            ("conversations_a_month", self.conversations),
            ("written_a_month", self.written),
            ("mails_a_day", self.mails),
        ] {
            if let Some(Allowed(number)) = wish {
                limits[name] = number.into();
            }
        }
        limits
    }

    const fn changes(&self) -> bool {
        self.conversations.is_some() || self.written.is_some() || self.mails.is_some()
    }
}

fn limits(answer: &Value) -> String {
    let sentences: Vec<_> = list(answer, "/uses")
        .iter()
        .map(|used| text(used, "/in_words").to_owned())
        .collect();
    if sentences.is_empty() {
        return "There are no limits.".to_owned();
    }
    sentences.join("\n")
}

#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Add a person; a new one's password is read from standard input
    Add(AddMember),
}

#[derive(Debug, Args)]
pub(crate) struct AddMember {
    /// E-mail address
    email: String,
    /// The person's name
    #[arg(long)]
    name: String,
    /// What they may do
    #[arg(long, value_enum, default_value_t = Role::Reviewer)]
    role: Role,
    /// Do not read a password: the person has an account already
    #[arg(long)]
    known: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Clears the queue, takes over, reads conversations and knowledge
    Reviewer,
    /// Changes knowledge, agents and members too
    Admin,
    /// Everything
    Owner,
}

impl Role {
    const fn code(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make one; it is shown once
    Add(AddToken),
    /// End one
    Revoke(RevokeToken),
}

#[derive(Debug, Args)]
pub(crate) struct AddToken {
    /// What it is for
    name: String,
    /// Member in whose name the program acts
    #[arg(long = "as", value_name = "EMAIL")]
    email: String,
    /// What it may do; may be repeated
    #[arg(long = "scope", value_enum, value_name = "SCOPE", default_value = "read")]
    scopes: Vec<Scope>,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeToken {
    /// Id of the token, as it was printed when it was made
    id: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scope {
    /// Read conversations, queue, knowledge and log
    Read,
    /// Decide about review items and answer visitors
    Review,
    /// Change knowledge
    Knowledge,
    /// Manage members, tokens and agents
    Admin,
    /// Ask people for approvals, as an agent of your own
    Propose,
    /// Speak for visitors of a program of your own, through POST /v1/chat/completions
    Converse,
}

impl Scope {
    const fn code(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Review => "review",
            Self::Knowledge => "knowledge",
            Self::Admin => "admin",
            Self::Propose => "propose",
            Self::Converse => "converse",
        }
    }
}

impl Admin {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        // Before the data directory is taken: a person may type slowly.
        let password = match &self {
            Self::Member(Member::Add(member)) if !member.known => Some(read_password()?),
            _ => None,
        };
        Client::asked(context, Needs::Database, async |client| {
            self.ask(context, client, password).await
        })
        .await
    }

    async fn ask(self, context: &Context, client: &Client, password: Option<String>) -> Result<(), Failure> {
        match self {
            Self::SetupLink => {
                let answer = setup_link(client, &client.origin(context)).await?;
                context.answer(&answer, |answer| {
                    format!(
                        "{}\nIt works once, until {}.",
                        text(answer, "/url"),
                        time(answer, "/expires_at")
                    )
                })
            }
            Self::Workspace(Workspace::List) => context.answer(&client.get(WORKSPACES).await?, workspaces),
            Self::Workspace(Workspace::Add(AddWorkspace { slug, name })) => {
                let answer = client.post(WORKSPACES, &json!({ "slug": slug, "name": name })).await?;
                context.answer(&answer, |_| {
                    format!("Workspace {slug} is there. Next: holdpoint init --workspace {slug} --name {name:?}")
                })
            }
            Self::Workspace(Workspace::Limit(wish)) => {
                let mut answer = client.get(LIMITS).await?;
                if wish.changes() {
                    answer = client.put(SET_LIMITS, &wish.over(&answer["limits"])).await?;
                }
                context.answer(&answer, limits)
            }
            Self::Workspace(Workspace::TimeZone { zone }) => {
                let answer = client.put(TIME_ZONE, &json!({ "time_zone": zone })).await?;
                context.answer(&answer, |answer| {
                    format!(
                        "Business hours are read from the clocks of {}.",
                        text(answer, "/time_zone")
                    )
                })
            }
            Self::Member(Member::Add(AddMember { email, name, role, .. })) => {
                let wish = json!({ "email": email, "name": name, "role": role.code(), "password": password });
                let answer = client.post(MEMBERS, &wish).await?;
                context.answer(&answer, |_| format!("{name} ({email}) can sign in now."))
            }
            Self::Token(Token::Add(AddToken { name, email, scopes })) => {
                let scopes: Vec<_> = scopes.into_iter().map(Scope::code).collect();
                let answer = client
                    .post(TOKENS, &json!({ "name": name, "email": email, "scopes": scopes }))
                    .await?;
                context.answer(&answer, |answer| {
                    let (token, id) = (text(answer, "/token"), text(answer, "/id"));
                    format!("{token}\nIt is not shown again. To end it: holdpoint admin token revoke {id}")
                })
            }
            Self::Token(Token::Revoke(RevokeToken { id })) => {
                let answer = client.delete(&format!("{TOKENS}/{}", escaped(&id))).await?;
                context.answer(&answer, |_| "The token does not work any more.".to_owned())
            }
        }
    }
}

/// Makes a set-up link; the answer's `url` is what a person opens.
pub(super) async fn setup_link(client: &Client, origin: &str) -> Result<Value, Failure> {
    let mut link = client.post(SETUP_LINK, &json!({})).await?;
    let url = format!("{origin}/setup?token={}", escaped(text(&link, "/token")));
    link["url"] = url.into();
    Ok(link)
}

fn workspaces(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items")
        .iter()
        .map(|it| {
            let owner = if it["has_owner"].as_bool().unwrap_or_default() {
                "yes"
            } else {
                "no"
            };
            [
                text(it, "/slug").to_owned(),
                text(it, "/name").to_owned(),
                text(it, "/time_zone").to_owned(),
                owner.to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "There is no workspace yet; set one up: holdpoint init".to_owned();
    }
    output::table(["WORKSPACE", "NAME", "TIME ZONE", "HAS AN OWNER"], &rows)
}

/// One line of standard input. Passwords do not belong on the command line, where other users of the machine see them.
fn read_password() -> Result<String, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        output::hint("Password for the new member (it is shown as you type), then Enter:");
    }
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    read.map_err(|error| Failure::usage(format!("the password could not be read from standard input ({error})")))?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(Failure::usage(
            "a new member needs a password on standard input; or add --known if they have an account already",
        ));
    }
    Ok(password.to_owned())
}
