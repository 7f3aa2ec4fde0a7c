//! A gap with a question, and what was and is proposed for it.

use super::{AT, Planted};
use holdpoint::domain::improve::gap::{Cause, GapState, Origin, ProposalState};
use holdpoint::store::entity::{gap, gap_proposal, gap_question};
use holdpoint::store::{StoreError, Tx};
use uuid::Uuid;

impl Planted {
    pub(super) async fn plant_gaps(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(gap::Model {
            id: self.gap,
            workspace_id,
            name: "When do you open?".to_owned(),
            state: GapState::Open,
            reason: None,
            embedder: "mini".to_owned(),
            centroid: vec![0; 8],
            questions: 1,
            visitors: 1,
            is_moved: true,
            first_at: AT,
            last_at: AT,
        })
        .await?;
        tx.insert(gap_question::Model {
            turn_id: self.turn,
            workspace_id,
            gap_id: Some(self.gap),
            conversation_id: self.conversation,
            visitor_id: self.visitor,
            draft_id: Some(self.draft),
            outcome_id: Some(self.outcome),
            question: "When do you open?".to_owned(),
            cause: Cause::Unanswered,
            embedder: Some("mini".to_owned()),
            vector: Some(vec![0; 8]),
            asked_at: AT,
            created_at: AT,
        })
        .await?;
        let waiting = gap_proposal::Model {
            id: self.proposal,
            workspace_id,
            gap_id: self.gap,
            question: "When do you open?".to_owned(),
            answer: "At nine.".to_owned(),
            origin: Origin::Reply,
            turn_id: Some(self.turn),
            conversation_id: Some(self.conversation),
            author_id: Some(self.member),
            state: ProposalState::Waiting,
            reason: None,
            decided_by: None,
            created_at: AT,
            decided_at: None,
            candidate_id: None,
        };
        tx.insert(gap_proposal::Model {
            id: Uuid::now_v7().into(),
            state: ProposalState::Dismissed,
            reason: Some("It is not true any more.".to_owned()),
            decided_by: Some(self.member),
            decided_at: Some(AT),
            ..waiting.clone()
        })
        .await?;
        tx.insert(gap_proposal::Model {
            id: Uuid::now_v7().into(),
            state: ProposalState::Approved,
            decided_by: Some(self.member),
            decided_at: Some(AT),
            candidate_id: Some(self.candidate),
            ..waiting.clone()
        })
        .await?;
        tx.insert(waiting).await?;
        tx.watch_gaps_from(1).await
    }
}
