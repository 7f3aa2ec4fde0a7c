//! Reading conversations: turns, messages, drafts, the queue and its outcomes.

use super::entity::{
    agent, agent_version, conversation, decision, draft, member, message, outcome, program_conversation, release,
    review_item, token, turn, verdict, visitor,
};
use super::{ItemStatus, OutcomeStatus, QueueFilter, Rows, StoreError};
use crate::domain::conversation::Author;
use crate::domain::ids::{
    AgentId, AgentVersionId, ConversationId, DraftId, ItemId, MemberId, MessageId, OutcomeId, ReleaseId, TokenId,
    TurnId, VisitorId,
};
use crate::domain::review::OutcomeKind;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

/// Rows on one page at most.
pub const PAGE: u64 = 200;

macro_rules! by_id {
    ($($(#[$doc:meta])* $name:ident($id:ty) -> $table:ident;)+) => {
        impl Rows<'_> {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// [`StoreError`] of the database.
            pub async fn $name(&self, id: $id) -> Result<Option<$table::Model>, StoreError> {
                self.by_id::<$table::Entity>(id).await
            }
        )+}
    };
}

by_id! {
    /// An agent.
    agent(AgentId) -> agent;
    /// An agent version.
    agent_version(AgentVersionId) -> agent_version;
    /// A conversation.
    conversation(ConversationId) -> conversation;
    /// A turn.
    turn(TurnId) -> turn;
    /// A message.
    message(MessageId) -> message;
    /// A draft.
    draft(DraftId) -> draft;
    /// A review item.
    item(ItemId) -> review_item;
    /// An outcome.
    outcome(OutcomeId) -> outcome;
    /// A release.
    release(ReleaseId) -> release;
    /// A member.
    member(MemberId) -> member;
    /// A visitor.
    visitor(VisitorId) -> visitor;
    /// A token.
    token_row(TokenId) -> token;
    /// What a conversation is to the program that began it; none for those that no program began.
    program_conversation(ConversationId) -> program_conversation;
}

/// A page of conversations, the latest change first.
fn latest_first(
    mut query: Select<conversation::Entity>,
    below: Option<(Timestamp, ConversationId)>,
    limit: u64,
) -> Select<conversation::Entity> {
    if let Some((at, id)) = below {
        query = query.filter(
            Condition::any().add(conversation::Column::UpdatedAt.lt(at)).add(
                conversation::Column::UpdatedAt
                    .eq(at)
                    .and(conversation::Column::Id.lt(id)),
            ),
        );
    }
    query
        .order_by(conversation::Column::UpdatedAt, Order::Desc)
        .order_by(conversation::Column::Id, Order::Desc)
        .limit(Ord::min(limit, PAGE))
}

impl Rows<'_> {
    /// All agents, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn agents(&self) -> Result<Vec<agent::Model>, StoreError> {
        self.all(self.select::<agent::Entity>().order_by(agent::Column::Id, Order::Asc))
            .await
    }

    /// The newest version number of an agent; 0 when it has none.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn newest_version(&self, agent_id: AgentId) -> Result<i64, StoreError> {
        let query = self
            .select::<agent_version::Entity>()
            .filter(agent_version::Column::AgentId.eq(agent_id))
            .order_by(agent_version::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop().map_or(0, |version| version.number))
    }

    /// The versions of an agent below a number, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn agent_versions(
        &self,
        agent_id: AgentId,
        below: Option<i64>,
        limit: u64,
    ) -> Result<Vec<agent_version::Model>, StoreError> {
        let query = self
            .select::<agent_version::Entity>()
            .filter(agent_version::Column::AgentId.eq(agent_id))
            .filter(agent_version::Column::Number.lt(below.unwrap_or(i64::MAX)))
            .order_by(agent_version::Column::Number, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The ids of all versions of an agent, as a part of another query.
    pub(super) fn ids_of_versions(&self, agent_id: AgentId) -> SelectStatement {
        Query::select()
            .column(agent_version::Column::Id)
            .from(agent_version::Entity)
            .and_where(agent_version::Column::WorkspaceId.eq(self.workspace_id()))
            .and_where(agent_version::Column::AgentId.eq(agent_id))
            .to_owned()
    }

    /// Whether an agent has drafted anything.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn has_drafted(&self, agent_id: AgentId) -> Result<bool, StoreError> {
        let versions = self.ids_of_versions(agent_id);
        let query = self
            .select::<draft::Entity>()
            .filter(draft::Column::AgentVersionId.in_subquery(versions))
            .limit(1);
        Ok(!self.all(query).await?.is_empty())
    }

    /// Conversations, the latest change first, below the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversations(
        &self,
        below: Option<(Timestamp, ConversationId)>,
        limit: u64,
    ) -> Result<Vec<conversation::Model>, StoreError> {
        self.all(latest_first(self.select(), below, limit)).await
    }

    /// Conversations that count as spam, the latest change first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn spam(
        &self,
        below: Option<(Timestamp, ConversationId)>,
        limit: u64,
    ) -> Result<Vec<conversation::Model>, StoreError> {
        let spam = self.select().filter(conversation::Column::Spam.is_not_null());
        self.all(latest_first(spam, below, limit)).await
    }

    /// Turns without an answer, who waits longest first. Nobody waits where it is spam.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn longest_waiting(&self, limit: u64) -> Result<Vec<turn::Model>, StoreError> {
        let conversation = Query::select()
            .expr(Expr::val(1))
            .from(conversation::Entity)
            .and_where(
                Expr::col((conversation::Entity, conversation::Column::Id))
                    .equals((turn::Entity, turn::Column::ConversationId)),
            )
            .and_where(Expr::col((conversation::Entity, conversation::Column::Spam)).is_null())
            .to_owned();
        let query = self
            .select::<turn::Entity>()
            // Written out, not bound: only then the index of unanswered turns is used.
            .filter(Expr::cust("state <> 'answered'"))
            .filter(Expr::exists(conversation))
            .order_by(turn::Column::OpenedAt, Order::Asc)
            .order_by(turn::Column::Id, Order::Asc)
            .limit(Ord::min(limit, PAGE));
        self.all(query).await
    }

    /// The conversation of a visitor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversation_of_visitor(&self, id: VisitorId) -> Result<Option<conversation::Model>, StoreError> {
        self.one::<conversation::Entity>(conversation::Column::VisitorId.eq(id))
            .await
    }

    /// The conversation's latest turn, answered or not.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn latest_turn(&self, conversation_id: ConversationId) -> Result<Option<turn::Model>, StoreError> {
        let query = self
            .select::<turn::Entity>()
            .filter(turn::Column::ConversationId.eq(conversation_id))
            .order_by(turn::Column::Number, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// Messages with a sequence above `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn messages_after(
        &self,
        conversation_id: ConversationId,
        after: i64,
    ) -> Result<Vec<message::Model>, StoreError> {
        let query = self
            .select::<message::Entity>()
            .filter(message::Column::ConversationId.eq(conversation_id))
            .filter(message::Column::Seq.gt(after))
            .order_by(message::Column::Seq, Order::Asc);
        self.all(query).await
    }

    /// The last message of a conversation.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn last_message(&self, conversation_id: ConversationId) -> Result<Option<message::Model>, StoreError> {
        let query = self
            .select::<message::Entity>()
            .filter(message::Column::ConversationId.eq(conversation_id))
            .order_by(message::Column::Seq, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop())
    }

    /// The visitor's messages of a turn, in order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn visitor_messages(&self, turn_id: TurnId) -> Result<Vec<message::Model>, StoreError> {
        let query = self
            .select::<message::Entity>()
            .filter(message::Column::TurnId.eq(turn_id))
            .filter(message::Column::Author.eq(Author::Visitor))
            .order_by(message::Column::Seq, Order::Asc);
        self.all(query).await
    }

    /// The message with this client-made id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn message_by_client_id(
        &self,
        conversation_id: ConversationId,
        client_id: &str,
    ) -> Result<Option<message::Model>, StoreError> {
        self.one::<message::Entity>(
            message::Column::ConversationId
                .eq(conversation_id)
                .and(message::Column::ClientId.eq(client_id)),
        )
        .await
    }

    /// The conversation's item that has no final outcome yet.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn open_item(&self, conversation_id: ConversationId) -> Result<Option<review_item::Model>, StoreError> {
        self.one::<review_item::Entity>(
            review_item::Column::ConversationId
                .eq(conversation_id)
                .and(review_item::Column::State.ne(ItemStatus::Closed)),
        )
        .await
    }

    /// The queue: items that wait, in the order of their rank, after the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn queue(
        &self,
        filter: &QueueFilter,
        after: Option<(Timestamp, ItemId)>,
        limit: u64,
    ) -> Result<Vec<review_item::Model>, StoreError> {
        let mut query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open));
        if let Some((rank, id)) = after {
            query = query.filter(
                Condition::any()
                    .add(review_item::Column::RankAt.gt(rank))
                    .add(review_item::Column::RankAt.eq(rank).and(review_item::Column::Id.gt(id))),
            );
        }
        let query = filter
            .narrow(self, query)
            .order_by(review_item::Column::RankAt, Order::Asc)
            .order_by(review_item::Column::Id, Order::Asc)
            .limit(Ord::min(limit, PAGE));
        self.all(query).await
    }

    /// How many items of a part of the queue wait.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn queue_count(&self, filter: &QueueFilter) -> Result<u64, StoreError> {
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open));
        Ok(filter.narrow(self, query).count(self.connection()).await?)
    }

    /// How many items wait.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn queue_length(&self) -> Result<u64, StoreError> {
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::State.eq(ItemStatus::Open));
        Ok(query.count(self.connection()).await?)
    }

    /// The last items that a person closed, newest first: what waiting estimates are made of.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn recently_decided(&self, limit: u64) -> Result<Vec<review_item::Model>, StoreError> {
        let by_a_person = self
            .select::<outcome::Entity>()
            .select_only()
            .column(outcome::Column::ItemId)
            .filter(
                Expr::col((outcome::Entity, outcome::Column::ItemId))
                    .equals((review_item::Entity, review_item::Column::Id)),
            )
            .filter(outcome::Column::State.eq(OutcomeStatus::Final))
            .filter(outcome::Column::MemberId.is_not_null());
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::ClosedAt.is_not_null())
            .filter(Expr::exists(by_a_person.into_query()))
            .order_by(review_item::Column::ClosedAt, Order::Desc)
            .limit(limit);
        self.all(query).await
    }

    /// The outcomes of an item, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn outcomes_of(&self, item_id: ItemId) -> Result<Vec<outcome::Model>, StoreError> {
        let query = self
            .select::<outcome::Entity>()
            .filter(outcome::Column::ItemId.eq(item_id))
            .order_by(outcome::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The outcome of an item that is pending or final.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn standing_outcome(&self, item_id: ItemId) -> Result<Option<outcome::Model>, StoreError> {
        self.one::<outcome::Entity>(
            outcome::Column::ItemId
                .eq(item_id)
                .and(outcome::Column::State.ne(OutcomeStatus::Cancelled)),
        )
        .await
    }

    /// Everything the AI drafted for a conversation, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn drafts_of_turns(&self, turns: &[TurnId]) -> Result<Vec<draft::Model>, StoreError> {
        let query = self
            .select::<draft::Entity>()
            .filter(draft::Column::TurnId.is_in(turns.iter().copied()))
            .order_by(draft::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The turns of a conversation, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn turns_of(&self, conversation_id: ConversationId) -> Result<Vec<turn::Model>, StoreError> {
        let query = self
            .select::<turn::Entity>()
            .filter(turn::Column::ConversationId.eq(conversation_id))
            .order_by(turn::Column::Number, Order::Asc);
        self.all(query).await
    }

    /// The review items of a conversation, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn items_of(&self, conversation_id: ConversationId) -> Result<Vec<review_item::Model>, StoreError> {
        let query = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::ConversationId.eq(conversation_id))
            .order_by(review_item::Column::Id, Order::Asc);
        self.all(query).await
    }

    /// The decision about a draft.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decision_of(&self, draft_id: DraftId) -> Result<Option<decision::Model>, StoreError> {
        self.one::<decision::Entity>(decision::Column::DraftId.eq(draft_id))
            .await
    }

    /// The release of a draft.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn release_of(&self, draft_id: DraftId) -> Result<Option<release::Model>, StoreError> {
        self.one::<release::Entity>(release::Column::DraftId.eq(draft_id)).await
    }

    /// The final outcome of a draft, once there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn final_outcome_of(&self, draft_id: DraftId) -> Result<Option<outcome::Model>, StoreError> {
        let is_final = outcome::Column::DraftId
            .eq(draft_id)
            .and(outcome::Column::State.eq(OutcomeStatus::Final));
        self.one::<outcome::Entity>(is_final).await
    }

    /// The verdict that came with an outcome.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn verdict_of(&self, outcome_id: OutcomeId) -> Result<Option<verdict::Model>, StoreError> {
        self.one::<verdict::Entity>(verdict::Column::OutcomeId.eq(outcome_id))
            .await
    }

    /// Outcomes in which a person let an answer out or gave one, above the cursor, in order of id.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decided_outcomes(
        &self,
        after: Option<OutcomeId>,
        limit: u64,
    ) -> Result<Vec<outcome::Model>, StoreError> {
        let kinds = [OutcomeKind::Approve, OutcomeKind::Edit, OutcomeKind::Respond];
        let query = self
            .select::<outcome::Entity>()
            .filter(outcome::Column::State.eq(OutcomeStatus::Final))
            .filter(outcome::Column::Kind.is_in(kinds))
            .apply_if(after, |query, after| query.filter(outcome::Column::Id.gt(after)))
            .order_by(outcome::Column::Id, Order::Asc)
            .limit(limit);
        self.all(query).await
    }

    /// When a member decided about the last item before an outcome of theirs; none if that was their first. What was decided together
    /// with it is not before it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn decided_before(
        &self,
        member: MemberId,
        outcome: OutcomeId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = self
            .select::<outcome::Entity>()
            .filter(outcome::Column::MemberId.eq(member))
            .filter(outcome::Column::Id.lt(outcome))
            .filter(outcome::Column::CreatedAt.lt(at))
            .order_by(outcome::Column::Id, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop().map(|outcome| outcome.created_at))
    }

    /// How many outcomes of a kind are final.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn final_outcomes(&self, kind: OutcomeKind) -> Result<u64, StoreError> {
        let query = self
            .select::<outcome::Entity>()
            .filter(outcome::Column::Kind.eq(kind))
            .filter(outcome::Column::State.eq(OutcomeStatus::Final));
        Ok(query.count(self.connection()).await?)
    }
}
