//! What conversations were, and the sums that figures are made of.

use super::entity::{
    agent_version, check, contact, conversation, decision, draft, evidence, insight, insight_mark, insight_watch,
    message, outcome, rating, release, review_item, tally, turn,
};
use super::{OutcomeStatus, Rows, StoreError, Tx};
use crate::domain::ids::{AgentId, AgentVersionId, ConversationId, DraftId, ItemId, TurnId};
use crate::domain::insight::{Day, Mark, Marks, Period};
use crate::domain::time::Timestamp;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, OnConflict, Order, Query};
use sea_orm::{ActiveModelTrait, PaginatorTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select};

/// Rows that are written in one statement: databases bound the number of values of one.
const ROWS_AT_ONCE: usize = 200;

/// Everything that tells what became of some conversations.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the rows of each table")]
pub struct StoryRows {
    pub conversations: Vec<conversation::Model>,
    /// In order.
    pub turns: Vec<turn::Model>,
    /// In order.
    pub messages: Vec<message::Model>,
    /// In order.
    pub drafts: Vec<draft::Model>,
    pub decisions: Vec<decision::Model>,
    pub releases: Vec<release::Model>,
    /// In order.
    pub items: Vec<review_item::Model>,
    /// Final ones.
    pub outcomes: Vec<outcome::Model>,
    pub evidence: Vec<evidence::Model>,
    pub ratings: Vec<rating::Model>,
    pub contacts: Vec<contact::Model>,
    /// Ids and numbers of the versions that drafted.
    pub versions: Vec<(AgentVersionId, i64)>,
}

/// A sum of marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tallied {
    /// Of which day.
    pub day: Day,
    /// Under which head.
    pub mark: Mark,
    /// How many.
    pub amount: i64,
}

impl Rows<'_> {
    /// How far the log was read; none before the first time.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insight_watch(&self) -> Result<Option<insight_watch::Model>, StoreError> {
        Ok(self.all(self.select::<insight_watch::Entity>()).await?.pop())
    }

    /// Everything that tells what became of these conversations.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn stories(&self, ids: &[ConversationId]) -> Result<StoryRows, StoreError> {
        let of = |column: conversation::Column| column.is_in(ids.iter().copied());
        let conversations = self
            .select::<conversation::Entity>()
            .filter(of(conversation::Column::Id));
        let turns = self
            .select::<turn::Entity>()
            .filter(turn::Column::ConversationId.is_in(ids.iter().copied()))
            .order_by(turn::Column::Number, Order::Asc);
        let messages = self
            .select::<message::Entity>()
            .filter(message::Column::ConversationId.is_in(ids.iter().copied()))
            .order_by(message::Column::Seq, Order::Asc);
        let items = self
            .select::<review_item::Entity>()
            .filter(review_item::Column::ConversationId.is_in(ids.iter().copied()))
            .order_by(review_item::Column::Id, Order::Asc);
        let evidence = self
            .select::<evidence::Entity>()
            .filter(evidence::Column::ConversationId.is_in(ids.iter().copied()));
        let ratings = self
            .select::<rating::Entity>()
            .filter(rating::Column::ConversationId.is_in(ids.iter().copied()));
        let contacts = self
            .select::<contact::Entity>()
            .filter(contact::Column::ConversationId.is_in(ids.iter().copied()));
        let turns = self.all(turns).await?;
        let turn_ids: Vec<TurnId> = turns.iter().map(|turn| turn.id).collect();
        let drafts = self
            .select::<draft::Entity>()
            .filter(draft::Column::TurnId.is_in(turn_ids))
            .order_by(draft::Column::Revision, Order::Asc)
            .order_by(draft::Column::Id, Order::Asc);
        let drafts = self.all(drafts).await?;
        let draft_ids: Vec<DraftId> = drafts.iter().map(|draft| draft.id).collect();
        let items = self.all(items).await?;
        let item_ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
        let decisions = self
            .select::<decision::Entity>()
            .filter(decision::Column::DraftId.is_in(draft_ids.iter().copied()));
        let releases = self
            .select::<release::Entity>()
            .filter(release::Column::DraftId.is_in(draft_ids));
        let outcomes = self
            .select::<outcome::Entity>()
            .filter(outcome::Column::ItemId.is_in(item_ids))
            .filter(outcome::Column::State.eq(OutcomeStatus::Final));
        let mut version_ids: Vec<AgentVersionId> = drafts.iter().map(|draft| draft.agent_version_id).collect();
        version_ids.sort_unstable();
        version_ids.dedup();
        let versions = self
            .select::<agent_version::Entity>()
            .filter(agent_version::Column::Id.is_in(version_ids))
            .select_only()
            .columns([agent_version::Column::Id, agent_version::Column::Number])
            .into_tuple()
            .all(self.connection())
            .await?;
        Ok(StoryRows {
            conversations: self.all(conversations).await?,
            messages: self.all(messages).await?,
            decisions: self.all(decisions).await?,
            releases: self.all(releases).await?,
            outcomes: self.all(outcomes).await?,
            evidence: self.all(evidence).await?,
            ratings: self.all(ratings).await?,
            contacts: self.all(contacts).await?,
            turns,
            drafts,
            items,
            versions,
        })
    }

    /// What these conversations were when they were looked at last.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insights_of(&self, ids: &[ConversationId]) -> Result<Vec<insight::Model>, StoreError> {
        let query = self
            .select::<insight::Entity>()
            .filter(insight::Column::ConversationId.is_in(ids.iter().copied()));
        self.all(query).await
    }

    /// Conversations that time alone changes until `now`, what is due first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insights_due(&self, now: Timestamp, limit: u64) -> Result<Vec<ConversationId>, StoreError> {
        let query = self
            .select::<insight::Entity>()
            .filter(insight::Column::DueAt.lte(now))
            .order_by(insight::Column::DueAt, Order::Asc)
            .limit(limit);
        Ok(ids_of(query).all(self.connection()).await?)
    }

    /// When time alone changes one next.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn next_insight_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let query = self
            .select::<insight::Entity>()
            .filter(insight::Column::DueAt.is_not_null())
            .order_by(insight::Column::DueAt, Order::Asc)
            .limit(1);
        Ok(self.all(query).await?.pop().and_then(|row| row.due_at))
    }

    /// Sums of a period by mark, those of one agent alone if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tallies(&self, period: Period, agent: Option<AgentId>) -> Result<Vec<(Mark, i64)>, StoreError> {
        let query = self
            .tallies_of(period, agent)
            .select_only()
            .column(tally::Column::Mark)
            .column_as(Expr::col(tally::Column::Amount).sum().cast_as("BIGINT"), "amount")
            .group_by(tally::Column::Mark)
            .having(Expr::col(tally::Column::Amount).sum().ne(0));
        let found: Vec<(String, i64)> = query.into_tuple().all(self.connection()).await?;
        Ok(found
            .into_iter()
            .filter_map(|(mark, amount)| Some((mark.parse().ok()?, amount)))
            .collect())
    }

    /// Sums of a period by agent version and mark, those of one agent alone if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tallies_by_version(
        &self,
        period: Period,
        agent: Option<AgentId>,
    ) -> Result<Vec<((AgentId, i64), Mark, i64)>, StoreError> {
        let query = self
            .tallies_of(period, agent)
            .select_only()
            .columns([tally::Column::AgentId, tally::Column::Version, tally::Column::Mark])
            .column_as(Expr::col(tally::Column::Amount).sum().cast_as("BIGINT"), "amount")
            .group_by(tally::Column::AgentId)
            .group_by(tally::Column::Version)
            .group_by(tally::Column::Mark)
            .having(Expr::col(tally::Column::Amount).sum().ne(0));
        let found: Vec<(AgentId, i64, String, i64)> = query.into_tuple().all(self.connection()).await?;
        let read = |(agent, version, mark, amount): (AgentId, i64, String, i64)| {
            Some(((agent, version), mark.parse().ok()?, amount))
        };
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// Sums of a period by day, those of one agent alone if there is one.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn tallies_by_day(&self, period: Period, agent: Option<AgentId>) -> Result<Vec<Tallied>, StoreError> {
        let query = self
            .tallies_of(period, agent)
            .select_only()
            .columns([tally::Column::Day, tally::Column::Mark])
            .column_as(Expr::col(tally::Column::Amount).sum().cast_as("BIGINT"), "amount")
            .group_by(tally::Column::Day)
            .group_by(tally::Column::Mark)
            .having(Expr::col(tally::Column::Amount).sum().ne(0));
        let found: Vec<(i64, String, i64)> = query.into_tuple().all(self.connection()).await?;
        let read = |(day, mark, amount): (i64, String, i64)| {
            Some(Tallied {
                day: Day::from_number(day),
                mark: mark.parse().ok()?,
                amount,
            })
        };
        Ok(found.into_iter().filter_map(read).collect())
    }

    fn tallies_of(&self, period: Period, agent: Option<AgentId>) -> Select<tally::Entity> {
        self.select::<tally::Entity>()
            .filter(tally::Column::Day.between(period.first.number(), period.last.number()))
            .apply_if(agent, |query, agent| query.filter(tally::Column::AgentId.eq(agent)))
    }

    /// The conversations of a period that carry a mark, the latest day first, below the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn marked(
        &self,
        mark: &Mark,
        period: Period,
        agent: Option<AgentId>,
        below: Option<(Day, ConversationId)>,
        limit: u64,
    ) -> Result<Vec<(Day, ConversationId)>, StoreError> {
        use insight_mark::Column;
        let query = self
            .marks_of(mark, period, agent)
            .apply_if(below, |query, (day, id)| {
                let earlier = Column::Day.lt(day.number());
                let same = Column::Day.eq(day.number()).and(Column::ConversationId.lt(id));
                query.filter(Condition::any().add(earlier).add(same))
            })
            .order_by(Column::Day, Order::Desc)
            .order_by(Column::ConversationId, Order::Desc)
            .limit(limit);
        let found = self.all(query).await?.into_iter();
        Ok(found
            .map(|row| (Day::from_number(row.day), row.conversation_id))
            .collect())
    }

    /// How many conversations of a period carry a mark.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn count_marked(&self, mark: &Mark, period: Period, agent: Option<AgentId>) -> Result<u64, StoreError> {
        Ok(self.marks_of(mark, period, agent).count(self.connection()).await?)
    }

    fn marks_of(&self, mark: &Mark, period: Period, agent: Option<AgentId>) -> Select<insight_mark::Entity> {
        let of_agent = |agent| {
            Query::select()
                .column(insight::Column::ConversationId)
                .from(insight::Entity)
                .and_where(insight::Column::WorkspaceId.eq(self.workspace_id()))
                .and_where(insight::Column::AgentId.eq(agent))
                .and_where(insight::Column::Day.between(period.first.number(), period.last.number()))
                .to_owned()
        };
        self.select::<insight_mark::Entity>()
            .filter(insight_mark::Column::Mark.eq(mark.to_string()))
            .filter(insight_mark::Column::Day.between(period.first.number(), period.last.number()))
            .apply_if(agent, |query, agent| {
                query.filter(insight_mark::Column::ConversationId.in_subquery(of_agent(agent)))
            })
    }

    /// The conversation whose answer a check is about.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn conversation_of_check(&self, id: ItemId) -> Result<Option<ConversationId>, StoreError> {
        let Some(check) = self.by_id::<check::Entity>(id).await? else {
            return Ok(None);
        };
        let known = self.by_id::<evidence::Entity>(check.draft_id).await?;
        Ok(known.map(|row| row.conversation_id))
    }

    /// What conversations of a period were, in the order of their days, after the cursor.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn insights(
        &self,
        period: Period,
        agent: Option<AgentId>,
        after: Option<(Day, ConversationId)>,
        limit: u64,
    ) -> Result<Vec<insight::Model>, StoreError> {
        use insight::Column;
        let query = self
            .select::<insight::Entity>()
            .filter(Column::Day.between(period.first.number(), period.last.number()))
            .apply_if(agent, |query, agent| query.filter(Column::AgentId.eq(agent)))
            .apply_if(after, |query, (day, id)| {
                let later = Column::Day.gt(day.number());
                let same = Column::Day.eq(day.number()).and(Column::ConversationId.gt(id));
                query.filter(Condition::any().add(later).add(same))
            })
            .order_by(Column::Day, Order::Asc)
            .order_by(Column::ConversationId, Order::Asc)
            .limit(limit);
        self.all(query).await
    }
}

fn ids_of(query: Select<insight::Entity>) -> sea_orm::Selector<sea_orm::SelectGetableTuple<ConversationId>> {
    query
        .select_only()
        .column(insight::Column::ConversationId)
        .into_tuple::<ConversationId>()
}

impl Tx<'_> {
    /// Notes how far the log was read, and by what was counted.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn watch_insights_from(&self, watch: insight_watch::Model) -> Result<(), StoreError> {
        let again = OnConflict::column(insight_watch::Column::WorkspaceId)
            .update_columns([
                insight_watch::Column::Seq,
                insight_watch::Column::TimeZone,
                insight_watch::Column::Definitions,
            ])
            .to_owned();
        let insert = insight_watch::Entity::insert(watch.into_active_model().reset_all()).on_conflict(again);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// All conversations are to be looked at again: days or definitions are other ones.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn all_insights_due(&self, now: Timestamp) -> Result<(), StoreError> {
        let update = insight::Entity::update_many()
            .col_expr(insight::Column::DueAt, Expr::value(now))
            .filter(insight::Column::WorkspaceId.eq(self.workspace_id()));
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }

    /// Writes what conversations were.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_insights(&self, rows: Vec<insight::Model>) -> Result<(), StoreError> {
        use insight::Column;
        if rows.is_empty() {
            return Ok(());
        }
        let again = OnConflict::column(Column::ConversationId)
            .update_columns([Column::AgentId, Column::Day, Column::DueAt, Column::Told])
            .to_owned();
        let rows = rows.into_iter().map(|row| row.into_active_model().reset_all());
        let insert = insight::Entity::insert_many(rows).on_conflict(again);
        self.change(insert.exec_without_returning(self.connection())).await?;
        Ok(())
    }

    /// Takes away the marks that a conversation carried.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn remove_marks(&self, id: ConversationId, day: Day, marks: &Marks) -> Result<(), StoreError> {
        use insight_mark::Column;
        if marks.is_empty() {
            return Ok(());
        }
        let delete = insight_mark::Entity::delete_many()
            .filter(Column::WorkspaceId.eq(self.workspace_id()))
            .filter(Column::Mark.is_in(marks.keys().map(ToString::to_string)))
            .filter(Column::Day.eq(day.number()))
            .filter(Column::ConversationId.eq(id));
        self.change(delete.exec(self.connection())).await?;
        Ok(())
    }

    /// Marks conversations, or changes how often.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn put_marks(&self, marks: Vec<(ConversationId, Day, Mark, i64)>) -> Result<(), StoreError> {
        use insight_mark::Column;
        for some in marks.chunks(ROWS_AT_ONCE) {
            let rows = some.iter().map(|(id, day, mark, amount)| {
                let row = insight_mark::Model {
                    workspace_id: self.workspace_id(),
                    mark: mark.to_string(),
                    day: day.number(),
                    conversation_id: *id,
                    amount: *amount,
                };
                row.into_active_model().reset_all()
            });
            let again = OnConflict::columns([Column::WorkspaceId, Column::Mark, Column::Day, Column::ConversationId])
                .update_column(Column::Amount)
                .to_owned();
            let insert = insight_mark::Entity::insert_many(rows).on_conflict(again);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }

    /// Adds to sums, or takes from them.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn add_to_tallies(&self, sums: Vec<((Day, Mark, AgentId, i64), i64)>) -> Result<(), StoreError> {
        use tally::Column;
        for some in sums.chunks(ROWS_AT_ONCE) {
            let rows = some.iter().map(|((day, mark, agent_id, version), amount)| {
                let row = tally::Model {
                    workspace_id: self.workspace_id(),
                    day: day.number(),
                    mark: mark.to_string(),
                    agent_id: *agent_id,
                    version: *version,
                    amount: *amount,
                };
                row.into_active_model().reset_all()
            });
            let key = [
                Column::WorkspaceId,
                Column::Day,
                Column::Mark,
                Column::AgentId,
                Column::Version,
            ];
            let more =
                Expr::col((tally::Entity, Column::Amount)).add(Expr::col((Alias::new("excluded"), Column::Amount)));
            let again = OnConflict::columns(key).value(Column::Amount, more).to_owned();
            let insert = tally::Entity::insert_many(rows).on_conflict(again);
            self.change(insert.exec_without_returning(self.connection())).await?;
        }
        Ok(())
    }

    /// The visitor's widget has shown what was said up to `seq`.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn mark_delivered(&self, id: ConversationId, seq: i64, now: Timestamp) -> Result<(), StoreError> {
        use crate::domain::conversation::Author;
        use message::Column;
        let update = message::Entity::update_many()
            .col_expr(Column::DeliveredAt, Expr::value(now))
            .filter(Column::WorkspaceId.eq(self.workspace_id()))
            .filter(Column::ConversationId.eq(id))
            .filter(Column::Seq.lte(seq))
            .filter(Column::Author.ne(Author::Visitor))
            .filter(Column::DeliveredAt.is_null());
        self.change(update.exec(self.connection())).await?;
        Ok(())
    }
}
