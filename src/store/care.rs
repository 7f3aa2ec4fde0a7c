//! Reading what surrounds a conversation that people look after: contacts, ways back, notes, canned replies, ratings.

use super::entity::{canned_reply, contact, note, rating, return_link};
use super::{Rows, Store, StoreError, Tx};
use crate::domain::ids::{CannedReplyId, ConversationId};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

impl Rows<'_> {
    /// The e-mail address that the visitor of a conversation left.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn contact(&self, id: ConversationId) -> Result<Option<contact::Model>, StoreError> {
        self.by_id::<contact::Entity>(id).await
    }

    /// How its visitor rated a conversation.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn rating(&self, id: ConversationId) -> Result<Option<rating::Model>, StoreError> {
        self.by_id::<rating::Entity>(id).await
    }

    /// The notes of a conversation, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn notes_of(&self, id: ConversationId) -> Result<Vec<note::Model>, StoreError> {
        let query = self.select::<note::Entity>();
        let query = query.filter(note::Column::ConversationId.eq(id));
        self.all(query.order_by(note::Column::Id, Order::Asc)).await
    }

    /// All canned replies, by shortcut.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn canned_replies(&self) -> Result<Vec<canned_reply::Model>, StoreError> {
        let query = self.select::<canned_reply::Entity>();
        self.all(query.order_by(canned_reply::Column::Shortcut, Order::Asc))
            .await
    }

    /// A canned reply.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn canned_reply(&self, id: CannedReplyId) -> Result<Option<canned_reply::Model>, StoreError> {
        self.by_id::<canned_reply::Entity>(id).await
    }

    /// The link back whose token has this hash.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn return_link(&self, token_hash: &[u8]) -> Result<Option<return_link::Model>, StoreError> {
        self.one::<return_link::Entity>(return_link::Column::TokenHash.eq(token_hash))
            .await
    }
}

impl Store {
    /// The link back whose token has this hash: which workspace it is of is not known yet.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn return_link_by_token(&self, token_hash: &[u8]) -> Result<Option<return_link::Model>, StoreError> {
        Ok(return_link::Entity::find_by_id(token_hash.to_vec())
            .one(self.readers())
            .await?)
    }
}

impl Tx<'_> {
    /// Ends the links that lead back to a conversation, but for one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn end_return_links(
        &self,
        id: ConversationId,
        but: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut update = return_link::Entity::update_many()
            .col_expr(return_link::Column::ExpiresAt, Expr::value(now))
            .filter(return_link::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(return_link::Column::ConversationId.eq(id))
            .filter(return_link::Column::ExpiresAt.gt(now));
        if let Some(but) = but {
            update = update.filter(return_link::Column::TokenHash.ne(but));
        }
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }

    /// Removes a canned reply.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_canned_reply(&self, id: CannedReplyId) -> Result<(), StoreError> {
        let delete = canned_reply::Entity::delete_many()
            .filter(canned_reply::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(canned_reply::Column::Id.eq(id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
