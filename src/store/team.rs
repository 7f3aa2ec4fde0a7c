//! A team at the queue: approvals, assignments, profiles, what waits from one address.

use super::entity::{approval, assignment, conversation, member_profile, review_item, shared_decision, turn, visitor};
use super::{ItemStatus, Json, Rows, Store, StoreError, Tx};
use crate::domain::flow::Spam;
use crate::domain::ids::{AgentId, ItemId, MemberId, OutcomeId, WorkspaceId};
use crate::domain::policy::{OTHER, Reason};
use crate::domain::review::ItemKind;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use sea_orm::sea_query::{Condition, LikeExpr, Order};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

/// Which part of the queue. What is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueFilter {
    /// What waits.
    pub kind: Option<ItemKind>,
    /// To whom it was given.
    pub member: Option<MemberId>,
    /// For which agent's visitors.
    pub agent: Option<AgentId>,
    /// Why it waits.
    pub reason: Option<Reason>,
    /// What it is about: a topic's name, or [`OTHER`] for what belongs to none.
    pub topic: Option<String>,
    /// Its deadline is at this time or before.
    pub deadline_by: Option<Timestamp>,
}

impl QueueFilter {
    /// Narrows a query of review items.
    pub(super) fn narrow(
        &self,
        rows: &Rows<'_>,
        mut query: Select<review_item::Entity>,
    ) -> Select<review_item::Entity> {
        if let Some(kind) = self.kind {
            query = query.filter(review_item::Column::Kind.eq(kind));
        }
        if let Some(by) = self.deadline_by {
            query = query.filter(review_item::Column::DeadlineAt.lte(by));
        }
        if let Some(member) = self.member {
            let given = rows
                .select::<assignment::Entity>()
                .select_only()
                .column(assignment::Column::ItemId)
                .filter(assignment::Column::MemberId.eq(member));
            query = query.filter(review_item::Column::Id.in_subquery(given.into_query()));
        }
        if let Some(agent) = self.agent {
            let of_agent = rows
                .select::<conversation::Entity>()
                .select_only()
                .column(conversation::Column::Id)
                .filter(conversation::Column::AgentId.eq(agent));
            query = query.filter(review_item::Column::ConversationId.in_subquery(of_agent.into_query()));
        }
        // Reasons are stored as a JSON list of words; a word in it has one spelling.
        if let Some(serde_json::Value::String(word)) = self.reason.and_then(|reason| serde_json::to_value(reason).ok())
        {
            query = query.filter(review_item::Column::Reasons.like(format!("%\"{word}\"%")));
        }
        match self.topic.as_deref() {
            None => query,
            Some(OTHER) => query.filter(review_item::Column::Topics.eq(Json(Vec::<String>::new()))),
            Some(topic) => query.filter(review_item::Column::Topics.like(listed(topic))),
        }
    }
}

/// Finds a text in a stored JSON list, whatever signs it is made of.
fn listed(text: &str) -> LikeExpr {
    let json = serde_json::Value::from(text).to_string();
    let mut pattern = String::from("%");
    for sign in json.chars() {
        if matches!(sign, '%' | '_' | '|') {
            pattern.push('|');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    LikeExpr::new(pattern).escape('|')
}

impl Rows<'_> {
    /// The approvals of an item, oldest first, withdrawn ones and those of older texts included.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn approvals_of(&self, item_id: ItemId) -> Result<Vec<approval::Model>, StoreError> {
        let query = self
            .select::<approval::Entity>()
            .filter(approval::Column::ItemId.eq(item_id))
            .order_by(approval::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// Who has been given these items.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn assignments_of(&self, items: &[ItemId]) -> Result<Vec<assignment::Model>, StoreError> {
        let query = self
            .select::<assignment::Entity>()
            .filter(assignment::Column::ItemId.is_in(items.iter().copied()));
        self.all(query).await
    }

    /// Everything that has been given to anybody, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn assignments(&self) -> Result<Vec<assignment::Model>, StoreError> {
        let query = self
            .select::<assignment::Entity>()
            .order_by(assignment::Column::CreatedAt, Order::Asc);
        self.all(query).await
    }

    /// Items that wait and have been given to nobody, the next first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn unassigned_items(&self, limit: u64) -> Result<Vec<review_item::Model>, StoreError> {
        let given = self
            .select::<assignment::Entity>()
            .select_only()
            .column(assignment::Column::ItemId);
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open))
            .filter(review_item::Column::Id.not_in_subquery(given.into_query()))
            .order_by(review_item::Column::RankAt, Order::Asc)
            .order_by(review_item::Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// The profiles of the members who have one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn profiles(&self) -> Result<Vec<member_profile::Model>, StoreError> {
        self.all(self.select::<member_profile::Entity>()).await
    }

    /// A member's profile.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn profile(&self, member: MemberId) -> Result<Option<member_profile::Model>, StoreError> {
        self.one::<member_profile::Entity>(member_profile::Column::MemberId.eq(member))
            .await
    }

    /// How many conversations of visitors with this mark of an address wait for an answer, spam left out.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn waiting_from(&self, address_mark: &[u8]) -> Result<u64, StoreError> {
        let visitors = self
            .select::<visitor::Entity>()
            .select_only()
            .column(visitor::Column::Id)
            .filter(visitor::Column::AddressMark.eq(address_mark));
        let conversations = self
            .select::<conversation::Entity>()
            .select_only()
            .column(conversation::Column::Id)
            .filter(
                Condition::all()
                    .add(conversation::Column::Spam.is_null())
                    .add(conversation::Column::VisitorId.in_subquery(visitors.into_query())),
            );
        let query = self
            .select::<turn::Entity>()
            .filter(turn::Column::State.ne(TurnState::Answered))
            .filter(turn::Column::ConversationId.in_subquery(conversations.into_query()));
        Ok(query.count(self.connection()).await?)
    }
}

impl Store {
    /// How many conversations that changed since then count as a flood: of one workspace, or of all.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn floods_since(&self, since: Timestamp, workspace_id: Option<WorkspaceId>) -> Result<u64, StoreError> {
        let mut query = conversation::Entity::find()
            .filter(conversation::Column::Spam.eq(Spam::Flood))
            .filter(conversation::Column::UpdatedAt.gte(since));
        if let Some(id) = workspace_id {
            query = query.filter(conversation::Column::WorkspaceId.eq(id));
        }
        Ok(query.count(self.readers()).await?)
    }
}

impl Rows<'_> {
    /// Items that wait with a draft of this likeness, the next first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn alike(&self, likeness: &[u8], limit: u64) -> Result<Vec<review_item::Model>, StoreError> {
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open))
            .filter(review_item::Column::Likeness.eq(likeness))
            .order_by(review_item::Column::RankAt, Order::Asc)
            .order_by(review_item::Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// The outcomes of the same decision, this one included; none for one that was decided alone.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decided_together(&self, outcome_id: OutcomeId) -> Result<Vec<shared_decision::Model>, StoreError> {
        let own = self
            .one::<shared_decision::Entity>(shared_decision::Column::OutcomeId.eq(outcome_id))
            .await?;
        let Some(own) = own else {
            return Ok(Vec::new());
        };
        let query = self
            .select::<shared_decision::Entity>()
            .filter(shared_decision::Column::EvidenceId.eq(own.evidence_id));
        self.all(query).await
    }
}

impl Tx<'_> {
    /// Takes an item from whomever it was given to.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn unassign(&self, item_id: ItemId) -> Result<(), StoreError> {
        let delete = assignment::Entity::delete_many()
            .filter(assignment::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(assignment::Column::ItemId.eq(item_id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
