//! What does not belong to one workspace: people, sessions, tokens by their hash, and the list of workspaces.
//!
//! These are the only reads that cross workspaces; each answers "who is this, and which workspace is theirs?".

use super::entity::{agent, member, session, setup_link, token, user, visitor, workspace};
use super::{Rows, Store, StoreError, Tx};
use crate::domain::ids::{MemberId, UserId, WorkspaceId};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

impl Store {
    /// All workspaces, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn workspaces(&self) -> Result<Vec<workspace::Model>, StoreError> {
        Ok(workspace::Entity::find()
            .order_by(workspace::Column::Id, Order::Asc)
            .all(self.readers())
            .await?)
    }

    /// A session by the hash of its cookie, if it has not ended.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn session(&self, token_hash: &[u8], now: Timestamp) -> Result<Option<session::Model>, StoreError> {
        let query = session::Entity::find()
            .filter(session::Column::TokenHash.eq(token_hash))
            .filter(session::Column::ExpiresAt.gt(now));
        Ok(query.one(self.readers()).await?)
    }

    /// A bearer token by its hash.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn token(&self, token_hash: &[u8]) -> Result<Option<token::Model>, StoreError> {
        Ok(token::Entity::find()
            .filter(token::Column::TokenHash.eq(token_hash))
            .one(self.readers())
            .await?)
    }

    /// A visitor by the hash of their token.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn visitor_by_token(&self, token_hash: &[u8]) -> Result<Option<visitor::Model>, StoreError> {
        Ok(visitor::Entity::find()
            .filter(visitor::Column::TokenHash.eq(token_hash))
            .one(self.readers())
            .await?)
    }

    /// An agent by its public key.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn agent_by_key(&self, public_key: &str) -> Result<Option<agent::Model>, StoreError> {
        Ok(agent::Entity::find()
            .filter(agent::Column::PublicKey.eq(public_key))
            .one(self.readers())
            .await?)
    }

    /// A user by e-mail address.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<user::Model>, StoreError> {
        Ok(user::Entity::find()
            .filter(user::Column::Email.eq(email))
            .one(self.readers())
            .await?)
    }

    /// A user.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn user(&self, id: UserId) -> Result<Option<user::Model>, StoreError> {
        Ok(user::Entity::find_by_id(id).one(self.readers()).await?)
    }

    /// The places of a user in workspaces, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn memberships(&self, user_id: UserId) -> Result<Vec<member::Model>, StoreError> {
        let query = member::Entity::find()
            .filter(member::Column::UserId.eq(user_id))
            .order_by(member::Column::Id, Order::Asc);
        Ok(query.all(self.readers()).await?)
    }

    /// A set-up link by the hash of its token, used or not.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn setup_link(&self, token_hash: &[u8]) -> Result<Option<setup_link::Model>, StoreError> {
        Ok(setup_link::Entity::find_by_id(token_hash.to_vec())
            .one(self.readers())
            .await?)
    }
}

impl Rows<'_> {
    /// The workspace itself.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn workspace(&self) -> Result<Option<workspace::Model>, StoreError> {
        Ok(workspace::Entity::find_by_id(self.workspace_id())
            .one(self.connection())
            .await?)
    }

    /// The members with the people behind them, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn members(&self) -> Result<Vec<(member::Model, user::Model)>, StoreError> {
        let members = self
            .all(self.select::<member::Entity>().order_by(member::Column::Id, Order::Asc))
            .await?;
        let users = user::Entity::find()
            .filter(user::Column::Id.is_in(members.iter().map(|member| member.user_id)))
            .all(self.connection())
            .await?;
        Ok(members
            .into_iter()
            .filter_map(|member| {
                let user = users.iter().find(|user| user.id == member.user_id)?.clone();
                Some((member, user))
            })
            .collect())
    }

    /// The name of the person behind a member.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn member_name(&self, id: MemberId) -> Result<Option<String>, StoreError> {
        let Some(member) = self.member(id).await? else {
            return Ok(None);
        };
        Ok(user::Entity::find_by_id(member.user_id)
            .one(self.connection())
            .await?
            .map(|user| user.name))
    }

    /// All tokens, newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tokens(&self) -> Result<Vec<token::Model>, StoreError> {
        self.all(self.select::<token::Entity>().order_by(token::Column::Id, Order::Desc))
            .await
    }
}

impl Tx<'_> {
    /// Marks a set-up link as used, if this workspace has it unused and unexpired.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn use_setup_link(&self, token_hash: &[u8], now: Timestamp) -> Result<bool, StoreError> {
        let update = setup_link::Entity::update_many()
            .col_expr(setup_link::Column::UsedAt, Expr::value(now))
            .filter(setup_link::Column::TokenHash.eq(token_hash))
            .filter(setup_link::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(setup_link::Column::UsedAt.is_null())
            .filter(setup_link::Column::ExpiresAt.gt(now));
        let result = self.change(update.exec(self.connection())).await?;
        Ok(result.rows_affected == 1)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn end_session(&self, token_hash: &[u8]) -> Result<(), StoreError> {
        let delete = session::Entity::delete_many()
            .filter(session::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(session::Column::TokenHash.eq(token_hash));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// Ends a session of a user, in whichever workspace it stands; false if there is none.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn end_session_of(&self, user_id: UserId, token_hash: &[u8]) -> Result<bool, StoreError> {
        let delete = session::Entity::delete_many()
            .filter(session::Column::UserId.eq(user_id))
            .filter(session::Column::TokenHash.eq(token_hash));
        let result = self.change(delete.exec(self.connection())).await?;
        Ok(result.rows_affected == 1)
    }

    /// A user by e-mail address, inside the write.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn find_user(&self, email: &str) -> Result<Option<user::Model>, StoreError> {
        Ok(user::Entity::find()
            .filter(user::Column::Email.eq(email))
            .one(self.connection())
            .await?)
    }

    /// Members of this workspace, counted inside the write.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn membership(&self, user_id: UserId) -> Result<Option<member::Model>, StoreError> {
        self.one::<member::Entity>(member::Column::UserId.eq(user_id)).await
    }
}

/// Which workspace a slug names.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn workspace_by_slug(store: &Store, slug: &str) -> Result<Option<WorkspaceId>, StoreError> {
    let found = workspace::Entity::find()
        .filter(workspace::Column::Slug.eq(slug))
        .one(store.readers())
        .await?;
    Ok(found.map(|workspace| workspace.id))
}
