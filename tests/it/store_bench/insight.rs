//! What a conversation was, and how it is counted.

use super::{AT, Planted};
use holdpoint::domain::insight::{Day, Insight, Mark};
use holdpoint::store::entity::{insight, insight_watch};
use holdpoint::store::{Json, StoreError, Tx};
use serde_json::json;

impl Planted {
    pub(super) async fn plant_insight(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let (workspace_id, day) = (self.workspace, Day::from_number(20_000));
        let told = json!({ "day": day, "agent_id": self.agent, "began_at": AT, "has_written": true });
        let told: Insight = serde_json::from_value(told).unwrap();
        tx.put_insights(vec![insight::Model {
            conversation_id: self.conversation,
            workspace_id,
            agent_id: self.agent,
            day: day.number(),
            due_at: Some(AT),
            told: Json(told),
        }])
        .await?;
        tx.put_marks(vec![(self.conversation, day, Mark::Conversations, 1)])
            .await?;
        tx.add_to_tallies(vec![((day, Mark::Conversations, self.agent, 1), 1)])
            .await?;
        tx.watch_insights_from(insight_watch::Model {
            workspace_id,
            seq: 1,
            time_zone: "UTC".to_owned(),
            definitions: 1,
        })
        .await
    }
}
