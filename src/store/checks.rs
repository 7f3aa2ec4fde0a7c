//! What was found about the machine's models: belongs to no workspace, so it has no log entry.

use super::entity::model_check;
use super::{Change, Store, StoreError, Tx};
use crate::domain::ids::WorkspaceId;
use sea_orm::sea_query::{OnConflict, Order};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

impl Store {
    /// Everything that was found about models, by their names.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn model_checks(&self) -> Result<Vec<model_check::Model>, StoreError> {
        Ok(model_check::Entity::find()
            .order_by(model_check::Column::Embedder, Order::Asc)
            .order_by(model_check::Column::ChatModel, Order::Asc)
            .all(self.readers())
            .await?)
    }

    /// Keeps what was found, in place of what was found before about the same.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_model_checks(&self, rows: Vec<model_check::Model>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        // No workspace's rows are touched, so none is named.
        self.write(WorkspaceId::from(Uuid::nil()), move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                let key = [
                    model_check::Column::Embedder,
                    model_check::Column::ChatModel,
                    model_check::Column::Language,
                    model_check::Column::Ability,
                ];
                let newer = OnConflict::columns(key)
                    .update_columns([
                        model_check::Column::Verdict,
                        model_check::Column::Figures,
                        model_check::Column::Why,
                        model_check::Column::ProbeVersion,
                        model_check::Column::At,
                    ])
                    .to_owned();
                let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
                let insert = model_check::Entity::insert_many(rows).on_conflict(newer);
                tx.change(insert.exec_without_returning(tx.connection())).await?;
                Ok::<_, StoreError>(Change::Unlogged(()))
            })
        })
        .await
    }
}

impl Tx<'_> {
    /// Forgets what was found about a model, alone or together with another one: whatever is called so next is not it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn forget_model_checks(&self, name: &str) -> Result<(), StoreError> {
        let of_it = Condition::any()
            .add(model_check::Column::Embedder.eq(name))
            .add(model_check::Column::ChatModel.eq(name))
            // A model with an adapter, or an adapter with a model. A pattern may match more; that is only measured again.
            .add(model_check::Column::ChatModel.like(format!("{name} with adapter %")))
            .add(model_check::Column::ChatModel.like(format!("% with adapter {name}")));
        let delete = model_check::Entity::delete_many().filter(of_it);
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
