//! Reading policies, and the past that they are tried on.

use super::entity::{conversation, decision, draft, policy_version, turn};
use super::{Rows, StoreError};
use crate::domain::ids::{AgentId, AgentVersionId, ConversationId, DecisionId, TurnId};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{ExprTrait, Order};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// A decision with what it was about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The decision.
    pub decision: decision::Model,
    /// The agent version that had drafted.
    pub agent_version_id: AgentVersionId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What was asked.
    pub question: String,
}

impl Rows<'_> {
    /// A version of an agent's policy.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn policy_version(
        &self,
        agent_id: AgentId,
        number: i64,
    ) -> Result<Option<policy_version::Model>, StoreError> {
        let is_it = policy_version::Column::AgentId
            .eq(agent_id)
            .and(policy_version::Column::Number.eq(number));
        self.one::<policy_version::Entity>(is_it).await
    }

    /// How many versions of policies there are, of all agents.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn count_policies(&self) -> Result<u64, StoreError> {
        Ok(self.select::<policy_version::Entity>().count(self.connection()).await?)
    }

    /// The version of an agent's policy that is in force.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_policy(&self, agent_id: AgentId) -> Result<Option<policy_version::Model>, StoreError> {
        Ok(self.policy_versions(agent_id, None, 1).await?.pop())
    }

    /// The versions of an agent's policy below a number, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn policy_versions(
        &self,
        agent_id: AgentId,
        below: Option<i64>,
        limit: u64,
    ) -> Result<Vec<policy_version::Model>, StoreError> {
        let query = self
            .select::<policy_version::Entity>()
            .filter(policy_version::Column::AgentId.eq(agent_id))
            .filter(policy_version::Column::Number.lt(below.unwrap_or(i64::MAX)))
            .order_by(policy_version::Column::Number, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// Decisions of all agents after one of them, not older than `since`, in the order in which they were made.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decided_since(
        &self,
        after: Option<DecisionId>,
        since: Timestamp,
        limit: u64,
    ) -> Result<Vec<Decided>, StoreError> {
        let mut query = self
            .select::<decision::Entity>()
            .filter(decision::Column::CreatedAt.gte(since));
        if let Some(after) = after {
            query = query.filter(decision::Column::Id.gt(after));
        }
        let decisions = self
            .all(query.order_by(decision::Column::Id, Order::Asc).limit(limit))
            .await?;
        let drafts = self
            .select::<draft::Entity>()
            .filter(draft::Column::Id.is_in(decisions.iter().map(|decision| decision.draft_id)));
        let drafts: HashMap<_, _> = self.all(drafts).await?.into_iter().map(|row| (row.id, row)).collect();
        let turns = self
            .select::<turn::Entity>()
            .filter(turn::Column::Id.is_in(drafts.values().map(|draft| draft.turn_id)));
        let turns = self.all(turns).await?.into_iter();
        let conversations: HashMap<TurnId, ConversationId> = turns.map(|row| (row.id, row.conversation_id)).collect();
        // The schema's foreign keys leave no decision without both.
        let decided = decisions.into_iter().filter_map(|decision| {
            let draft = drafts.get(&decision.draft_id)?;
            Some(Decided {
                conversation_id: *conversations.get(&draft.turn_id)?,
                agent_version_id: draft.agent_version_id,
                question: draft.question.clone(),
                decision,
            })
        });
        Ok(decided.collect())
    }

    /// Which conversation of the agent's this is, 1 for its first, counted up to `most`; `most` and one for later ones.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversation_number(
        &self,
        agent_id: AgentId,
        conversation_id: ConversationId,
        most: u32,
    ) -> Result<i64, StoreError> {
        // Ids are in the order of time.
        let query = self
            .select::<conversation::Entity>()
            .select_only()
            .column(conversation::Column::Id)
            .filter(conversation::Column::AgentId.eq(agent_id))
            .filter(conversation::Column::Id.lte(conversation_id))
            .limit(u64::from(most) + 1);
        let found: Vec<ConversationId> = query.into_tuple().all(self.connection()).await?;
        Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
    }
}
