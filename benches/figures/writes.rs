//! Durable messages a second, against a bare loop over the same SQLite settings in the same run.

use crate::report::{Report, median};
use crate::{Result, folder};
use futures::future::try_join_all;
use holdpoint::app::visit::{self, Visitor};
use holdpoint::app::{App, Caller, accounts, agents};
use holdpoint::domain::settings::AgentSettings;
use holdpoint::store::{Location, Store};
use holdpoint::system;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, Connection, SqliteConnection};
use std::time::Instant;

/// Visitors who write at the same time, each waiting for one message before the next.
const VISITORS: usize = 64;
/// Messages of each visitor in a round.
const EACH: usize = 32;
/// Rounds; in each all ways take turns, so that a disk or a machine that changes its pace changes it for all.
const ROUNDS: usize = 5;
/// Messages in one commit of the batched bare loop: as many as the writer takes.
const BATCH: usize = 64;
const TEXT: &str = "Do you have a women's road bike in size 54 that I could try on Saturday morning?";

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let folder = folder()?;
    let store = Store::open(&Location::Sqlite(folder.path().join("holdpoint.db")), system::sources()).await?;
    let app = App::new(store, None);
    let visitors = visitors(&app).await?;
    let mut bare = bare(&folder.path().join("bare.db")).await?;
    let (mut ours, mut single, mut batched) = (Vec::new(), Vec::new(), Vec::new());
    let mut written = 0;
    for round in 0..ROUNDS {
        single.push(insert(&mut bare, &mut written, 1, VISITORS * EACH / 8).await?);
        batched.push(insert(&mut bare, &mut written, BATCH, VISITORS * EACH).await?);
        ours.push(post(&app, &visitors, round).await?);
    }
    bare.close().await?;
    app.stop().await;
    app.store().close().await;

    let (ours, single, batched) = (median(&ours), median(&single), median(&batched));
    let note = format!(
        "median of {ROUNDS} rounds; {VISITORS} visitors at once: deduplicated, turn, job and log entry included, each answered after its commit"
    );
    report.add("durable messages", ours, "a second", None, note);
    report.add(
        "bare loop, one message a commit",
        single,
        "a second",
        None,
        "one INSERT, same settings, same rounds",
    );
    report.add(
        "bare loop, 64 messages a commit",
        batched,
        "a second",
        None,
        "the same INSERT",
    );
    report.add("durable messages : one a commit", ours / single, "times", None, "");
    report.add("durable messages : 64 a commit", ours / batched, "times", None, "");
    Ok(())
}

async fn visitors(app: &App) -> Result<Vec<Visitor>> {
    let workspace = accounts::create_workspace(app, "shop", "A shop").await?;
    let agent = agents::publish(app, &Caller::admin(workspace), None, AgentSettings::default()).await?;
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let started = visit::start(app, &agent.public_key).await?;
        visitors.extend(visit::visitor_of_token(app, &started.token).await?);
    }
    Ok(visitors)
}

/// Messages a second.
async fn post(app: &App, visitors: &[Visitor], round: usize) -> Result<f64> {
    let began = Instant::now();
    let writing = visitors.iter().map(|visitor| {
        let (app, visitor) = (app.clone(), *visitor);
        tokio::spawn(async move {
            for number in 0..EACH {
                visit::post(&app, &visitor, &format!("{round}-{number}"), TEXT).await?;
            }
            Ok::<_, holdpoint::app::AppError>(())
        })
    });
    for written in try_join_all(writing).await? {
        written?;
    }
    Ok(per_second(VISITORS * EACH, began))
}

/// A table like the one of messages, and nothing else.
async fn bare(path: &std::path::Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let table = "CREATE TABLE message (id BLOB PRIMARY KEY, conversation_id BLOB NOT NULL, seq INTEGER NOT NULL, \
                 body TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (conversation_id, seq))";
    sqlx::query(table).execute(&mut connection).await?;
    Ok(connection)
}

/// Messages a second, `batch` in each commit.
async fn insert(connection: &mut SqliteConnection, written: &mut i64, batch: usize, many: usize) -> Result<f64> {
    let sources = system::sources();
    let conversation = sources.ids.next();
    let began = Instant::now();
    for _ in 0..many / batch {
        let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
        for _ in 0..batch {
            *written += 1;
            sqlx::query("INSERT INTO message VALUES (?, ?, ?, ?, ?)")
                .bind(sources.ids.next())
                .bind(conversation)
                .bind(*written)
                .bind(TEXT)
                .bind(sources.clock.now().0)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
    }
    Ok(per_second(many, began))
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn per_second(many: usize, began: Instant) -> f64 {
    many as f64 / began.elapsed().as_secs_f64()
}
