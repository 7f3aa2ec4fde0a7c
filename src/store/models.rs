//! The machine's catalogue of models. It belongs to no workspace.

use super::entity::{model, model_in_use};
use super::{Change, Store, StoreError, Tx};
use crate::domain::ids::WorkspaceId;
use crate::domain::model::{ModelName, Purpose, Sha256Digest};
use futures::future::BoxFuture;
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, ModelTrait, QueryFilter, QueryOrder};

impl Store {
    /// Runs a write that belongs to the machine, not to a workspace, and waits until it is durable. No workspace's log tells of it:
    /// the rows themselves say who did it and when. `work` is as in [`Store::write`].
    ///
    /// # Errors
    /// The closure's own error, or a [`StoreError`].
    pub async fn write_for_machine<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> Fn(&'t Tx<'t>) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    {
        // Nobody's workspace: the write sees no workspace's rows.
        let nobody = WorkspaceId::from(uuid::Uuid::nil());
        self.write(nobody, move |tx| {
            let work = work(tx);
            Box::pin(async move { Ok(Change::Unlogged(work.await?)) })
        })
        .await
    }

    /// All models, by name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn models(&self) -> Result<Vec<model::Model>, StoreError> {
        let query = model::Entity::find().order_by(model::Column::Name, Order::Asc);
        Ok(query.all(self.readers()).await?)
    }

    /// A model by name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn model(&self, name: &ModelName) -> Result<Option<model::Model>, StoreError> {
        Ok(model::Entity::find_by_id(name.clone()).one(self.readers()).await?)
    }

    /// A model by its content.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn model_by_content(&self, sha256: Sha256Digest) -> Result<Option<model::Model>, StoreError> {
        let query = model::Entity::find().filter(model::Column::Sha256.eq(sha256));
        Ok(query.one(self.readers()).await?)
    }

    /// Which models were chosen, at most one for a purpose.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn models_in_use(&self) -> Result<Vec<model_in_use::Model>, StoreError> {
        Ok(model_in_use::Entity::find().all(self.readers()).await?)
    }
}

impl Tx<'_> {
    /// Chooses a model for its purpose, instead of whichever was chosen before.
    ///
    /// # Errors
    /// [`StoreError::Refused`] if there is no such model of this purpose; or another of the database's.
    pub async fn use_model(&self, row: model_in_use::Model) -> Result<(), StoreError> {
        let instead = OnConflict::column(model_in_use::Column::Purpose)
            .update_columns([
                model_in_use::Column::Name,
                model_in_use::Column::ChosenBy,
                model_in_use::Column::ChosenAt,
            ])
            .to_owned();
        let insert = model_in_use::Entity::insert(row.into_active_model().reset_all()).on_conflict(instead);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Takes a model out of the catalogue.
    ///
    /// # Errors
    /// [`StoreError::Refused`] while it is in use; or another of the database's.
    pub async fn remove_model(&self, row: model::Model) -> Result<(), StoreError> {
        self.change(row.delete(self.connection())).await?;
        Ok(())
    }

    /// Takes a choice back: the default is used again.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn forget_choice(&self, row: model_in_use::Model) -> Result<(), StoreError> {
        self.change(row.delete(self.connection())).await?;
        Ok(())
    }

    /// Which model was chosen for a purpose, inside the write.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn model_in_use(&self, purpose: Purpose) -> Result<Option<model_in_use::Model>, StoreError> {
        Ok(model_in_use::Entity::find_by_id(purpose).one(self.connection()).await?)
    }
}
