//! What belongs to the planted verified answer: a source, a use, a candidate, and something that speaks against it.

use super::{AT, Planted};
use holdpoint::domain::answer::Difference;
use holdpoint::domain::improve::answer::{ConflictDecision, ConflictKind};
use holdpoint::store::entity::{answer_conflict, answer_source, answer_use};
use holdpoint::store::{Json, StoreError, Tx};
use uuid::Uuid;

impl Planted {
    pub(super) async fn plant_answers(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(answer_source::Model {
            answer_id: self.answer,
            document_id: self.document,
            workspace_id,
            title: "Opening hours".to_owned(),
            body: "We open at eight.".to_owned(),
            content_hash: vec![9; 32],
            noted_at: AT,
        })
        .await?;
        tx.insert(answer_use::Model {
            draft_id: self.draft,
            workspace_id,
            answer_id: self.answer,
            created_at: AT,
        })
        .await?;
        tx.note_candidate(self.answer, self.candidate).await?;
        tx.note_candidate(self.answer, self.candidate).await?;
        let open = answer_conflict::Model {
            id: self.conflict,
            workspace_id,
            answer_id: self.answer,
            kind: ConflictKind::SourceChanged,
            document_id: Some(self.document),
            other_answer_id: None,
            title: "Opening hours".to_owned(),
            before: "We open at eight.".to_owned(),
            after: "We open at nine.".to_owned(),
            differs: Json(vec![Difference {
                this: "eight".to_owned(),
                other: "nine".to_owned(),
            }]),
            content_hash: vec![3; 32],
            found_at: AT,
            decision: None,
            decided_by: None,
            decided_at: None,
        };
        tx.insert(answer_conflict::Model {
            id: Uuid::now_v7().into(),
            kind: ConflictKind::SaysOtherwise,
            document_id: None,
            other_answer_id: Some(self.answer),
            decision: Some(ConflictDecision::Right),
            decided_by: Some(self.member),
            decided_at: Some(AT),
            ..open.clone()
        })
        .await?;
        tx.insert(open).await?;
        tx.watch_answers_from("mini".to_owned(), 1).await
    }
}
