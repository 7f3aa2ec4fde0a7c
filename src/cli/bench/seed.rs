//! `holdpoint bench seed`: a database with very many conversations, to see what pages and jobs do with them.
//!
//! The workspace, its people, its agent and its knowledge are made by the application. The conversations are rows, written as rows: many in a
//! transaction, past the application's rules, which would take hours. They are what the application would have left behind: every constraint of the
//! schema holds, the log is one chain, and what is released carries the digest of its text.

mod answers;
mod rows;
mod turns;

use self::rows::{Batch, House, Maker};
use crate::app::accounts::{self, NewMember};
use crate::app::{App, AppError, Caller, agents, insight, knowledge};
use crate::cli::context::Context;
use crate::cli::exit::Failure;
use crate::cli::fresh::Fresh;
use crate::cli::output;
use crate::domain::account::Role;
use crate::domain::ids::RandomSource;
use crate::domain::settings::AgentSettings;
use crate::domain::time::{Clock, Timestamp};
use crate::store::{Change, Store, StoreError, Tx};
use crate::system::{self, SystemClock, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// Conversations of one transaction.
const AT_ONCE: u64 = 1_000;
/// The time they are spread over, in milliseconds: a year.
const SPREAD_MS: i64 = 365 * 86_400_000;
const FAQ: &[u8] = include_bytes!("../../../examples/demo/faq.json");

/// A clock that stands before everything, and after it once all is written.
#[derive(Debug)]
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn uptime_ms(&self) -> i64 {
        0
    }
}

#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// How many conversations
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    conversations: u64,
    /// Another number, other conversations
    #[arg(long = "seed", value_name = "NUMBER", default_value_t = 8)]
    luck: u64,
    /// Also count what the conversations were, as a server does once it is started: takes longer than all the rest
    #[arg(long)]
    analyse: bool,
}

impl Seed {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let fresh = Fresh::begin(context)?;
        let began = Instant::now();
        let end = SystemClock.now();
        let clock = Arc::new(Standing(AtomicI64::new(end.plus_ms(-SPREAD_MS).0)));
        let sources = system::sources_at(clock.clone());
        let store = Store::open_to_build(&fresh.location(), sources).await?;
        let app = App::new(store, None);
        let filled = self.fill(&app, (end, &clock)).await;
        app.stop().await;
        let (owner, password) = filled?;
        fresh.finish()?;
        let answer = json!({
            "workspace": WORKSPACE,
            "conversations": self.conversations,
            "owner": owner,
            "password": password,
            "seconds": began.elapsed().as_secs_f64(),
        });
        context.answer(&answer, |answer| {
            format!(
                "{} conversations in {:.0} s. Sign in as {OWNER} with the password {password} (it is shown once).",
                answer["conversations"],
                answer["seconds"].as_f64().unwrap_or_default()
            )
        })
    }

    async fn fill(&self, app: &App, (end, clock): (Timestamp, &Standing)) -> Result<(&'static str, String), Failure> {
        let told = |error: AppError| Failure::failed(format!("the database could not be filled: {error}"));
        let (house, password) = set_up(app).await.map_err(told)?;
        let mut maker = Maker::new(house, self.luck);
        let bar = output::filling(
            "Writing conversations",
            usize::try_from(self.conversations).unwrap_or(usize::MAX),
        );
        let mut written = 0;
        while written < self.conversations {
            let number = AT_ONCE.min(self.conversations - written);
            let mut batch = Batch::default();
            for nth in written..written + number {
                maker.conversation(&mut batch, moment(end, nth, self.conversations));
            }
            write(app.store(), maker.house().workspace_id, batch)
                .await
                .map_err(told)?;
            written += number;
            bar.inc(number);
        }
        bar.finish_and_clear();
        clock.0.store(end.0, Ordering::SeqCst);
        if self.analyse {
            let bar = output::waiting("Counting what they were");
            let counted = insight::catch_up(app, maker.house().workspace_id).await;
            bar.finish_and_clear();
            counted.map_err(told)?;
        }
        Ok((OWNER, password))
    }
}

const WORKSPACE: &str = "scale";
const OWNER: &str = "owner@scale.example";

/// When the `nth` of `all` begins: spread evenly, until a minute ago.
fn moment(end: Timestamp, nth: u64, all: u64) -> Timestamp {
    let part = i128::from(SPREAD_MS - 120_000) * i128::from(nth) / i128::from(all.max(1));
    end.plus_ms(-SPREAD_MS + i64::try_from(part).unwrap_or_default())
}

/// Everything but the conversations, by the application.
async fn set_up(app: &App) -> Result<(House, String), AppError> {
    let mut password = [0; 9];
    SystemRandom.fill(&mut password);
    let password = URL_SAFE_NO_PAD.encode(password);
    let workspace_id = accounts::create_workspace(app, WORKSPACE, "A very busy shop").await?;
    let admin = Caller::admin(workspace_id);
    let owner = NewMember {
        email: OWNER.to_owned(),
        name: "Mia".to_owned(),
        password: Some(password.clone()),
        role: Role::Owner,
    };
    let member_id = accounts::add_member(app, &admin, owner).await?;
    let settings = AgentSettings {
        name: "Juno".to_owned(),
        business: "A very busy shop".to_owned(),
        ..AgentSettings::default()
    };
    let agent = agents::create(app, &admin, settings).await?;
    let import = knowledge::Import {
        name: "faq.json".to_owned(),
        collection: "shop".to_owned(),
        bytes: FAQ.to_vec(),
        ..knowledge::Import::default()
    };
    knowledge::import(app, &admin, import).await?;
    let rows = app.store().rows(workspace_id);
    let version = rows.agent(agent.id).await?.and_then(|agent| agent.version_id);
    let house = House {
        workspace_id,
        member_id,
        agent_id: agent.id,
        version_id: version.ok_or(AppError::NotFound("the agent's version"))?,
    };
    Ok((house, password))
}

/// Writes a batch in one transaction.
async fn write(store: &Store, workspace_id: crate::domain::ids::WorkspaceId, batch: Batch) -> Result<(), AppError> {
    let batch = Arc::new(batch);
    store
        .write(workspace_id, move |tx| {
            let batch = batch.clone();
            Box::pin(async move {
                put(tx, &batch).await?;
                Ok::<_, AppError>(Change::Unlogged(()))
            })
        })
        .await
}

/// In the order in which rows refer to one another. What the analysis makes of conversations is not among them: its job finds them in the log.
async fn put(tx: &Tx<'_>, batch: &Batch) -> Result<(), StoreError> {
    tx.insert_all(batch.visitors.clone()).await?;
    tx.insert_all(batch.conversations.clone()).await?;
    tx.insert_all(batch.turns.clone()).await?;
    tx.insert_all(batch.drafts.clone()).await?;
    tx.insert_all(batch.decisions.clone()).await?;
    tx.insert_all(batch.items.clone()).await?;
    tx.insert_all(batch.outcomes.clone()).await?;
    tx.insert_all(batch.verdicts.clone()).await?;
    tx.insert_all(batch.releases.clone()).await?;
    tx.insert_all(batch.messages.clone()).await?;
    tx.insert_all(batch.evidence.clone()).await?;
    tx.insert_all(batch.ratings.clone()).await?;
    tx.append_all(batch.entries.clone()).await
}
