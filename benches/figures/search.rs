//! What finding costs among 100 000 entries: one question after the other over the API, with the real embedder; and the start with so many.

use crate::client::Client;
use crate::report::{Report, median, quantile};
use crate::server::Server;
use crate::{Result, folder};
use holdpoint::stats::random::SplitMix64;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{self, ConnectOptions, Connection, Row};
use std::path::Path;
use std::time::{Duration, Instant};

const ENTRIES: usize = 100_000;
const QUESTIONS: usize = 200;
/// Far more than one entry takes.
const AMPLE: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(crate) async fn measure(report: &mut Report, models: &Path) -> Result<()> {
    let folder = folder()?;
    let data = folder.path().join("data");
    let mut server = Server::spawn("demo", &data, Some(models))?;
    server.ready()?;
    let file = data.join("holdpoint.db");
    embedded(&file).await?;
    server.stop()?;
    fill(&file).await?;

    let mut server = Server::spawn("serve", &data, Some(models))?;
    let began = Instant::now();
    server.first_answer()?;
    report.add(
        "start until the first answer, 100 000 entries",
        began.elapsed().as_secs_f64() * 1e3,
        "ms",
        Some(1_000.0),
        "nothing is read before a question",
    );
    server.ready()?;
    let administrator = server.socket();
    checked(&administrator).await?;
    let began = Instant::now();
    ask(&administrator, 0).await?;
    report.add(
        "first question after it",
        began.elapsed().as_secs_f64() * 1e3,
        "ms",
        None,
        "reads what entries are ranked by",
    );
    let mut took = Vec::with_capacity(QUESTIONS);
    for number in 1..=QUESTIONS {
        let began = Instant::now();
        ask(&administrator, number).await?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
    }
    report.add(
        "finding among 100 000 entries, 95 %",
        quantile(&took, 0.95),
        "ms",
        Some(30.0),
        format!(
            "of {QUESTIONS} questions, embedding and HTTP included; median {:.1}, slowest {:.1}",
            median(&took),
            quantile(&took, 1.0)
        ),
    );
    server.stop()
}

/// Waits until the embedder has been checked, which a new data directory does once: it shares the engine with whoever asks meanwhile.
async fn checked(administrator: &Client) -> Result<()> {
    let mut waited = Duration::ZERO;
    while waited < AMPLE {
        let checks = administrator.get("/api/v1/admin/models/checks").await?;
        let is_known = checks["items"].as_array().is_some_and(|found| !found.is_empty());
        if is_known && checks["running"].is_null() {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        waited += LOOK_AGAIN;
    }
    Err("the embedder was not checked".into())
}

async fn ask(administrator: &Client, number: usize) -> Result<()> {
    let path = format!("/api/v1/knowledge/search?q=can%20I%20bring%20back%20number%20{number}");
    let found = administrator.get(&path).await?;
    match found["items"].as_array().map(Vec::len) {
        Some(found) if found > 0 => Ok(()),
        _ => Err(format!("nothing was found: {found}").into()),
    }
}

async fn connect(file: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
    Ok(options.disable_statement_logging().connect().await?)
}

/// Waits for the first vectors: they tell the embedder's name and how long its vectors are.
async fn embedded(file: &Path) -> Result<()> {
    let mut connection = connect(file).await?;
    let mut waited = Duration::ZERO;
    while waited < AMPLE {
        let (count,): (i64,) = sqlx::query_as("SELECT count(*) FROM ranking_vectors")
            .fetch_one(&mut connection)
            .await?;
        if count > 0 {
            return Ok(connection.close().await?);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        waited += LOOK_AGAIN;
    }
    Err("nothing was embedded".into())
}

/// Sections with random directions for vectors: ranking looks at all of them whatever they say.
async fn fill(file: &Path) -> Result<()> {
    let mut connection = connect(file).await?;
    let like = sqlx::query("SELECT workspace_id, embedder, length(vector) / 4 AS width FROM ranking_vectors LIMIT 1")
        .fetch_one(&mut connection)
        .await?;
    let (workspace, embedder, width): (Vec<u8>, String, i64) = (like.get(0), like.get(1), like.get(2));
    let width = usize::try_from(width)?;
    let mut random = SplitMix64::new(1);
    sqlx::query("BEGIN").execute(&mut connection).await?;
    for number in 0..ENTRIES {
        let mut id = [0_u8; 16];
        id[..8].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
        let hash = id.repeat(2);
        let body = format!("Section {number}: what is said here is as long as a section often is. ").repeat(6);
        sqlx::query(
            "INSERT INTO documents (id, workspace_id, collection, external_id, title, body, kind, source, anchor, position, content_hash, \
             created_at, updated_at) VALUES ($1, $2, 'default', $3, $4, $5, 'section', 'bench.md', '', $6, $7, 0, 0)",
        )
        .bind(&id[..])
        .bind(&workspace)
        .bind(number.to_string())
        .bind(format!("Section {number}"))
        .bind(body)
        .bind(i64::try_from(number)?)
        .bind(&hash)
        .execute(&mut connection)
        .await?;
        let vector = direction(&mut random, width);
        for part in ["title", "body"] {
            sqlx::query("INSERT INTO vectors VALUES ($1, $2, $3, $4, $5, $6)")
                .bind(&workspace)
                .bind(&id[..])
                .bind(part)
                .bind(&embedder)
                .bind(&hash)
                .bind(&vector)
                .execute(&mut connection)
                .await?;
        }
        sqlx::query(
            "INSERT INTO ranking_vectors (workspace_id, owner_id, embedder, collection, content_hash, vector) \
             VALUES ($1, $2, $3, 'default', $4, $5)",
        )
        .bind(&workspace)
        .bind(&id[..])
        .bind(&embedder)
        .bind(&hash)
        .bind(&vector)
        .execute(&mut connection)
        .await?;
    }
    sqlx::query("COMMIT").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A vector of unit length, as it is stored.
fn direction(random: &mut SplitMix64, width: usize) -> Vec<u8> {
    let numbers: Vec<f64> = (0..width).map(|_| random.unit() - 0.5).collect();
    let length = numbers.iter().map(|number| number * number).sum::<f64>().sqrt();
    #[expect(clippy::cast_possible_truncation, reason = "vectors are stored in single precision")]
    let stored = numbers.iter().map(|number| (number / length) as f32);
    stored.flat_map(f32::to_le_bytes).collect()
}
