//! Work to be done at a time. A job is unique by kind and subject, stays until the write that does it removes it, and
//! is scheduled in the same transaction as the change that calls for it: a restart finds everything that is open.

use super::entity::job;
use super::{JobKind, Rows, Store, StoreError, Tx};
use crate::domain::ids::JobId;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, OnConflict, Order};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

/// A job that failed is tried again after this long at the latest, in milliseconds.
pub const LONGEST_RETRY_MS: i64 = 60_000;

impl Tx<'_> {
    /// Schedules a job, or moves it to another time.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn schedule(&self, kind: JobKind, subject: impl Into<Uuid>, run_at: Timestamp) -> Result<(), StoreError> {
        let row = job::Model {
            id: JobId::new(&*self.sources().ids),
            workspace_id: self.workspace_id(),
            kind,
            subject_id: subject.into(),
            run_at,
            attempts: 0,
            last_error: None,
        };
        // The id tells this scheduling from the one before, so that whoever runs that one does not end this one.
        let again = OnConflict::columns([job::Column::Kind, job::Column::SubjectId])
            .update_columns([
                job::Column::Id,
                job::Column::RunAt,
                job::Column::Attempts,
                job::Column::LastError,
            ])
            .to_owned();
        let insert = job::Entity::insert(row.into_active_model().reset_all()).on_conflict(again);
        self.change(insert.exec_without_returning(self.connection())).await?;
        self.note_job_change();
        Ok(())
    }

    /// Schedules a job to run at `run_at` at the latest; one that is to run earlier stays there. However often something calls for it, it is
    /// never put off by that, nor is it called back before its pause after a failure is over.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn schedule_no_later(
        &self,
        kind: JobKind,
        subject: impl Into<Uuid>,
        run_at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = job::Model {
            id: JobId::new(&*self.sources().ids),
            workspace_id: self.workspace_id(),
            kind,
            subject_id: subject.into(),
            run_at,
            attempts: 0,
            last_error: None,
        };
        let known = |column| Expr::col((job::Entity, column));
        let wished = || Expr::col((Alias::new("excluded"), job::Column::RunAt));
        let after_failure = || wished().add(LONGEST_RETRY_MS);
        let earlier_of = |wished: Expr, again: Expr| {
            Expr::case(known(job::Column::RunAt).lt(wished), known(job::Column::RunAt)).finally(again)
        };
        let run_at = Expr::case(
            known(job::Column::Attempts).gt(0),
            earlier_of(after_failure(), after_failure()),
        )
        .finally(earlier_of(wished(), wished()));
        // Another id: whoever runs what was scheduled before does not end this one.
        let again = OnConflict::columns([job::Column::Kind, job::Column::SubjectId])
            .update_column(job::Column::Id)
            .value(job::Column::RunAt, run_at)
            .to_owned();
        let insert = job::Entity::insert(row.into_active_model().reset_all()).on_conflict(again);
        self.change(insert.exec_without_returning(self.connection())).await?;
        self.note_job_change();
        Ok(())
    }

    /// Moves a job that is being run, if nothing has called for it meanwhile. It counts as the same one: should it fail, that is its next attempt.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_off_job(&self, id: JobId, run_at: Timestamp) -> Result<(), StoreError> {
        let update = job::Entity::update_many()
            .col_expr(job::Column::RunAt, Expr::value(run_at))
            .filter(job::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(job::Column::Id.eq(id));
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }

    /// A job that has run is done, and is to run once more at `run_at`; earlier, if something has called for it meanwhile.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn renew_job(&self, id: JobId, run_at: Timestamp) -> Result<(), StoreError> {
        let update = job::Entity::update_many()
            .col_expr(job::Column::Id, Expr::value(JobId::new(&*self.sources().ids)))
            .col_expr(job::Column::RunAt, Expr::value(run_at))
            .col_expr(job::Column::Attempts, Expr::value(0))
            .col_expr(job::Column::LastError, Expr::value(None::<String>))
            .filter(job::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(job::Column::Id.eq(id));
        self.change(update.exec(self.connection())).await?;
        self.note_job_change();
        Ok(())
    }

    /// Removes a job: it is done, or no longer needed.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn unschedule(&self, kind: JobKind, subject: impl Into<Uuid>) -> Result<(), StoreError> {
        let delete = job::Entity::delete_many()
            .filter(job::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(job::Column::Kind.eq(kind))
            .filter(job::Column::SubjectId.eq(subject.into()));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// Removes a job that has run. One that was scheduled anew meanwhile stays: it is to run again.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn finish_job(&self, id: JobId) -> Result<(), StoreError> {
        let delete = job::Entity::delete_many()
            .filter(job::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(job::Column::Id.eq(id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// A job that ran and is still there is tried again at `run_at`. One that was removed or scheduled anew meanwhile is left alone.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn retry_job(&self, id: JobId, run_at: Timestamp, error: &str) -> Result<(), StoreError> {
        let update = job::Entity::update_many()
            .col_expr(job::Column::RunAt, Expr::value(run_at))
            .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
            .col_expr(job::Column::LastError, Expr::value(error))
            .filter(job::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(job::Column::Id.eq(id));
        let result = self.change(update.exec(self.connection())).await?;
        if result.rows_affected > 0 {
            self.note_job_change();
        }
        Ok(())
    }
}

impl Rows<'_> {
    /// Whether a job is still to be done.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn is_scheduled(&self, kind: JobKind, subject: impl Into<Uuid>) -> Result<bool, StoreError> {
        let query = self
            .select::<job::Entity>()
            .filter(job::Column::Kind.eq(kind))
            .filter(job::Column::SubjectId.eq(subject.into()));
        Ok(!self.all(query).await?.is_empty())
    }

    /// Whether a job that runs is still the newest of its kind and subject: nothing has called for it anew since.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn is_newest_job(&self, id: JobId) -> Result<bool, StoreError> {
        let query = self.select::<job::Entity>().filter(job::Column::Id.eq(id));
        Ok(!self.all(query).await?.is_empty())
    }
}

impl Store {
    /// Jobs of all workspaces, the next due first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_jobs(&self, limit: u64) -> Result<Vec<job::Model>, StoreError> {
        Ok(next_first().limit(limit).all(self.readers()).await?)
    }

    /// Jobs of these kinds, of all workspaces, the next due first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_jobs_of(&self, kinds: &[JobKind], limit: u64) -> Result<Vec<job::Model>, StoreError> {
        let query = next_first().filter(job::Column::Kind.is_in(kinds.iter().copied()));
        Ok(query.limit(limit).all(self.readers()).await?)
    }
}

fn next_first() -> Select<job::Entity> {
    job::Entity::find()
        .order_by(job::Column::RunAt, Order::Asc)
        .order_by(job::Column::Id, Order::Asc)
}
