//! `holdpoint gate`: how far the gate is open, and who opened it.

use super::api::Client;
use super::assemble::Needs;
use super::context::Context;
use super::exit::Failure;
use super::show::{joined, list, text, time};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

const GATE: &str = "/api/v1/gate";

#[derive(Debug, Args)]
pub(crate) struct Gate {
    /// Member in whose name you act
    #[arg(long = "as", value_name = "EMAIL", global = true)]
    member: Option<String>,
    #[command(subcommand)]
    command: GateCommand,
}

#[derive(Debug, Subcommand)]
enum GateCommand {
    /// What goes out without a person, and who let it
    Show,
    /// Let answers about these topics go out without a person, on your own responsibility
    Release(Release),
    /// Hold everything again, or what is about these topics
    Close(Close),
}

#[derive(Debug, Args)]
struct Release {
    /// Names of topics
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
}

#[derive(Debug, Args)]
struct Close {
    /// Names of topics [default: all]
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
}

impl Gate {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        context.member = self.member;
        let answer = Client::asked(&context, Needs::Database, async |client| match self.command {
            GateCommand::Show => client.get(GATE).await,
            GateCommand::Release(Release { topics }) => client.post(GATE, &json!({ "release": topics })).await,
            GateCommand::Close(Close { topics }) => client.post(GATE, &json!({ "close": topics })).await,
        });
        context.answer(&answer.await?, gate)
    }
}

fn gate(answer: &Value) -> String {
    let mut lines = vec![text(answer, "/in_words").to_owned()];
    lines.extend(list(answer, "/released").iter().map(|released| {
        format!(
            "    “{}”, released by {} on {}",
            text(released, "/topic"),
            text(released, "/by"),
            time(released, "/at")
        )
    }));
    let others = joined(answer, "/can_be_released");
    if !others.is_empty() {
        lines.push(format!("Topics that could be released: {others}"));
    }
    lines.join("\n")
}
