//! A rehearsal with a question in each state.

use super::{AT, Planted};
use holdpoint::domain::answer::{AnswerMode, Signals};
use holdpoint::domain::policy::{DecisionKind, Reason};
use holdpoint::domain::rehearsal::{Reading, RehearsalState, RehearsalVerdict, RehearsedDraft};
use holdpoint::domain::screening::Screening;
use holdpoint::store::entity::{rehearsal, rehearsal_case};
use holdpoint::store::{Json, StoreError, Tx};
use uuid::Uuid;

impl Planted {
    /// Three questions: judged, drafted, and still to be drafted.
    pub(super) async fn plant_rehearsal(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        let workspace_id = self.workspace;
        tx.insert(rehearsal::Model {
            id: self.rehearsal,
            workspace_id,
            agent_id: self.agent,
            name: "mails.csv".to_owned(),
            state: RehearsalState::Drafting,
            reading: Json(Reading::default()),
            member_id: Some(self.member),
            created_at: AT,
            drafted_at: None,
            ended_at: None,
        })
        .await?;
        let waiting = rehearsal_case::Model {
            id: Uuid::now_v7().into(),
            workspace_id,
            rehearsal_id: self.rehearsal,
            place: 2,
            line: 4,
            external_id: None,
            question: "When do you open?".to_owned(),
            answer: Some("At nine.".to_owned()),
            history: Json(Vec::new()),
            asked_at: None,
            draft: None,
            is_silent: None,
            drafted_at: None,
            verdict: None,
            note: None,
            member_id: None,
            judged_at: None,
        };
        let drafted = rehearsal_case::Model {
            id: Uuid::now_v7().into(),
            place: 1,
            draft: Some(Json(RehearsedDraft {
                agent_version_id: self.version,
                mode: AnswerMode::Quote,
                text: "At nine.".to_owned(),
                sources: Vec::new(),
                signals: Signals::default(),
                screening: Screening::default(),
                topic: "other".to_owned(),
                score: Some(-1.5),
                score_version: 1,
                decision: DecisionKind::Hold,
                reasons: vec![Reason::GateClosed],
            })),
            is_silent: Some(false),
            drafted_at: Some(AT),
            ..waiting.clone()
        };
        let judged = rehearsal_case::Model {
            id: self.rehearsal_case,
            place: 0,
            verdict: Some(RehearsalVerdict::Right),
            member_id: Some(self.member),
            judged_at: Some(AT),
            ..drafted.clone()
        };
        tx.insert_rehearsal_cases(&[judged, drafted, waiting]).await
    }
}
