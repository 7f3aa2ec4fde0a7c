//! Reading tools, their secrets, and what was proposed to be done.

use super::entity::{action, secret, tool_version};
use super::{Rows, StoreError, Tx};
use crate::domain::action::{ActionStatus, DecisionType, Runs};
use crate::domain::ids::{ActionId, ConversationId, TokenId, ToolVersionId};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

/// Which proposals are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionFilter {
    /// Those that stand like this; all, if there are none.
    pub statuses: Vec<ActionStatus>,
    /// Those that came with a token.
    pub token: Option<TokenId>,
    /// Those about a conversation.
    pub conversation: Option<ConversationId>,
}

impl ActionFilter {
    fn condition(&self) -> Condition {
        let mut condition = Condition::all();
        if !self.statuses.is_empty() {
            condition = condition.add(action::Column::Status.is_in(self.statuses.iter().copied()));
        }
        if let Some(token) = self.token {
            condition = condition.add(action::Column::TokenId.eq(token));
        }
        if let Some(conversation) = self.conversation {
            condition = condition.add(action::Column::ConversationId.eq(conversation));
        }
        condition
    }
}

impl Rows<'_> {
    /// A proposal.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn action(&self, id: ActionId) -> Result<Option<action::Model>, StoreError> {
        self.by_id::<action::Entity>(id).await
    }

    /// The proposal of a key.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn action_of_key(&self, key: &str) -> Result<Option<action::Model>, StoreError> {
        self.one::<action::Entity>(action::Column::CallKey.eq(key)).await
    }

    /// Proposals, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn actions(
        &self,
        filter: &ActionFilter,
        below: Option<ActionId>,
        limit: u64,
    ) -> Result<Vec<action::Model>, StoreError> {
        let mut query = self.select::<action::Entity>().filter(filter.condition());
        if let Some(below) = below {
            query = query.filter(action::Column::Id.lt(below));
        }
        self.all(query.order_by(action::Column::Id, Order::Desc).limit(limit))
            .await
    }

    /// Proposals that wait for people, the oldest first; those after `after` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn actions_waiting(
        &self,
        after: Option<(Timestamp, ActionId)>,
        limit: u64,
    ) -> Result<Vec<action::Model>, StoreError> {
        let mut query = self
            .select::<action::Entity>()
            .filter(action::Column::Status.eq(ActionStatus::Waiting));
        if let Some((at, id)) = after {
            let later = Condition::any()
                .add(action::Column::CreatedAt.gt(at))
                .add(action::Column::CreatedAt.eq(at).and(action::Column::Id.gt(id)));
            query = query.filter(later);
        }
        let query = query
            .order_by(action::Column::CreatedAt, Order::Asc)
            .order_by(action::Column::Id, Order::Asc);
        self.all(query.limit(limit)).await
    }

    /// How many proposals stand as the filter says.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn action_count(&self, filter: &ActionFilter) -> Result<u64, StoreError> {
        let query = self.select::<action::Entity>().filter(filter.condition());
        Ok(query.count(self.connection()).await?)
    }

    /// What was decided to be done with a tool from `since` on, and was or may still be done.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn actions_since(&self, name: &str, since: Timestamp) -> Result<Vec<action::Model>, StoreError> {
        const COUNTED: [ActionStatus; 5] = [
            ActionStatus::Decided,
            ActionStatus::Approved,
            ActionStatus::Running,
            ActionStatus::Executed,
            ActionStatus::Unknown,
        ];
        let query = self
            .select::<action::Entity>()
            .filter(action::Column::Name.eq(name))
            .filter(action::Column::Runs.eq(Runs::Here))
            .filter(action::Column::Decision.is_in([DecisionType::Approve, DecisionType::Edit]))
            .filter(action::Column::DecidedAt.gte(since))
            .filter(action::Column::Status.is_in(COUNTED));
        self.all(query).await
    }

    /// A version of a tool.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tool_version(&self, id: ToolVersionId) -> Result<Option<tool_version::Model>, StoreError> {
        self.by_id::<tool_version::Entity>(id).await
    }

    /// The newest version of a tool, be it in force or the one that removed it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_tool(&self, name: &str) -> Result<Option<tool_version::Model>, StoreError> {
        let query = self
            .select::<tool_version::Entity>()
            .filter(tool_version::Column::Name.eq(name))
            .order_by(tool_version::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// The tools that are in force, by name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tools(&self) -> Result<Vec<tool_version::Model>, StoreError> {
        let newest = Query::select()
            .expr(Expr::col(tool_version::Column::Number).max())
            .column(tool_version::Column::Name)
            .from(tool_version::Entity)
            .and_where(tool_version::Column::WorkspaceId.eq(self.workspace_id()))
            .group_by_col(tool_version::Column::Name)
            .to_owned();
        let query = self
            .select::<tool_version::Entity>()
            .filter(
                Expr::tuple([
                    Expr::col(tool_version::Column::Number),
                    Expr::col(tool_version::Column::Name),
                ])
                .in_subquery(newest),
            )
            .filter(tool_version::Column::IsRemoved.eq(false))
            .order_by(tool_version::Column::Name, Order::Asc);
        self.all(query).await
    }

    /// A secret.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn secret(&self, name: &str) -> Result<Option<secret::Model>, StoreError> {
        self.one::<secret::Entity>(secret::Column::Name.eq(name)).await
    }

    /// All secrets, by name.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn secrets(&self) -> Result<Vec<secret::Model>, StoreError> {
        let query = self.select::<secret::Entity>();
        self.all(query.order_by(secret::Column::Name, Order::Asc)).await
    }
}

impl Tx<'_> {
    /// Puts a secret in the place of the one of that name, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_secret(&self, row: secret::Model) -> Result<(), StoreError> {
        let instead = OnConflict::columns([secret::Column::WorkspaceId, secret::Column::Name])
            .update_columns([secret::Column::Value, secret::Column::ChangedAt])
            .to_owned();
        let insert = secret::Entity::insert(row.into_active_model().reset_all()).on_conflict(instead);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Removes a secret; whether there was one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_secret(&self, name: &str) -> Result<bool, StoreError> {
        let delete = secret::Entity::delete_many()
            .filter(secret::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(secret::Column::Name.eq(name));
        let done = self.change(delete.exec(self.connection())).await?;
        Ok(done.rows_affected > 0)
    }
}
