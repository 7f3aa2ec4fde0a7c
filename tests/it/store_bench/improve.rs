//! A candidate with a change, a question that it answers otherwise, what the LLM is to write for it, a pair that was read blind, a question of the regression set, and the edit that both follow from.

use super::{AT, Planted};
use holdpoint::domain::answer::AnswerMode;
use holdpoint::domain::improve::candidate::{Answer, CandidateState, Change, Effect, Found, Known, Origin};
use holdpoint::domain::improve::comparison::PairVerdict;
use holdpoint::domain::improve::correction::Cause;
use holdpoint::domain::settings::AgentSettings;
use holdpoint::store::entity::{
    candidate, candidate_case, candidate_change, candidate_text, comparison_pair, correction, regression_question,
};
use holdpoint::store::{Json, StoreError, Tx};

impl Planted {
    pub(super) async fn plant_improvement(&self, tx: &Tx<'_>) -> Result<(), StoreError> {
        tx.insert(candidate::Model {
            id: self.candidate,
            workspace_id: self.workspace,
            number: 1,
            title: "Opening hours".to_owned(),
            origin: Origin::Person,
            state: CandidateState::Waiting,
            questions: Json(vec!["When are you open?".to_owned()]),
            changes_count: 1,
            found: Some(Json(Found::default())),
            replayed_at: Some(AT),
            reason: None,
            member_id: Some(self.member),
            created_at: AT,
            published_by: Some(self.member),
            published_at: None,
            ended_by: Some(self.member),
            ended_at: None,
            end_reason: None,
            import_run: Some("run".to_owned()),
        })
        .await?;
        let change = candidate_change::Model {
            candidate_id: self.candidate,
            place: 0,
            workspace_id: self.workspace,
            change: Json(Change::RetireAnswer { id: self.answer }),
            inverse: None,
            is_live: false,
        };
        tx.insert_candidate_changes(&[change]).await?;
        let answer = Answer {
            mode: AnswerMode::Abstain,
            text: String::new(),
            sources: Vec::new(),
            recipe: None,
        };
        let case = candidate_case::Model {
            candidate_id: self.candidate,
            place: 0,
            workspace_id: self.workspace,
            conversation_id: Some(self.conversation),
            draft_id: Some(self.draft),
            question: "When are you open?".to_owned(),
            known: Json(Known::Asked),
            before: Json(answer.clone()),
            after: Json(answer.clone()),
            effect: Effect::Silenced,
        };
        tx.replace_candidate_cases(self.candidate, &[case]).await?;
        self.plant_comparison(tx, answer).await?;
        tx.insert(regression_question::Model {
            id: self.regression_question,
            workspace_id: self.workspace,
            question: "When are you open?".to_owned(),
            answer: "At nine.".to_owned(),
            agent_id: Some(self.agent),
            conversation_id: Some(self.conversation),
            member_id: Some(self.member),
            created_at: AT,
            removed_at: None,
        })
        .await?;
        tx.insert(correction::Model {
            outcome_id: self.outcome,
            workspace_id: self.workspace,
            causes: Json([Cause::Outdated].into()),
            keeps_pair: true,
            candidate_id: Some(self.candidate),
            regression_question_id: Some(self.regression_question),
            member_id: self.member,
            created_at: AT,
        })
        .await
    }

    /// A text that the LLM is to write, and a pair that was read blind.
    async fn plant_comparison(&self, tx: &Tx<'_>, fallback: Answer) -> Result<(), StoreError> {
        let text = candidate_text::Model {
            candidate_id: self.candidate,
            recipe: "0".repeat(64),
            workspace_id: self.workspace,
            place: 0,
            question: "When are you open?".to_owned(),
            draft_id: Some(self.draft),
            settings: Json(AgentSettings::default()),
            sources: Json(Vec::new()),
            fallback: Json(fallback),
            answer: None,
            is_given_up: false,
            written_at: None,
        };
        tx.replace_candidate_texts(self.candidate, &[text]).await?;
        let pair = comparison_pair::Model {
            id: self.pair,
            workspace_id: self.workspace,
            candidate_id: self.candidate,
            place: 0,
            conversation_id: Some(self.conversation),
            draft_id: Some(self.draft),
            question: "When are you open?".to_owned(),
            first_text: "At nine.".to_owned(),
            second_text: "At ten.".to_owned(),
            first_is_after: true,
            is_stale: false,
            verdict: Some(PairVerdict::SecondBad),
            judged_place: Some(0),
            member_id: Some(self.member),
            judged_at: Some(AT),
        };
        tx.insert_comparison_pairs(&[pair]).await
    }
}
