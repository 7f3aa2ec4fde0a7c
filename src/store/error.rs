//! What can go wrong in the store, in words that help. The database's own error stays inside, for the log.

use sea_orm::{DbErr, RuntimeErr};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key is there already.
    #[error("this exists already")]
    Duplicate(#[source] DbErr),
    /// A rule of the schema refused the row: a defect above, never the person's fault.
    #[error("the database refused a row that breaks one of its rules; this is a defect in Holdpoint, please report it")]
    Refused(#[source] DbErr),
    /// The disk is full.
    #[error("the disk is full, so nothing could be saved; free some space and try again, nothing was lost")]
    DiskFull(#[source] DbErr),
    /// The database file is damaged.
    #[error("the database file is damaged; stop Holdpoint and restore the latest backup")]
    Damaged(#[source] DbErr),
    /// The database was written by a newer Holdpoint.
    #[error(
        "the database was written by a newer version of Holdpoint (it has the step “{step}”); install that version again, or restore a backup made with this one"
    )]
    Newer {
        /// The unknown migration.
        step: String,
    },
    /// The data directory cannot be used.
    #[error("the database {place} cannot be opened ({cause}); {remedy}")]
    CannotOpen {
        /// What was to be opened.
        place: String,
        /// Why not.
        cause: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The writer has stopped.
    #[error("Holdpoint is shutting down; try again in a moment")]
    Closed,
    /// Too many writes wait.
    #[error("Holdpoint is very busy; try again in a moment")]
    Busy,
    /// Anything else.
    #[error("the database did not answer as expected; the details are in Holdpoint's log")]
    Database(#[source] DbErr),
    /// The database went away while it was saving.
    #[error("the database went away while this was being saved; look whether it is there before you try again")]
    Unsure,
    /// A statement of this write failed, and the write went on all the same.
    #[error("something went wrong while saving, so nothing of it was kept; the details are in Holdpoint's log")]
    FailedBefore,
    /// A closure in the writer panicked.
    #[error("something went wrong while saving; the details are in Holdpoint's log")]
    Panicked,
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let database = match &error {
            DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e))
            | DbErr::Conn(RuntimeErr::SqlxError(e)) => e.as_database_error(),
            _ => None,
        };
        let Some(database) = database else {
            return match error {
                DbErr::ConnectionAcquire(_) => Self::Busy,
                other => Self::Database(other),
            };
        };
        // SQLite's primary result codes are the low byte: 13 full, 11 corrupt, 26 not a database. PostgreSQL: 53100 disk full.
        let code = database.code().unwrap_or_default().into_owned();
        let primary = code.parse::<u32>().map(|code| code & 0xff).ok();
        if code == "53100" || primary == Some(13) {
            Self::DiskFull(error)
        } else if matches!(primary, Some(11 | 26)) {
            Self::Damaged(error)
        } else if database.is_unique_violation() {
            Self::Duplicate(error)
        } else if database.is_check_violation() || database.is_foreign_key_violation() {
            Self::Refused(error)
        } else {
            Self::Database(error)
        }
    }
}
