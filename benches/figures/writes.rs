//! Durable messages a second: 64 visitors who write at once through the app, against a bare loop that writes the same rows
//! into the same tables under the same SQLite settings, in the same run on the same disk.
//!
//! The loop has nobody to answer and nothing to check: no idempotency, no rules, no savepoints, no chained hashes.

use crate::report::{Report, median, quantile};
use crate::{Result, folder};
use futures::future::try_join_all;
use holdpoint::app::visit::{self, Visitor};
use holdpoint::app::{App, AppError, Caller, accounts, agents};
use holdpoint::domain::settings::AgentSettings;
use holdpoint::store::{Location, Store};
use holdpoint::system;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions, Connection, SqliteConnection};
use std::path::Path;
use std::time::Instant;
use uuid::Uuid;

/// Visitors who write at the same time, each waiting for one message before the next; as many as the writer takes into one
/// commit, and the batched loop too.
const VISITORS: usize = 64;
/// Messages of each visitor in a round.
const EACH: usize = 40;
/// Rounds; in each all ways take turns, so that a disk or a machine that changes its pace changes it for all.
const ROUNDS: usize = 5;
const TEXT: &str = "Hello! I ordered a lamp last week. When will it arrive, and can I still return it?";

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let (mut ours, mut waits, mut single, mut batched) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let folder = folder()?;
        let file = folder.path().join("holdpoint.db");
        let (app, visitors) = shop(&file).await?;
        ours.push(through_the_app(&app, &visitors, &mut waits).await?);
        app.store().close().await;
        let mut bare = Bare::open(&file).await?;
        single.push(bare.write_all(1).await?);
        batched.push(bare.write_all(VISITORS).await?);
        bare.connection.close().await?;
    }
    let note = format!(
        "median of {ROUNDS} rounds; {VISITORS} visitors at once, answered after {:.0} ms (median), {:.0} ms (99 %)",
        median(&waits),
        quantile(&waits, 0.99),
    );
    let (ours, single, batched) = (median(&ours), median(&single), median(&batched));
    let unit = "a second";
    report.add("durable messages", ours, unit, None, note);
    report.add(
        "bare loop, a commit for each message",
        single,
        unit,
        None,
        "the same rows, tables and settings",
    );
    report.add("bare loop, 64 messages to a commit", batched, unit, None, "the same");
    report.add("durable messages : a commit for each", ours / single, "ratio", None, "");
    report.add("durable messages : 64 to a commit", ours / batched, "ratio", None, "");
    Ok(())
}

/// A shop with conversations, each with its first message: what follows is the steady state.
async fn shop(file: &Path) -> Result<(App, Vec<Visitor>)> {
    let store = Store::open(&Location::Sqlite(file.to_owned()), system::sources()).await?;
    let app = App::new(store, None);
    let workspace = accounts::create_workspace(&app, "shop", "A shop").await?;
    let agent = agents::create(&app, &Caller::admin(workspace), AgentSettings::default()).await?;
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let started = visit::start(&app, &agent.public_key, None).await?;
        let visitor = visit::visitor_of_token(&app, &started.token).await?;
        let visitor = visitor.ok_or("a visitor who has just come is not known")?;
        visit::post(&app, &visitor, "first", TEXT).await?;
        visitors.push(visitor);
    }
    Ok((app, visitors))
}

/// Messages a second; adds how many milliseconds each took.
async fn through_the_app(app: &App, visitors: &[Visitor], waits: &mut Vec<f64>) -> Result<f64> {
    let began = Instant::now();
    let writing = visitors.iter().map(|visitor| {
        let (app, visitor) = (app.clone(), *visitor);
        tokio::spawn(async move {
            let mut waits = Vec::with_capacity(EACH);
            for number in 0..EACH {
                let asked = Instant::now();
                visit::post(&app, &visitor, &number.to_string(), TEXT).await?;
                waits.push(asked.elapsed().as_secs_f64() * 1e3);
            }
            Ok::<_, AppError>(waits)
        })
    });
    for written in try_join_all(writing).await? {
        waits.extend(written?);
    }
    Ok(per_second(began))
}

/// Every row that a message of a running turn writes, without a question asked.
struct Bare {
    connection: SqliteConnection,
    workspace: Uuid,
    log_seq: i64,
    /// Conversation, turn, last sequence.
    conversations: Vec<(Uuid, Uuid, i64)>,
}

impl Bare {
    async fn open(file: &Path) -> Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging()
            .connect()
            .await?;
        let (workspace,) = sqlx::query_as("SELECT id FROM workspaces")
            .fetch_one(&mut connection)
            .await?;
        let (log_seq,) = sqlx::query_as("SELECT max(seq) FROM log_entries")
            .fetch_one(&mut connection)
            .await?;
        let conversations =
            "SELECT c.id, t.id, c.last_seq FROM conversations c JOIN turns t ON t.conversation_id = c.id";
        let conversations = sqlx::query_as(conversations).fetch_all(&mut connection).await?;
        Ok(Self {
            connection,
            workspace,
            log_seq,
            conversations,
        })
    }

    /// As many messages as the visitors wrote, `batch` to a commit; messages a second.
    async fn write_all(&mut self, batch: usize) -> Result<f64> {
        let began = Instant::now();
        for first in (0..VISITORS * EACH).step_by(batch) {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await?;
            for number in first..first + batch {
                self.write(number % VISITORS).await?;
            }
            sqlx::query("COMMIT").execute(&mut self.connection).await?;
        }
        Ok(per_second(began))
    }

    async fn write(&mut self, visitor: usize) -> Result<()> {
        let Self {
            connection,
            workspace,
            log_seq,
            conversations,
        } = self;
        let (conversation, turn, seq) = conversations.get_mut(visitor).ok_or("no such conversation")?;
        let sources = system::sources();
        let (message, job, at) = (sources.ids.next(), sources.ids.next(), sources.clock.now().0);
        *seq += 1;
        *log_seq += 1;
        sqlx::query("UPDATE turns SET revision = $1, last_message_at = $2 WHERE id = $3")
            .bind(*seq)
            .bind(at)
            .bind(*turn)
            .execute(&mut *connection)
            .await?;
        sqlx::query(
            "INSERT INTO jobs (id, workspace_id, kind, subject_id, run_at, attempts) VALUES ($1, $2, 'draft', $3, $4, 0) \
             ON CONFLICT (kind, subject_id) DO UPDATE SET id = excluded.id, run_at = excluded.run_at",
        )
        .bind(job)
        .bind(*workspace)
        .bind(*conversation)
        .bind(at)
        .execute(&mut *connection)
        .await?;
        sqlx::query(
            "INSERT INTO messages (id, workspace_id, conversation_id, turn_id, seq, author, body, client_id, epoch, created_at) \
             VALUES ($1, $2, $3, $4, $5, 'visitor', $6, $7, 0, $8)",
        )
        .bind(message)
        .bind(*workspace)
        .bind(*conversation)
        .bind(*turn)
        .bind(*seq)
        .bind(TEXT)
        .bind(message.to_string())
        .bind(at)
        .execute(&mut *connection)
        .await?;
        sqlx::query("UPDATE conversations SET last_seq = $1, updated_at = $2 WHERE id = $3")
            .bind(*seq)
            .bind(at)
            .bind(*conversation)
            .execute(&mut *connection)
            .await?;
        let refs = format!(
            r#"{{"conversation":"{conversation}","message":"{message}","revision":"{seq}","seq":"{seq}","turn":"{turn}"}}"#
        );
        sqlx::query(
            "INSERT INTO log_entries (workspace_id, seq, at, kind, actor, refs, salt, content, content_digest, previous, hash) \
             VALUES ($1, $2, $3, 'message.created', $4, $5, $6, $7, $8, $8, $8)",
        )
        .bind(*workspace)
        .bind(*log_seq)
        .bind(at)
        .bind(format!("visitor:{conversation}"))
        .bind(refs)
        .bind([7_u8; 16].as_slice())
        .bind(format!(r#"{{"text":"{TEXT}"}}"#))
        .bind([8_u8; 32].as_slice())
        .execute(&mut *connection)
        .await?;
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand")]
fn per_second(began: Instant) -> f64 {
    (VISITORS * EACH) as f64 / began.elapsed().as_secs_f64()
}
