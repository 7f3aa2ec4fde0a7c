//! Reading e-mails that were or are to be sent.

use super::entity::mail;
use super::{Rows, Store, StoreError, Tx};
use crate::domain::ids::{ConversationId, MailId, WorkspaceId};
use crate::domain::mail::MailState;
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

impl Rows<'_> {
    /// An e-mail.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mail(&self, id: MailId) -> Result<Option<mail::Model>, StoreError> {
        self.by_id::<mail::Entity>(id).await
    }

    /// The e-mail of a key.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mail_of_key(&self, key: &str) -> Result<Option<mail::Model>, StoreError> {
        self.one::<mail::Entity>(mail::Column::MailKey.eq(key)).await
    }

    /// E-mails, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mails(&self, below: Option<MailId>, limit: u64) -> Result<Vec<mail::Model>, StoreError> {
        let mut query = self.select::<mail::Entity>();
        if let Some(below) = below {
            query = query.filter(mail::Column::Id.lt(below));
        }
        self.all(query.order_by(mail::Column::Id, Order::Desc).limit(limit))
            .await
    }
}

impl Tx<'_> {
    /// Takes back the e-mails about a conversation that wait for an attempt. What is being handed over cannot be taken back.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn take_back_mails(&self, id: ConversationId) -> Result<(), StoreError> {
        let delete = mail::Entity::delete_many()
            .filter(mail::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(mail::Column::ConversationId.eq(id))
            .filter(mail::Column::State.eq(MailState::Queued));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}

/// The e-mails of one workspace, or of all.
fn of(workspace_id: Option<WorkspaceId>) -> Select<mail::Entity> {
    let query = mail::Entity::find();
    match workspace_id {
        Some(id) => query.filter(mail::Column::WorkspaceId.eq(id)),
        None => query,
    }
}

impl Store {
    /// How many e-mails stand like this: of one workspace, or of all.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mails_standing(&self, state: MailState, workspace_id: Option<WorkspaceId>) -> Result<u64, StoreError> {
        let query = of(workspace_id).filter(mail::Column::State.eq(state));
        Ok(query.count(self.readers()).await?)
    }

    /// What the latest attempt of any e-mail that still waits came to: of one workspace, or of all.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn latest_mail_trouble(&self, workspace_id: Option<WorkspaceId>) -> Result<Option<String>, StoreError> {
        let query = of(workspace_id)
            .filter(mail::Column::State.eq(MailState::Queued))
            .filter(mail::Column::LastError.is_not_null())
            .order_by(mail::Column::NextAt, Order::Desc);
        Ok(query.one(self.readers()).await?.and_then(|mail| mail.last_error))
    }
}
