//! Reading people to be called back.

use super::entity::{lead, lead_occurrence};
use super::{Rows, StoreError};
use crate::domain::ids::{LeadId, MemberId};
use crate::domain::lead::LeadStage;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{ExprTrait, Order};
use sea_orm::{ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// Which leads are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeadFilter {
    /// Those at this stage.
    pub stage: Option<LeadStage>,
    /// Those of this member; of nobody.
    pub owner: Option<Option<MemberId>>,
}

/// The last lead of an earlier page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadCursor {
    /// When they last asked.
    pub asked_at: Timestamp,
    /// Which.
    pub id: LeadId,
}

impl Rows<'_> {
    /// Somebody to be called back.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn lead(&self, id: LeadId) -> Result<Option<lead::Model>, StoreError> {
        self.by_id::<lead::Entity>(id).await
    }

    /// People to be called back, who asked last first; those behind `behind` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn leads(
        &self,
        filter: LeadFilter,
        behind: Option<LeadCursor>,
        limit: u64,
    ) -> Result<Vec<lead::Model>, StoreError> {
        use lead::Column;
        let query = self
            .select::<lead::Entity>()
            .apply_if(filter.stage, |query, stage| query.filter(Column::Stage.eq(stage)))
            .apply_if(filter.owner, |query, owner| match owner {
                Some(owner) => query.filter(Column::OwnerId.eq(owner)),
                None => query.filter(Column::OwnerId.is_null()),
            })
            .apply_if(behind, |query, last| {
                let same_moment = Column::AskedAt.eq(last.asked_at).and(Column::Id.lt(last.id));
                query.filter(Condition::any().add(Column::AskedAt.lt(last.asked_at)).add(same_moment))
            })
            .order_by(Column::AskedAt, Order::Desc)
            .order_by(Column::Id, Order::Desc);
        self.all(query.limit(limit)).await
    }

    /// The oldest lead of a contact.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn lead_of_contact(&self, key: &str) -> Result<Option<lead::Model>, StoreError> {
        let query = self
            .select::<lead::Entity>()
            .filter(lead::Column::ContactKey.eq(key))
            .order_by(lead::Column::Id, Order::Asc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// Each time that somebody asked, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn lead_occurrences(&self, id: LeadId, limit: u64) -> Result<Vec<lead_occurrence::Model>, StoreError> {
        let query = self
            .select::<lead_occurrence::Entity>()
            .filter(lead_occurrence::Column::LeadId.eq(id))
            .order_by(lead_occurrence::Column::At, Order::Desc)
            .order_by(lead_occurrence::Column::Id, Order::Desc);
        self.all(query.limit(limit)).await
    }

    /// How many leads are new since then: who asked before is none of them.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn lead_count_since(&self, from: Timestamp) -> Result<u64, StoreError> {
        let query = self.select::<lead::Entity>().filter(lead::Column::CreatedAt.gte(from));
        Ok(query.count(self.connection()).await?)
    }
}
