//! Opening the database: pragmas, pools, migrations.

use super::write::Writer;
use super::{Sources, Store, StoreError};
use holdpoint_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, Statement};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

/// Writes that may wait for the writer; beyond it callers wait.
const QUEUE: usize = 4_096;
/// Events that a slow listener may lag behind before it has to read the log instead.
const EVENTS: usize = 4_096;
/// Longest wait for a connection, or for another process's lock; then the asker hears that it is busy.
const PATIENCE: Duration = Duration::from_secs(5);
/// Reading connections.
const READERS: u32 = 4;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; made when absent.
    Sqlite(PathBuf),
    /// A PostgreSQL URL.
    Postgres(String),
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "{}", path.display()),
            // A URL may hold a password.
            Self::Postgres(_) => f.write_str("on PostgreSQL"),
        }
    }
}

impl Location {
    /// What to look at when it cannot be opened.
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "check that the folder exists and belongs to you",
            Self::Postgres(_) => "check that PostgreSQL runs, and its address, user and password",
        }
    }
}

impl Store {
    /// Opens the database, brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::Newer`], [`StoreError::Damaged`], …
    pub async fn open(location: &Location, sources: Sources) -> Result<Self, StoreError> {
        Self::open_with(location, sources, Durability::EveryCommit).await
    }

    /// The same for a database that is being built and thrown away unless it is finished: no commit waits for the disk. Whoever builds it has to
    /// sync the file once it is closed, before anybody relies on it. PostgreSQL is as ever.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub async fn open_to_build(location: &Location, sources: Sources) -> Result<Self, StoreError> {
        Self::open_with(location, sources, Durability::None).await
    }

    async fn open_with(location: &Location, sources: Sources, durability: Durability) -> Result<Self, StoreError> {
        let cannot_open = |error: StoreError| match error {
            StoreError::Database(cause) | StoreError::Refused(cause) => StoreError::CannotOpen {
                place: location.to_string(),
                cause: in_short(&cause),
                remedy: location.remedy(),
            },
            StoreError::Busy => StoreError::CannotOpen {
                place: location.to_string(),
                cause: "it did not answer in time".to_owned(),
                remedy: location.remedy(),
            },
            known => known,
        };
        let (writing, readers) = connect(location, durability).await.map_err(cannot_open)?;
        let (writer, queue) = mpsc::channel(QUEUE);
        let (committed, _) = broadcast::channel(EVENTS);
        let jobs_changed = Arc::new(Notify::new());
        let (closing, closed) = (CancellationToken::new(), CancellationToken::new());
        let store = Self {
            writer,
            readers: readers.clone(),
            committed: committed.clone(),
            jobs_changed: jobs_changed.clone(),
            sources: sources.clone(),
            closing: closing.clone(),
            closed: closed.clone(),
        };
        tokio::spawn(
            Writer {
                connection: writing,
                readers,
                queue,
                committed,
                jobs_changed,
                sources,
                closing,
                _closed: closed.drop_guard(),
            }
            .run(),
        );
        Ok(store)
    }
}

/// The writing connection, its schema up to date, and the readers.
async fn connect(
    location: &Location,
    durability: Durability,
) -> Result<(DatabaseConnection, DatabaseConnection), StoreError> {
    // The writer first: it makes the file that a read-only connection needs.
    let writing = Database::connect(writer_options(location, durability)).await?;
    refuse_newer(&writing).await?;
    Migrator::up(&writing, None).await?;
    let readers = Database::connect(reader_options(location)).await?;
    Ok((writing, readers))
}

/// The innermost cause, without the names of the layers it came through.
fn in_short(error: &DbErr) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// The disk has it.
    EveryCommit,
    /// Nothing.
    None,
}

fn writer_options(location: &Location, durability: Durability) -> ConnectOptions {
    let mut options = match location {
        Location::Sqlite(path) => {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
            let synchronous = match durability {
                Durability::EveryCommit => sea_orm::sqlx::sqlite::SqliteSynchronous::Full,
                Durability::None => sea_orm::sqlx::sqlite::SqliteSynchronous::Off,
            };
            options.map_sqlx_sqlite_opts(move |sqlite| {
                sqlite
                    .busy_timeout(PATIENCE)
                    .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                    .synchronous(synchronous)
                    .foreign_keys(true)
            });
            options
        }
        Location::Postgres(url) => ConnectOptions::new(url.clone()),
    };
    options
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
    options
}

/// Rows that a reader's thread reads ahead of who asked: with few of them the two wake one another for every row of a hundred thousand.
const ROWS_AHEAD: usize = 1_000;

fn reader_options(location: &Location) -> ConnectOptions {
    let mut options = match location {
        Location::Sqlite(path) => {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", path.display()));
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .busy_timeout(PATIENCE)
                    .row_buffer_size(ROWS_AHEAD)
                    .pragma("query_only", "ON")
            });
            options
        }
        Location::Postgres(url) => ConnectOptions::new(url.clone()),
    };
    options
        .min_connections(1)
        .max_connections(READERS)
        .acquire_timeout(PATIENCE)
        .sqlx_logging(false);
    options
}

/// A database that has a migration unknown to this program was written by a newer one.
async fn refuse_newer(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let backend = connection.get_database_backend();
    let table = match backend {
        DbBackend::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'",
        _ => "SELECT tablename FROM pg_tables WHERE tablename = 'seaql_migrations' AND schemaname = current_schema()",
    };
    if connection
        .query_one_raw(Statement::from_string(backend, table))
        .await?
        .is_none()
    {
        return Ok(());
    }
    let known: Vec<String> = Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    let rows = connection
        .query_all_raw(Statement::from_string(backend, "SELECT version FROM seaql_migrations"))
        .await?;
    for row in rows {
        let step: String = row.try_get("", "version")?;
        if !known.contains(&step) {
            return Err(StoreError::Newer { step });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sqlite_syncs_every_commit_and_watches_foreign_keys_and_readers_cannot_write() {
        let directory = tempfile::TempDir::new().unwrap();
        let location = Location::Sqlite(directory.path().join("holdpoint.db"));
        let (writer, readers) = connect(&location, Durability::EveryCommit).await.unwrap();
        let pragma = async |connection: &DatabaseConnection, name: &str| {
            let statement = Statement::from_string(DbBackend::Sqlite, format!("PRAGMA {name}"));
            let row = connection.query_one_raw(statement).await.unwrap().unwrap();
            row.try_get_by_index::<String>(0)
                .or_else(|_| row.try_get_by_index::<i64>(0).map(|number| number.to_string()))
                .unwrap()
        };
        for (name, expected) in [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")] {
            assert_eq!(pragma(&writer, name).await, expected, "{name}");
        }
        assert_eq!(pragma(&readers, "query_only").await, "1");
        assert!(readers.execute_unprepared("DELETE FROM jobs").await.is_err());
    }
}
