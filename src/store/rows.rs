//! The rows of one workspace.

use super::StoreError;
use super::entity::Scoped;
use crate::domain::ids::WorkspaceId;
use sea_orm::sea_query::{Expr, ExprTrait, IntoCondition};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DatabaseExecutor, DbErr, EntityTrait, IdenStatic,
    IntoActiveModel, Iterable, ModelTrait, PrimaryKeyToColumn, QueryFilter, QueryTrait, Select, Value,
};

/// Every query of a workspace goes through this: it knows the connection (a reader, or the write under way) and the workspace.
#[derive(Debug)]
pub struct Rows<'a> {
    executor: DatabaseExecutor<'a>,
    workspace_id: WorkspaceId,
}

impl<'a> Rows<'a> {
    pub(super) const fn new(executor: DatabaseExecutor<'a>, workspace_id: WorkspaceId) -> Self {
        Self { executor, workspace_id }
    }

    /// Whose rows.
    pub const fn workspace_id(&self) -> WorkspaceId {
        self.workspace_id
    }

    pub(super) fn connection(&self) -> &impl ConnectionTrait {
        &self.executor
    }

    /// A query over this workspace's rows of a table.
    pub(super) fn select<E: Scoped>(&self) -> Select<E> {
        E::of(self.workspace_id)
    }

    pub(super) async fn one<E: Scoped>(&self, condition: impl IntoCondition) -> Result<Option<E::Model>, StoreError> {
        Ok(self
            .select::<E>()
            .filter(condition.into_condition())
            .one(&self.executor)
            .await?)
    }

    pub(super) async fn all<E: Scoped>(&self, query: Select<E>) -> Result<Vec<E::Model>, StoreError> {
        Ok(query.all(&self.executor).await?)
    }

    /// The row with this id, if this workspace has it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub(super) async fn by_id<E: Scoped>(&self, id: impl Into<Value>) -> Result<Option<E::Model>, StoreError> {
        let Some(key) = E::PrimaryKey::iter().next() else {
            return Ok(None);
        };
        self.one::<E>(Expr::col(key.into_column()).eq(id.into())).await
    }
}

/// Writes whole rows. Only [`super::Tx`] offers this to the layers above.
pub(super) async fn insert<M, A>(connection: &impl ConnectionTrait, row: M) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
    M::Entity: EntityTrait<Model = M>,
{
    M::Entity::insert(row.into_active_model().reset_all())
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

pub(super) async fn update<M, A>(connection: &impl ConnectionTrait, row: M) -> Result<(), StoreError>
where
    M: ModelTrait + IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = M::Entity> + ActiveModelBehavior + Send,
    M::Entity: EntityTrait<Model = M>,
{
    let mut row = row.into_active_model().reset_all();
    // A row never changes its workspace. Setting it all the same would make SQLite look through every table that refers to
    // this one, row by row where no index helps: the workspace is part of what they refer to.
    let workspace = <M::Entity as EntityTrait>::Column::iter().find(|column| column.as_str() == "workspace_id");
    let is_key = |column: &<M::Entity as EntityTrait>::Column| {
        <<M::Entity as EntityTrait>::PrimaryKey as PrimaryKeyToColumn>::from_column(*column).is_some()
    };
    // As a part of the key it says which row is meant.
    if let Some(column) = workspace.filter(|column| !is_key(column)) {
        row.not_set(column);
    }
    // Not `exec`, which would read the row back.
    let statement = M::Entity::update(row).validate()?.into_query();
    if connection.execute(&statement).await?.rows_affected() == 0 {
        return Err(DbErr::RecordNotUpdated.into());
    }
    Ok(())
}
