//! Reading goals, what visitors reached of them, and what is going on right now.

use super::entity::{contact, conversation, conversion, goal, message, turn};
use super::{OwnerKind, Rows, StoreError, Tx};
use crate::domain::conversation::Author;
use crate::domain::goal::ConversionSource;
use crate::domain::ids::{ConversationId, ConversionId, GoalId};
use crate::domain::money::Currency;
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};

/// Which conversions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConversionFilter {
    /// Those of one goal.
    pub goal: Option<GoalId>,
    /// Those of one conversation.
    pub conversation: Option<ConversationId>,
    /// Those reached then or later.
    pub from: Option<Timestamp>,
    /// Those reached before.
    pub before: Option<Timestamp>,
}

/// What was reached of one goal, as one kind of source says, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoalSum {
    /// The goal.
    pub goal: GoalId,
    /// Who says so.
    pub source: ConversionSource,
    /// In which currency; none where it is worth nothing.
    pub currency: Option<Currency>,
    /// How often.
    pub conversions: u64,
    /// What they are worth together, in the currency's smallest unit.
    pub value: i64,
}

/// Conversations that go on, by who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InProgress {
    /// The AI answers.
    pub ai: u64,
    /// A person has taken over.
    pub person: u64,
    /// A person has to answer, and none has stepped in.
    pub waiting: u64,
}

/// When the visitor of a conversation first wrote, and when they were first answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Which.
    pub conversation: ConversationId,
    /// By whom it was written: `visitor`, `ai` or `person`.
    pub author: Author,
    /// When they first wrote.
    pub at: Timestamp,
}

impl Rows<'_> {
    /// A goal, retired or not.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn goal(&self, id: GoalId) -> Result<Option<goal::Model>, StoreError> {
        self.by_id::<goal::Entity>(id).await
    }

    /// All goals, the oldest first; those that are retired too.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn goals(&self) -> Result<Vec<goal::Model>, StoreError> {
        let query = self.select::<goal::Entity>();
        self.all(query.order_by(goal::Column::Id, Order::Asc)).await
    }

    /// What counts for a goal in a conversation.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversion_of(
        &self,
        goal: GoalId,
        conversation: ConversationId,
    ) -> Result<Option<conversion::Model>, StoreError> {
        let of_both = conversion::Column::GoalId
            .eq(goal)
            .and(conversion::Column::ConversationId.eq(conversation));
        self.one::<conversion::Entity>(of_both).await
    }

    /// What counts for an order.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversion_of_order(&self, order_id: &str) -> Result<Option<conversion::Model>, StoreError> {
        self.one::<conversion::Entity>(conversion::Column::OrderRef.eq(order_id))
            .await
    }

    /// What was reached, the newest first; those before `below` of an earlier page.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversions(
        &self,
        filter: ConversionFilter,
        below: Option<ConversionId>,
        limit: u64,
    ) -> Result<Vec<conversion::Model>, StoreError> {
        use conversion::Column;
        let query = self
            .select::<conversion::Entity>()
            .apply_if(below, |query, below| query.filter(Column::Id.lt(below)))
            .apply_if(filter.goal, |query, goal| query.filter(Column::GoalId.eq(goal)))
            .apply_if(filter.conversation, |query, id| {
                query.filter(Column::ConversationId.eq(id))
            })
            .apply_if(filter.from, |query, from| query.filter(Column::At.gte(from)))
            .apply_if(filter.before, |query, before| query.filter(Column::At.lt(before)));
        self.all(query.order_by(Column::Id, Order::Desc).limit(limit)).await
    }

    /// What was reached from `from` on and before `to`, by goal, source and currency.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn goal_sums(&self, from: Timestamp, to: Timestamp) -> Result<Vec<GoalSum>, StoreError> {
        use conversion::Column;
        let query = self
            .select::<conversion::Entity>()
            .filter(Column::At.gte(from))
            .filter(Column::At.lt(to))
            .select_only()
            .columns([Column::GoalId, Column::Source, Column::Currency])
            .column_as(Column::Id.count(), "conversions")
            // PostgreSQL's sum of whole numbers is none.
            .expr_as(Expr::cust("CAST(COALESCE(SUM(value), 0) AS BIGINT)"), "sum")
            .group_by(Column::GoalId)
            .group_by(Column::Source)
            .group_by(Column::Currency)
            .order_by(Column::GoalId, Order::Asc)
            .order_by(Column::Source, Order::Asc)
            .order_by(Column::Currency, Order::Asc);
        let rows: Vec<(GoalId, ConversionSource, Option<Currency>, i64, i64)> =
            query.into_tuple().all(self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(goal, source, currency, conversions, value)| GoalSum {
                goal,
                source,
                currency,
                conversions: u64::try_from(conversions).unwrap_or_default(),
                value,
            })
            .collect())
    }

    /// When the visitor last wrote in a conversation, up to `until`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn last_word(&self, id: ConversationId, until: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let query = self
            .select::<message::Entity>()
            .filter(message::Column::ConversationId.eq(id))
            .filter(message::Column::Author.eq(Author::Visitor))
            .filter(message::Column::CreatedAt.lte(until))
            .order_by(message::Column::Seq, Order::Desc)
            .limit(1);
        Ok(self.all(query).await?.pop().map(|message| message.created_at))
    }

    /// The conversations whose visitor left this address, the latest first.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn contacts_at(&self, address: &str, limit: u64) -> Result<Vec<contact::Model>, StoreError> {
        let query = self
            .select::<contact::Entity>()
            .filter(contact::Column::Address.eq(address))
            .order_by(contact::Column::LeftAt, Order::Desc);
        self.all(query.limit(limit)).await
    }

    /// Conversations in which something goes on: those that are neither over nor spam, have a message, and in which somebody waits, a person
    /// answers, or something was said since `since`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn in_progress(&self, since: Timestamp) -> Result<InProgress, StoreError> {
        use conversation::Column;
        let unanswered = Query::select()
            .column(turn::Column::ConversationId)
            .from(turn::Entity)
            .and_where(Expr::col((turn::Entity, turn::Column::WorkspaceId)).eq(self.workspace_id()))
            // Written out, not bound: only then the index of unanswered turns is used.
            .and_where(Expr::cust("state <> 'answered'"))
            .to_owned();
        let query = self
            .select::<conversation::Entity>()
            .filter(Column::ClosedAt.is_null())
            .filter(Column::Spam.is_null())
            .filter(Column::LastSeq.gt(0))
            .filter(
                Condition::any()
                    .add(Column::UpdatedAt.gte(since))
                    .add(Column::Owner.ne(OwnerKind::Ai))
                    .add(Column::Id.in_subquery(unanswered)),
            )
            .select_only()
            .column(Column::Owner)
            .column_as(Column::Id.count(), "conversations")
            .group_by(Column::Owner);
        let rows: Vec<(OwnerKind, i64)> = query.into_tuple().all(self.connection()).await?;
        let of = |kind| {
            let found = rows.iter().find(|(owner, _)| *owner == kind);
            found.map_or(0, |(_, count)| u64::try_from(*count).unwrap_or_default())
        };
        Ok(InProgress {
            ai: of(OwnerKind::Ai),
            person: of(OwnerKind::Person),
            waiting: of(OwnerKind::Nobody),
        })
    }

    /// Of each conversation that began since then and is no spam, when its visitor, the AI and a person first wrote.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn first_words_since(&self, from: Timestamp) -> Result<Vec<Answered>, StoreError> {
        use message::Column;
        let query = self
            .select::<message::Entity>()
            .filter(Column::ConversationId.in_subquery(self.begun_since(from)))
            .filter(Column::Author.ne(Author::System))
            .select_only()
            .columns([Column::ConversationId, Column::Author])
            .column_as(Column::CreatedAt.min(), "first")
            .group_by(Column::ConversationId)
            .group_by(Column::Author)
            .order_by(Column::ConversationId, Order::Asc)
            .order_by(Column::Author, Order::Asc);
        let rows: Vec<(ConversationId, Author, Timestamp)> = query.into_tuple().all(self.connection()).await?;
        Ok(rows
            .into_iter()
            .map(|(conversation, author, at)| Answered {
                conversation,
                author,
                at,
            })
            .collect())
    }

    fn begun_since(&self, from: Timestamp) -> SelectStatement {
        Query::select()
            .column(conversation::Column::Id)
            .from(conversation::Entity)
            .and_where(Expr::col((conversation::Entity, conversation::Column::WorkspaceId)).eq(self.workspace_id()))
            .and_where(Expr::col((conversation::Entity, conversation::Column::CreatedAt)).gte(from))
            .and_where(Expr::col((conversation::Entity, conversation::Column::Spam)).is_null())
            .to_owned()
    }

    /// How many conversions there were from `from` on.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversion_count_since(&self, from: Timestamp) -> Result<u64, StoreError> {
        let query = self
            .select::<conversion::Entity>()
            .filter(conversion::Column::At.gte(from));
        Ok(query.count(self.connection()).await?)
    }
}

impl Tx<'_> {
    /// What was reached does not count any more.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_conversion(&self, id: ConversionId) -> Result<(), StoreError> {
        let delete = conversion::Entity::delete_many()
            .filter(conversion::Column::WorkspaceId.eq(self.workspace_id()))
            .filter(conversion::Column::Id.eq(id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }
}
