//! Opening the database: pragmas, pools, migrations.

use super::write::Writer;
use super::{Sources, Store, StoreError};
use holdpoint_migrations::{Migrator, MigratorTrait};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, broadcast, mpsc};

/// Writes that may wait for the writer; beyond it callers wait.
const QUEUE: usize = 4_096;
/// Events that a slow listener may lag behind before it has to read the log instead.
const EVENTS: usize = 4_096;
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

impl Store {
    /// Opens the database, brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`StoreError::CannotOpen`], [`StoreError::Newer`], [`StoreError::Damaged`], …
    pub async fn open(location: &Location, sources: Sources) -> Result<Self, StoreError> {
        let cannot_open = |error: sea_orm::DbErr| match StoreError::from(error) {
            StoreError::Database(cause) | StoreError::Refused(cause) => StoreError::CannotOpen {
                place: location.to_string(),
                cause: cause.to_string(),
            },
            known => known,
        };
        // The writer first: it makes the file that a read-only connection needs.
        let writing = Database::connect(writer_options(location)).await.map_err(cannot_open)?;
        refuse_newer(&writing).await?;
        Migrator::up(&writing, None).await?;
        let readers = Database::connect(reader_options(location)).await.map_err(cannot_open)?;

        let (writer, queue) = mpsc::channel(QUEUE);
        let (committed, _) = broadcast::channel(EVENTS);
        let jobs_changed = Arc::new(Notify::new());
        let store = Self {
            writer,
            readers,
            committed: committed.clone(),
            jobs_changed: jobs_changed.clone(),
            sources: sources.clone(),
        };
        tokio::spawn(
            Writer {
                connection: writing,
                queue,
                committed,
                jobs_changed,
                sources,
            }
            .run(),
        );
        Ok(store)
    }
}

fn writer_options(location: &Location) -> ConnectOptions {
    let mut options = match location {
        Location::Sqlite(path) => {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
            options.map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .busy_timeout(Duration::from_secs(5))
                    .journal_mode(sea_orm::sqlx::sqlite::SqliteJournalMode::Wal)
                    .synchronous(sea_orm::sqlx::sqlite::SqliteSynchronous::Full)
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
        .sqlx_logging(false);
    options
}

fn reader_options(location: &Location) -> ConnectOptions {
    let mut options = match location {
        Location::Sqlite(path) => {
            let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", path.display()));
            options
                .map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(Duration::from_secs(5)).pragma("query_only", "ON"));
            options
        }
        Location::Postgres(url) => ConnectOptions::new(url.clone()),
    };
    options.min_connections(1).max_connections(READERS).sqlx_logging(false);
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
