//! `holdpoint model`: the models of this machine.

use super::agent::Try;
use super::api::{Client, escaped};
use super::assemble::Needs;
use super::bench::EngineBench;
use super::context::Context;
use super::exit::{Code, Failure};
use super::model_check::Check;
use super::output::{self, short};
use super::show::{list, number, text};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

const MODELS: &str = "/api/v1/admin/models";
const PULLS: &str = "/api/v1/admin/models/pulls";
/// How often a model on its way in is asked about.
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Debug, Subcommand)]
pub(crate) enum Model {
    /// The models of this machine: which are used, and whether their files are still what they were
    List(ListModels),
    /// Take in a model file of this machine; it is linked or copied into the models folder and stays where it is
    Add(AddModel),
    /// Fetch a model from the internet; a download that was interrupted goes on where it had stopped
    Pull(PullModel),
    /// Delete a model from the models folder, or what has come of an unfinished download
    Remove(Named),
    /// Make a model the one that writes answers, or the one that finds knowledge, by what it is for
    Use(Named),
    /// Try what agents would answer if a chat model wrote, or wrote with an adapter: nothing is live before it is published
    Try(Try),
    /// Measure what the models are fit for: a few seconds for the embedding model, minutes for the chat model
    Check(Check),
    /// Measure how fast the chat model reads and writes; the same as `holdpoint bench engine`
    Bench(Box<EngineBench>),
}

#[derive(Debug, Args)]
pub(crate) struct ListModels {
    /// Read every file again and compare it with its SHA-256
    #[arg(long)]
    verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddModel {
    /// The model's .gguf file
    file: PathBuf,
    /// What it is to be called [default: as its file is]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The chat model that an adapter was made for [default: any that it fits]
    #[arg(long = "for", value_name = "MODEL")]
    is_for: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PullModel {
    /// Address of the .gguf file
    url: String,
    /// What it is to be called [default: as its file is]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// SHA-256 that the file must have, 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    sha256: Option<String>,
    /// File with an access token for the machine of this address
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Allow an address that is not encrypted
    #[arg(long)]
    allow_http: bool,
    /// Allow an address inside this machine or its network
    #[arg(long)]
    allow_internal: bool,
    /// Stop the download of this address that runs in the server; what has come is kept
    #[arg(long, conflicts_with_all = ["sha256", "token_file"])]
    cancel: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Name of the model, as `holdpoint model list` shows it
    #[arg(value_name = "NAME")]
    name: String,
}

impl Model {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        if let Self::Try(wish) = &self {
            context.member.clone_from(&wish.member);
        }
        let context = &context;
        match self {
            // It starts an engine of its own and asks no server.
            Self::Bench(bench) => bench.run(context).await,
            asked => {
                Client::asked(context, Needs::Database, async |client| {
                    asked.ask(context, client).await
                })
                .await
            }
        }
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        match self {
            Self::List(ListModels { verify: false }) => context.answer(&client.get(MODELS).await?, models),
            Self::List(ListModels { verify: true }) => {
                let bar = output::waiting("Reading every model from beginning to end");
                let answer = client.post(&format!("{MODELS}/verify"), &json!({})).await;
                bar.finish_and_clear();
                context.answer(&answer?, models)
            }
            Self::Add(add) => {
                // The server may have been started elsewhere.
                let file = std::path::absolute(&add.file)
                    .map_err(|error| Failure::usage(format!("{} is no path ({error})", add.file.display())))?;
                let wish = json!({ "file": file, "name": add.name, "for": add.is_for });
                let begun = client.post(MODELS, &wish).await?;
                context.answer(&arrived(client, begun).await?, come_in)
            }
            Self::Pull(pull) if pull.cancel => pull.stop(context, client).await,
            Self::Pull(pull) => {
                let begun = client.post(PULLS, &pull.wish()?).await?;
                context.answer(&arrived(client, begun).await?, come_in)
            }
            Self::Remove(Named { name }) => {
                let answer = client.delete(&format!("{MODELS}/{}", escaped(&name))).await?;
                context.answer(&answer, says)
            }
            Self::Try(wish) => wish.ask(context, client).await,
            Self::Check(check) => check.run(context).await,
            Self::Bench(bench) => bench.run(context).await,
            Self::Use(Named { name }) => {
                let answer = client
                    .post(&format!("{MODELS}/{}/use", escaped(&name)), &json!({}))
                    .await?;
                context.answer(&answer, says)
            }
        }
    }
}

impl PullModel {
    fn wish(&self) -> Result<Value, Failure> {
        let token = match &self.token_file {
            Some(file) => {
                let token = std::fs::read_to_string(file)
                    .map_err(|error| Failure::usage(format!("{} cannot be read ({error})", file.display())))?;
                Some(token.trim().to_owned())
            }
            None => None,
        };
        Ok(json!({
            "url": self.url,
            "name": self.name,
            "sha256": self.sha256,
            "token": token,
            "allow_http": self.allow_http,
            "allow_internal": self.allow_internal,
        }))
    }

    /// Stops the download that the server runs for this address.
    async fn stop(&self, context: &Context, client: &Client) -> Result<(), Failure> {
        let known = client.get(PULLS).await?;
        let address = self.url.split(['?', '#']).next().unwrap_or_default();
        let running = list(&known, "/items")
            .iter()
            .find(|pull| text(pull, "/source") == address && !is_over(pull));
        let Some(pull) = running else {
            return Err(Failure::new(
                Code::NotFound,
                format!("no download of {address} is running; nothing was changed"),
            ));
        };
        client
            .delete(&format!("{PULLS}/{}", escaped(text(pull, "/id"))))
            .await?;
        context.answer(&json!({ "id": pull["id"], "name": pull["name"] }), |_| {
            "It is stopped. What has come is kept: the same command without --cancel goes on from there.".to_owned()
        })
    }
}

/// Waits until a model has come in, with a bar for whoever watches. What the server does goes on without us.
async fn arrived(client: &Client, mut arrival: Value) -> Result<Value, Failure> {
    let path = format!("{PULLS}/{}", escaped(text(&arrival, "/id")));
    let bar = output::bytes();
    while !is_over(&arrival) {
        show(&bar, &arrival);
        tokio::time::sleep(LOOK_EVERY).await;
        arrival = client.get(&path).await?;
    }
    bar.finish_and_clear();
    match text(&arrival, "/state") {
        "done" => Ok(arrival),
        "cancelled" => Err(Failure::failed(
            "the model did not come in: it was stopped; run the same command again to go on",
        )),
        _ => Err(Failure::failed(text(&arrival, "/problem"))),
    }
}

fn is_over(arrival: &Value) -> bool {
    matches!(text(arrival, "/state"), "done" | "failed" | "cancelled")
}

fn show(bar: &ProgressBar, arrival: &Value) {
    let size = |pointer| u64::try_from(number(arrival, pointer)).unwrap_or_default();
    let what = match text(arrival, "/state") {
        "fetching" => "Fetching",
        "hashing" => "Checking its SHA-256",
        "storing" => "Storing",
        "waiting" => "Broke off, trying again soon",
        _ => "Looking at it",
    };
    if bar.message() != what {
        bar.set_message(what);
        bar.reset_eta();
    }
    match size("/bytes_total") {
        0 => bar.unset_length(),
        total => bar.set_length(total),
    }
    bar.set_position(size("/bytes_done"));
}

fn come_in(arrival: &Value) -> String {
    let notes = list(arrival, "/notes").iter().filter_map(Value::as_str);
    let notes: String = notes.map(|note| format!("{note}\n")).collect();
    let name = text(arrival, "/name");
    let next = match text(arrival, "/purpose") {
        "adapter" => format!(
            "{name} is in the catalogue. From the next start of Holdpoint on it can be tried: holdpoint model try {name}"
        ),
        _ => format!("{name} is in the catalogue. To use it: holdpoint model use {name}"),
    };
    notes + &next
}

fn says(answer: &Value) -> String {
    text(answer, "/says").to_owned()
}

fn models(answer: &Value) -> String {
    let rows: Vec<_> = list(answer, "/items").iter().map(row).collect();
    let table = if rows.is_empty() {
        format!(
            "There are no models in {}; bring some in: holdpoint model add FILE, or holdpoint model pull URL",
            text(answer, "/folder")
        )
    } else {
        output::table(["MODEL", "FOR", "SIZE", "IN USE", "FILE", "FROM"], &rows)
    };
    let unfinished = list(answer, "/unfinished").iter().map(|part| {
        let (name, source) = (text(part, "/name"), text(part, "/source"));
        let bytes = |pointer| indicatif::DecimalBytes(u64::try_from(number(part, pointer)).unwrap_or_default());
        let total = if part["bytes_total"].is_null() {
            String::new()
        } else {
            format!(" of {}", bytes("/bytes_total"))
        };
        format!(
            "\nUnfinished: {name}, {}{total}. To go on: holdpoint model pull {source}. To discard it: holdpoint model remove {name}",
            bytes("/bytes_done")
        )
    });
    table + &unfinished.collect::<String>()
}

fn row(model: &Value) -> [String; 6] {
    let purpose = match text(model, "/purpose") {
        "chat" => "writing",
        "embed" => "finding",
        "adapter" => "adapter",
        _ => "no model",
    };
    let in_use = match text(model, "/in_use") {
        "configuration" => "by a setting",
        "choice" => "yes",
        "default" => "by default",
        _ => "",
    };
    let pinned = model["pinned"].as_bool().unwrap_or_default();
    let state = match (text(model, "/state"), pinned) {
        ("present", true) => "present",
        ("present", false) => "not pinned",
        ("changed", _) => "CHANGED since it was pinned",
        _ => "MISSING",
    };
    let from = match text(model, "/source") {
        "" => text(model, "/file"),
        source => source,
    };
    let bytes = u64::try_from(number(model, "/bytes")).unwrap_or_default();
    [
        text(model, "/name").to_owned(),
        purpose.to_owned(),
        indicatif::DecimalBytes(bytes).to_string(),
        in_use.to_owned(),
        state.to_owned(),
        short(from, 80),
    ]
}
