//! `holdpoint model check`: what the models can do, measured.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::show::{decimal, list, number, text};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use std::time::Duration;

/// How often a run is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Chat model to measure, on a remote engine with its name [default: the one in use]
    #[arg(long, value_name = "NAME[@ENGINE]")]
    chat: Option<String>,
    /// Adapter that the chat model is to write with
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Embedding model to measure [default: the one in use]
    #[arg(long, value_name = "NAME")]
    embed: Option<String>,
    /// Only this language [default: all]
    #[arg(long, value_enum)]
    language: Option<Language>,
    /// Leave the chat model out: seconds instead of minutes
    #[arg(long, conflicts_with_all = ["chat", "adapter"])]
    embedder_only: bool,
    /// Measure nothing, show what was found before
    #[arg(long, conflicts_with_all = ["chat", "adapter", "embed", "language", "embedder_only"])]
    show: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    /// English
    En,
    /// German
    De,
}

impl Language {
    const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }
}

const CHECKS: &str = "/api/v1/admin/models/checks";

impl Check {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let needs = if self.show { Needs::Database } else { Needs::ModelsAlone };
        Client::asked(context, needs, async |client| self.ask(context, client).await).await
    }

    async fn ask(self, context: &Context, client: &Client) -> Result<(), Failure> {
        if self.show {
            return context.answer(&client.get(CHECKS).await?, found);
        }
        let wish = json!({
            "chat_model": self.chat,
            "adapter": self.adapter,
            "embedder": self.embed,
            "languages": self.language.map(Language::code).into_iter().collect::<Vec<_>>(),
            "embedder_only": self.embedder_only,
        });
        let begun = client.post(CHECKS, &wish).await?;
        let answer = watched(client, &begun).await?;
        if !answer["failed"].is_null() {
            return Err(Failure::unavailable(text(&answer, "/failed").to_owned()));
        }
        context.answer(&answer, found)
    }
}

/// Follows a run to its end.
async fn watched(client: &Client, begun: &Value) -> Result<Value, Failure> {
    let total = usize::try_from(number(begun, "/total")).unwrap_or_default();
    let bar = output::filling("Measuring", total);
    loop {
        let answer = client.get(CHECKS).await?;
        if answer["running"].is_null() {
            bar.finish_and_clear();
            return Ok(answer);
        }
        bar.set_position(u64::try_from(number(&answer, "/running/done")).unwrap_or_default());
        bar.set_message(format!("Measuring: {}", text(&answer, "/running/doing")));
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn found(answer: &Value) -> String {
    let rows: Vec<[String; 5]> = list(answer, "/items").iter().flat_map(rows_of).collect();
    if rows.is_empty() {
        return "Nothing has been measured yet; measure with: holdpoint model check".to_owned();
    }
    output::table(["MODELS", "LANGUAGE", "ABILITY", "VERDICT", "FIGURES"], &rows)
}

/// One row for every figure; what does not change is written once.
fn rows_of(check: &Value) -> Vec<[String; 5]> {
    let models = match text(check, "/chat_model") {
        "" => text(check, "/embedder").to_owned(),
        chat => format!("{chat} with {}", text(check, "/embedder")),
    };
    let of = |pointer| text(check, pointer).to_owned();
    let mut head = [models, of("/language"), of("/ability"), of("/verdict")];
    let figures = list(check, "/measures").iter().map(figure);
    let why = Some(of("/why")).filter(|why| !why.is_empty());
    let mut figures: Vec<String> = figures.chain(why).collect();
    if figures.is_empty() {
        figures.push(String::new());
    }
    let rows = figures.into_iter().map(|figure| {
        let [models, language, ability, verdict] = std::mem::take(&mut head);
        [models, language, ability, verdict, figure]
    });
    rows.collect()
}

fn figure(measure: &Value) -> String {
    let percent = |pointer| decimal(measure, pointer) * 100.0;
    format!(
        "{}: {:.0} % of {}, at least {:.0} %, bar {:.0} %",
        text(measure, "/gauge").replace('_', " "),
        percent("/share"),
        number(measure, "/asked"),
        percent("/lower"),
        percent("/bar")
    )
}
