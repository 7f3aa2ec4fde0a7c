//! The only place that knows SQL.
//!
//! One writer connection commits many queued writes at once ([`write`]); readers have a pool of their own. Rows of a
//! workspace are reached through [`Rows`], which carries the workspace, so that no query can forget it (invariant 9).

mod actions;
mod answers;
mod bulk;
mod candidates;
pub mod care;
mod checks;
mod clusters;
mod comparisons;
mod confirm;
pub mod conversations;
mod corrections;
mod engage;
pub mod entity;
mod error;
mod evidence;
mod evidence_counts;
mod failing;
mod gaps;
pub mod global;
mod insights;
mod jobs;
pub mod knowledge;
mod leads;
mod log;
pub mod mails;
mod models;
mod open;
mod policy;
mod programs;
mod quality_checks;
mod rehearsals;
mod reports;
mod rows;
mod team;
mod tuning;
mod usage;
mod verified;
mod webhooks;
mod write;

pub use actions::ActionFilter;
pub use answers::AnswerFilter;
pub use engage::{Answered, ConversionFilter, GoalSum, InProgress};
pub use entity::values::{ActionOrigin, ItemStatus, JobKind, Json, NoteKind, OutcomeStatus, OwnerKind};
pub use error::StoreError;
pub use evidence::Made;
pub use evidence_counts::{MonthCell, TopicCell};
pub use failing::Failing;
pub use gaps::GapCursor;
pub use insights::{StoryRows, Tallied};
pub use jobs::LONGEST_RETRY_MS;
pub use knowledge::{NewRankingVector, RankingVector, Source};
pub use leads::{LeadCursor, LeadFilter};
pub use log::LogDraft;
pub use open::Location;
pub use policy::Decided;
pub use quality_checks::Asker;
pub use rows::Rows;
pub use team::QueueFilter;
pub use tuning::RetrievalVersionRow;
pub use usage::ABOUT_LIMITS;
pub use webhooks::DeliveryFilter;
pub use write::{Change, Committed, Tx};

use crate::domain::ids::WorkspaceId;
use crate::domain::ids::{IdSource, RandomSource};
use crate::domain::time::Clock;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

/// What every layer that makes something new needs: the time, ids, randomness. Injected.
#[derive(Clone)]
pub struct Sources {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdSource>,
    /// Makes secrets and salts.
    pub random: Arc<dyn RandomSource>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

/// The open database.
#[derive(Debug, Clone)]
pub struct Store {
    writer: mpsc::Sender<Box<dyn write::Queued>>,
    readers: DatabaseConnection,
    committed: broadcast::Sender<Arc<Committed>>,
    jobs_changed: Arc<Notify>,
    sources: Sources,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl Store {
    /// Ends the store: writes that are queued are committed, later ones are refused with [`StoreError::Closed`], and every
    /// connection is closed, so that SQLite leaves a single file behind. Dropping every clone does the same, unwatched.
    pub async fn close(&self) {
        self.closing.cancel();
        self.closed.cancelled().await;
    }

    /// The rows of one workspace, as committed.
    pub fn rows(&self, workspace_id: WorkspaceId) -> Rows<'_> {
        Rows::new((&self.readers).into(), workspace_id)
    }

    /// What is committed from now on, in committed order per workspace.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Committed>> {
        self.committed.subscribe()
    }

    /// Told whenever a job was scheduled or moved.
    pub fn jobs_changed(&self) -> &Notify {
        &self.jobs_changed
    }

    /// The injected sources.
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Which database this is: `sqlite` or `postgres`.
    pub fn database(&self) -> &'static str {
        match self.readers.get_database_backend() {
            sea_orm::DbBackend::Postgres => "postgres",
            _ => "sqlite",
        }
    }

    pub(crate) const fn readers(&self) -> &DatabaseConnection {
        &self.readers
    }
}
