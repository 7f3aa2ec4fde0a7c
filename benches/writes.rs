//! Durable messages per second: 64 visitors who write at once through the app, against a bare loop that writes the same rows
//! into the same tables under the same SQLite settings, in one run on one disk.
//!
//!     cargo bench --bench writes
//!
//! The loop has nobody to answer and nothing to check: no idempotency, no rules, no chained hashes. It runs twice, with a commit
//! for each message and with 64 messages to a commit; the app cannot be told when to commit, it batches what has queued up.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark may fail loudly, and prints its result"
)]

use holdpoint::app::visit::{self, Visitor};
use holdpoint::app::{App, Caller, accounts, agents};
use holdpoint::domain::settings::AgentSettings;
use holdpoint::store::{Location, Store};
use holdpoint::system;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{self, ConnectOptions as _, Connection as _, SqliteConnection};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinSet;
use uuid::Uuid;

/// Visitors who write at once.
const VISITORS: usize = 64;
/// Messages of each.
const MESSAGES: usize = 60;
/// Runs of everything; the best of each counts, as what disturbs can only slow down.
const RUNS: usize = 3;
/// What a visitor writes.
const TEXT: &str = "Hello! I ordered a lamp last week. When will it arrive, and can I still return it?";

/// A shop with conversations, each with its first message: what follows is the steady state.
async fn shop(file: &Path) -> (App, Vec<Visitor>) {
    let store = Store::open(&Location::Sqlite(file.to_owned()), system::sources())
        .await
        .unwrap();
    let app = App::new(store, None);
    let workspace = accounts::create_workspace(&app, "shop", "The Shop").await.unwrap();
    let settings = AgentSettings::default();
    let agent = agents::publish(&app, &Caller::admin(workspace), None, settings)
        .await
        .unwrap();
    let mut visitors = Vec::new();
    for _ in 0..VISITORS {
        let started = visit::start(&app, &agent.public_key).await.unwrap();
        let visitor = visit::visitor_of_token(&app, &started.token).await.unwrap().unwrap();
        visit::post(&app, &visitor, "first", TEXT).await.unwrap();
        visitors.push(visitor);
    }
    (app, visitors)
}

/// How long all messages took, and each of them.
async fn through_the_app(app: &App, visitors: &[Visitor]) -> (Duration, Vec<Duration>) {
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for &visitor in visitors {
        let app = app.clone();
        tasks.spawn(async move {
            let mut each = Vec::with_capacity(MESSAGES);
            for _ in 0..MESSAGES {
                let asked = Instant::now();
                let client_id = Uuid::now_v7().to_string();
                visit::post(&app, &visitor, &client_id, TEXT).await.unwrap();
                each.push(asked.elapsed());
            }
            each
        });
    }
    let mut each: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    each.sort_unstable();
    (begun.elapsed(), each)
}

/// Every row that a message of a running turn writes, without a question asked.
struct Bare {
    connection: SqliteConnection,
    workspace: Uuid,
    log_seq: i64,
    conversations: Vec<(Uuid, Uuid, i64)>,
}

impl Bare {
    async fn open(file: &Path) -> Self {
        let mut connection = SqliteConnectOptions::new()
            .filename(file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .disable_statement_logging()
            .connect()
            .await
            .unwrap();
        let (workspace,): (Uuid,) = sqlx::query_as("SELECT id FROM workspaces")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let (log_seq,): (i64,) = sqlx::query_as("SELECT max(seq) FROM log_entries")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        let conversations =
            "SELECT c.id, t.id, c.last_seq FROM conversations c JOIN turns t ON t.conversation_id = c.id";
        let conversations = sqlx::query_as(conversations).fetch_all(&mut connection).await.unwrap();
        Self {
            connection,
            workspace,
            log_seq,
            conversations,
        }
    }

    async fn write(&mut self, nth: usize) {
        let Self {
            connection,
            workspace,
            log_seq,
            conversations,
        } = self;
        let (conversation, turn, seq) = conversations.get_mut(nth % VISITORS).unwrap();
        let (message, job, client_id) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7().to_string());
        let at = 1_790_000_000_000_i64 + i64::try_from(nth).unwrap();
        *seq += 1;
        *log_seq += 1;
        sqlx::query("UPDATE turns SET revision = $1, last_message_at = $2 WHERE id = $3")
            .bind(*seq)
            .bind(at)
            .bind(*turn)
            .execute(&mut *connection)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO jobs (id, workspace_id, kind, subject_id, run_at, attempts) VALUES ($1, $2, 'draft', $3, $4, 0) \
             ON CONFLICT (kind, subject_id) DO UPDATE SET id = excluded.id, run_at = excluded.run_at",
        )
        .bind(job)
        .bind(*workspace)
        .bind(*conversation)
        .bind(at)
        .execute(&mut *connection)
        .await
        .unwrap();
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
        .bind(client_id)
        .bind(at)
        .execute(&mut *connection)
        .await
        .unwrap();
        sqlx::query("UPDATE conversations SET last_seq = $1, updated_at = $2 WHERE id = $3")
            .bind(*seq)
            .bind(at)
            .bind(*conversation)
            .execute(&mut *connection)
            .await
            .unwrap();
        sqlx::query(
            "INSERT INTO log_entries (workspace_id, seq, at, kind, actor, refs, salt, content, content_digest, previous, hash) \
             VALUES ($1, $2, $3, 'message.created', $4, $5, $6, $7, $8, $8, $8)",
        )
        .bind(*workspace)
        .bind(*log_seq)
        .bind(at)
        .bind(format!("visitor:{conversation}"))
        .bind(format!(
            r#"{{"conversation":"{conversation}","message":"{message}","revision":"{seq}","seq":"{seq}","turn":"{turn}"}}"#
        ))
        .bind([7_u8; 16].as_slice())
        .bind(format!(r#"{{"text":"{TEXT}"}}"#))
        .bind([8_u8; 32].as_slice())
        .execute(&mut *connection)
        .await
        .unwrap();
    }

    /// All messages, `batch` to a commit.
    async fn loop_of(&mut self, batch: usize) -> Duration {
        let begun = Instant::now();
        for first in (0..VISITORS * MESSAGES).step_by(batch) {
            self.execute("BEGIN IMMEDIATE").await;
            for nth in first..(first + batch).min(VISITORS * MESSAGES) {
                self.write(nth).await;
            }
            self.execute("COMMIT").await;
        }
        begun.elapsed()
    }

    async fn execute(&mut self, sql: &'static str) {
        sqlx::query(sql).execute(&mut self.connection).await.unwrap();
    }
}

fn per_second(took: Duration) -> f64 {
    f64::from(u32::try_from(VISITORS * MESSAGES).unwrap()) / took.as_secs_f64()
}

fn milliseconds(each: &[Duration], share: usize) -> f64 {
    each[(each.len() - 1) * share / 100].as_secs_f64() * 1_000.0
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    // On the disk that is measured, not in memory.
    let folder = TempDir::new_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let mut best = [Duration::MAX; 3];
    let mut latencies = Vec::new();
    for run in 0..RUNS {
        let file: PathBuf = folder.path().join(format!("{run}.db"));
        let (app, visitors) = shop(&file).await;
        let (took, each) = through_the_app(&app, &visitors).await;
        app.store().close().await;
        if took < best[0] {
            latencies = each;
        }
        let mut bare = Bare::open(&file).await;
        let one_by_one = bare.loop_of(1).await;
        let batched = bare.loop_of(VISITORS).await;
        bare.connection.close().await.unwrap();
        for (best, took) in best.iter_mut().zip([took, one_by_one, batched]) {
            *best = took.min(*best);
        }
    }
    let [app, one_by_one, batched] = best.map(per_second);
    println!(
        "{VISITORS} visitors at once, {MESSAGES} messages each, best of {RUNS} runs, every message synced before its answer"
    );
    println!(
        "app::visit::post            {app:>8.0} messages/s   answered in {:.1} ms (median), {:.1} ms (99 %)",
        milliseconds(&latencies, 50),
        milliseconds(&latencies, 99)
    );
    println!(
        "bare loop, 1 to a commit    {one_by_one:>8.0} messages/s   ratio app/loop {:.2}",
        app / one_by_one
    );
    println!(
        "bare loop, 64 to a commit   {batched:>8.0} messages/s   ratio app/loop {:.2}",
        app / batched
    );
}
