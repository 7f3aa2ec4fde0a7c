//! A version of the tuned ranking.

use super::{AT, Planted};
use holdpoint::domain::tuning::{Figures, Judged, RetrievalState};
use holdpoint::stats::tuner::Counts;
use holdpoint::store::entity::retrieval_version;
use holdpoint::store::{Json, StoreError, Tx};

impl Planted {
    pub(super) async fn plant_tuning(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.insert(retrieval_version::Model {
            id: self.retrieval_version,
            workspace_id: self.workspace,
            number: 1,
            state: RetrievalState::Candidate,
            embedder: "mini".to_owned(),
            dimensions: 2,
            adapter: vec![7; 8],
            adapter_hash: vec![9; 32],
            figures: Json(Figures {
                learned_from: Counts::default(),
                strength: None,
                judged_on: Judged::default(),
            }),
            member_id: Some(self.member),
            created_at: AT,
        })
        .await
    }
}
