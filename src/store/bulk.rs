//! Many rows at once, for databases that are filled for measurements.

use super::log::{LogDraft, append_after, head};
use super::{StoreError, Tx};
use crate::domain::time::Timestamp;
use sea_orm::{ActiveModelBehavior, ActiveModelTrait, EntityTrait, IntoActiveModel, Iterable, ModelTrait};

/// Values that one statement may have: SQLite takes 32 766, PostgreSQL twice as many.
const VALUES: usize = 32_000;

impl Tx<'_> {
    /// Adds rows of one table, with as few statements as the database allows.
    ///
    /// # Errors
    /// Those of [`Tx::insert`].
    pub async fn insert_all<M, A>(&self, rows: Vec<M>) -> Result<(), StoreError>
    where
        M: ModelTrait + IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
        M::Entity: EntityTrait<Model = M>,
    {
        let columns = <M::Entity as EntityTrait>::Column::iter().count().max(1);
        let at_once = (VALUES / columns).max(1);
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let part: Vec<A> = rows
                .by_ref()
                .take(at_once)
                .map(|row| row.into_active_model().reset_all())
                .collect();
            self.change(M::Entity::insert_many(part).exec_without_returning(self.connection()))
                .await?;
        }
        Ok(())
    }

    /// Appends entries to the log, each at its own time. What the application does is one entry for each change, at the time of the write; this is for
    /// histories that are made up, and its write has to be [`super::Change::Unlogged`].
    ///
    /// # Errors
    /// Those of [`Tx::insert`].
    pub async fn append_all(&self, entries: Vec<(Timestamp, LogDraft)>) -> Result<(), StoreError> {
        let (mut seq, mut previous) = head(self).await?;
        let mut rows = Vec::with_capacity(entries.len());
        for (at, draft) in entries {
            let mut salt = [0; 16];
            self.sources().random.fill(&mut salt);
            let (row, hash) = append_after((seq, previous), self.workspace_id(), &draft, at, salt);
            (seq, previous) = (row.seq, hash);
            rows.push(row);
        }
        self.insert_all(rows).await
    }
}
