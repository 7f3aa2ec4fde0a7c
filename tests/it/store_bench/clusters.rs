//! Questions that mean the same, and a change of the traffic.

use super::{AT, Planted};
use holdpoint::domain::insight::{PatternKind, PatternState};
use holdpoint::store::entity::{cluster, cluster_watch, pattern, turn_cluster};
use holdpoint::store::{StoreError, Tx};
use uuid::Uuid;

impl Planted {
    pub(super) async fn plant_clusters(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        let cluster = cluster::Model {
            id: self.cluster,
            workspace_id,
            name: "Opening hours".to_owned(),
            named_by: Some(self.member),
            is_kept: true,
            example: "When do you open?".to_owned(),
            embedder: "mini".to_owned(),
            vector: vec![0; 8],
            questions: 1,
            merged_into: None,
            created_at: AT,
            last_at: AT,
        };
        tx.insert(cluster.clone()).await?;
        tx.insert(cluster::Model {
            id: Uuid::now_v7().into(),
            merged_into: Some(self.cluster),
            ..cluster
        })
        .await?;
        tx.put_question(turn_cluster::Model {
            turn_id: self.turn,
            workspace_id,
            conversation_id: self.conversation,
            cluster_id: Some(self.cluster),
            question: "When do you open?".to_owned(),
            embedder: Some("mini".to_owned()),
            vector: Some(vec![0; 8]),
            asked_at: AT,
        })
        .await?;
        tx.insert(pattern::Model {
            id: self.pattern,
            workspace_id,
            kind: PatternKind::Cluster,
            key: self.cluster.to_string(),
            since: 20_000,
            amount: 34,
            expected: 17.0,
            evidence: 5_000.0,
            state: PatternState::Open,
            found_at: AT,
            looked_on: 20_003,
        })
        .await?;
        tx.watch_clusters_from(cluster_watch::Model {
            workspace_id,
            seq: 1,
            seen: 1,
            looked_on: None,
        })
        .await
    }
}
