//! What the page *Quality* costs where a million drafts are known.

use crate::report::{Report, median};
use crate::{Result, folder};
use holdpoint::app::{App, Caller, accounts, agents, evidence};
use holdpoint::domain::evidence::MonthName;
use holdpoint::domain::settings::AgentSettings;
use holdpoint::domain::time::Timestamp;
use holdpoint::store::{Location, Store};
use holdpoint::system;
use jiff::tz::TimeZone;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection};
use std::path::Path;
use std::time::Instant;

const DRAFTS: i64 = 1_000_000;
const TIMES: usize = 7;
const TOPICS: i64 = 12;

pub(crate) async fn measure(report: &mut Report) -> Result<()> {
    let folder = folder()?;
    let file = folder.path().join("holdpoint.db");
    let location = Location::Sqlite(file.clone());
    let app = App::new(Store::open(&location, system::sources()).await?, None);
    let workspace = accounts::create_workspace(&app, "shop", "A shop").await?;
    let admin = Caller::admin(workspace);
    agents::create(&app, &admin, AgentSettings::default()).await?;
    fill(&file, system::sources().clock.now()).await?;
    let (mut quality, mut accuracy) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let began = Instant::now();
        let known = evidence::quality(&app, &admin).await?;
        quality.push(began.elapsed().as_secs_f64() * 1e3);
        let counted: u64 = known.months.iter().map(|month| month.counts.sent).sum();
        if counted < 500_000 {
            return Err(format!("only {counted} answers were counted").into());
        }
        let began = Instant::now();
        evidence::accuracy(&app, &admin).await?;
        accuracy.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let note = format!("median of {TIMES}; three months, nothing remembered between two looks");
    report.add(
        "figures of the page Quality over a million drafts",
        median(&quality),
        "ms",
        None,
        note,
    );
    report.add(
        "accuracy by topic and agent version over them",
        median(&accuracy),
        "ms",
        None,
        format!("median of {TIMES}; {TOPICS} topics"),
    );
    app.store().close().await;
    Ok(())
}

/// Three months of drafts, seven of ten sent, two of a hundred of those judged; as rows alone, without conversations.
async fn fill(file: &Path, now: Timestamp) -> Result<()> {
    let month = MonthName::of(now, &TimeZone::UTC);
    let mut connection = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        .disable_statement_logging()
        .connect()
        .await?;
    for back in 0..3 {
        let month = month.plus(-back);
        let begins = month.begins(&TimeZone::UTC).0;
        sqlx::query(
            "INSERT OR REPLACE INTO sampling_months (workspace_id, month, draw_key, commitment, cuts, probabilities, requeue_probability, \
             drawn_through, sent, opened_at) SELECT id, $1, randomblob(32), randomblob(32), '[0.2,0.3,0.4,0.5]', '[0.02,0.02,0.02,0.02,0.02]', \
             0.1, 0, $2, $3 FROM workspaces",
        )
        .bind(month.to_string())
        .bind(format!("[{0},{0},{0},{0},{0}]", DRAFTS * 7 / 150))
        .bind(begins)
        .execute(&mut connection)
        .await?;
        sqlx::query(
            "INSERT INTO evidence WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1), \
             d AS (SELECT i, i % 10 < 7 AS sent, i % 50 = 0 AS drawn FROM n) \
             SELECT randomblob(16), w.id, randomblob(16), v.id, $2, 'quote', 0, (i % 1000) / 1000.0, 'topic ' || (i % $3), 0, 0, randomblob(32), sent, \
             CASE WHEN sent THEN i % 5 END, CASE WHEN sent THEN 0.02 END, i + 1, sent AND drawn, NULL, 0, 0, \
             CASE WHEN drawn OR NOT sent THEN CASE WHEN i % 20 = 0 THEN 'bad' ELSE 'acceptable' END END, \
             CASE WHEN drawn AND sent THEN 'sample' WHEN NOT sent THEN 'gate' END, CASE WHEN drawn OR NOT sent THEN $4 + i END, NULL, NULL, 0, $4 + i \
             FROM d, workspaces w, agent_versions v",
        )
        .bind(DRAFTS / 3)
        .bind(month.to_string())
        .bind(TOPICS)
        .bind(begins)
        .execute(&mut connection)
        .await?;
    }
    connection.close().await?;
    Ok(())
}
