//! `holdpoint demo`: an invented bicycle shop, served from this machine; with `--check`, asked and reviewed unattended; with `--months`, with
//! two more businesses and the months behind them.

mod ask;
mod check;
mod half_year;
mod load;
mod transcript;

use super::admin::setup_link;
use super::context::Context;
use super::exit::Failure;
use super::output;
use super::server::{Server, stop_on_signals};
use super::show::text;
use crate::domain::time::Timestamp;
use crate::web::WebSettings;
use clap::Args;
use half_year::{Size, Wish};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Longest wait for the models.
const MODELS_WITHIN: Duration = Duration::from_mins(3);

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Ask the demo's questions, review the answers and tell whether each was delivered, then stop
    #[arg(long)]
    check: bool,
    /// Port on 127.0.0.1 [default: that of `listen`]
    #[arg(long, conflicts_with = "listen")]
    port: Option<u16>,
    /// Build so many months of three businesses first, 1 to 6, as if they had passed: in an empty data directory, in a few minutes
    #[arg(long, value_name = "N", conflicts_with = "check", value_parser = clap::value_parser!(u32).range(1..=6))]
    months: Option<u32>,
    /// How much happens in them
    #[arg(long, value_enum, default_value = "normal", requires = "months")]
    size: Size,
    /// Build the months and stop, without a server
    #[arg(long, requires = "months")]
    only_build: bool,
    /// Another number, another history; the same number and the same end make the same logs
    #[arg(long, value_name = "NUMBER", default_value_t = 8, requires = "months")]
    seed: u64,
    /// When the months end, as 2026-11-20T18:00:00Z [default: now]
    #[arg(long, value_name = "TIME", requires = "months")]
    until: Option<jiff::Timestamp>,
}

impl Demo {
    pub(crate) async fn run(self, mut context: Context) -> Result<(), Failure> {
        if let Some(port) = self.port {
            context.resolved.settings.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        }
        if let Some(months) = self.months {
            let wish = Wish {
                months,
                size: self.size,
                seed: self.seed,
                until: self.until.map(|at| Timestamp(at.as_millisecond())),
            };
            let built = half_year::build(&context, wish).await?;
            context.answer(&built, built_in_words)?;
            if self.only_build {
                return Ok(());
            }
        }
        let server = Server::open(&context).await?;
        stop_on_signals(server.stopper())?;
        let client = server.client()?.for_workspace(Some(load::WORKSPACE))?;
        let loaded = load::load(&client, server.origin()).await?;
        let web = WebSettings {
            demo_agent: Some(loaded.agent.clone()),
            ..WebSettings::default()
        };
        // A visitor's first question should find the models there.
        let bar = output::waiting("Loading the models");
        server.models_settled(MODELS_WITHIN).await;
        bar.finish_and_clear();
        if self.check {
            return check::run(&context, server, web, &client, &loaded).await;
        }
        let links = links(&client, server.origin(), loaded.has_owner).await?;
        context.answer(&links, in_words)?;
        server.serve(web).await
    }
}

/// Where to look: an owner signs in, and before there is one, signs up.
async fn links(client: &super::api::Client, origin: &str, has_owner: bool) -> Result<Value, Failure> {
    let console = if has_owner {
        format!("{origin}/login")
    } else {
        text(&setup_link(client, origin).await?, "/url").to_owned()
    };
    Ok(json!({ "console": console, "has_owner": has_owner, "shop": format!("{origin}/demo/") }))
}

fn built_in_words(report: &Value) -> String {
    format!(
        "{}\nEverybody in it signs in with the password {} (it is shown once).\n",
        half_year::in_words(report),
        text(report, "/password")
    )
}

fn in_words(links: &Value) -> String {
    let console = if links["has_owner"].as_bool().unwrap_or_default() {
        "The console, where answers wait for you:"
    } else {
        "The console, where answers wait for you (this link makes you the owner; it works once):"
    };
    format!(
        "\n{console}\n    {}\nThe demo shop, where a visitor asks:\n    {}\n\nStop it with Ctrl-C; what you did stays.",
        text(links, "/console"),
        text(links, "/shop"),
    )
}
