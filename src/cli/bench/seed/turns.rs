//! A turn: the question, the draft, what was decided about it.

use super::rows::{Batch, Made, Maker, READ_AFTER_MS, TALK, Turn, Way};
use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::conversation::{Author, Epoch};
use crate::domain::draft::Source;
use crate::domain::ids::{ItemId, MessageId, OutcomeId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{DecisionKind, GateState, Terms};
use crate::domain::review::{ItemKind, OutcomeKind, VerdictLabel};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::store::entity::{decision, draft, evidence, message, outcome, review_item, turn};
use crate::store::{ItemStatus, Json, LogDraft, OutcomeStatus};

impl Maker {
    /// A turn, from its question to its answer; tells when that was read.
    pub(super) fn turn(
        &mut self,
        batch: &mut Batch,
        made: &mut Made,
        epoch: &mut i64,
        (number, at): (i64, Timestamp),
    ) -> Timestamp {
        let way = match self.random.below(20) {
            0..12 => Way::Sent,
            12..17 => Way::Approved,
            17..18 => Way::Edited,
            _ => Way::ByPerson,
        };
        let asked = TALK
            .get(self.random.below(TALK.len()))
            .copied()
            .unwrap_or(("?", "?", "other"));
        let turn = Turn {
            id: self.id(at).into(),
            draft: self.id(at).into(),
            decision: self.id(at).into(),
            asked,
        };
        let began_epoch = *epoch;
        batch.turns.push(turn::Model {
            id: turn.id,
            workspace_id: self.house.workspace_id,
            conversation_id: made.id,
            number,
            state: TurnState::Answered,
            revision: 1,
            opened_at: at,
            burst_at: at,
            last_message_at: at,
        });
        self.asks(batch, made, &turn, (at, began_epoch));
        let drafted_at = at.plus_ms(2_600);
        self.drafts(batch, &turn, way, (drafted_at, began_epoch));
        let answered_at = match way {
            Way::Sent => {
                self.sent(batch, made, &turn, (drafted_at, began_epoch));
                drafted_at
            }
            Way::Approved | Way::Edited => self.reviewed(batch, made, &turn, (way, drafted_at, began_epoch)),
            Way::ByPerson => {
                *epoch += 2;
                self.taken_over(batch, made, &turn, (drafted_at, *epoch))
            }
        };
        let read_at = answered_at.plus_ms(READ_AFTER_MS);
        let entry = LogDraft::new(EventKind::MessageDelivered, Actor::Visitor(made.visitor))
            .about("conversation", made.id)
            .about("seq", made.seq);
        batch.entries.push((read_at, entry));
        read_at
    }

    pub(super) fn asks(&mut self, batch: &mut Batch, made: &mut Made, turn: &Turn, (at, epoch): (Timestamp, i64)) {
        made.seq += 1;
        let id: MessageId = self.id(at).into();
        batch.messages.push(message::Model {
            id,
            workspace_id: self.house.workspace_id,
            conversation_id: made.id,
            turn_id: Some(turn.id),
            seq: made.seq,
            author: Author::Visitor,
            member_id: None,
            body: turn.asked.0.to_owned(),
            client_id: Some(format!("m-{}", made.seq)),
            release_id: None,
            epoch: Epoch(epoch),
            created_at: at,
            delivered_at: None,
        });
        let entry = LogDraft::new(EventKind::MessageCreated, Actor::Visitor(made.visitor))
            .about("conversation", made.id)
            .about("message", id)
            .about("seq", made.seq)
            .about("turn", turn.id)
            .about("revision", 1)
            .with("text", turn.asked.0);
        batch.entries.push((at, entry));
    }

    pub(super) fn drafts(&mut self, batch: &mut Batch, turn: &Turn, way: Way, (at, epoch): (Timestamp, i64)) {
        let workspace_id = self.house.workspace_id;
        let (question, answer, _) = turn.asked;
        let abstains = way == Way::ByPerson;
        batch.drafts.push(draft::Model {
            id: turn.draft,
            workspace_id,
            turn_id: turn.id,
            revision: 1,
            epoch: Epoch(epoch),
            agent_version_id: self.house.version_id,
            mode: if abstains {
                AnswerMode::Abstain
            } else {
                AnswerMode::Quote
            },
            question: question.to_owned(),
            body: if abstains { String::new() } else { answer.to_owned() },
            sources: Json(vec![Source {
                document_id: None,
                verified_answer_id: None,
                title: question.to_owned(),
                text: answer.to_owned(),
                score: 0.7,
                quoted: Vec::new(),
            }]),
            signals: Json(Signals {
                mode: if abstains {
                    AnswerMode::Abstain
                } else {
                    AnswerMode::Quote
                },
                top_similarity: 0.4 + 0.5 * self.random.unit(),
                overlap: 0.8,
                ..Signals::default()
            }),
            screening: Json(Screening::default()),
            drafted_in_ms: 400,
            created_at: at,
        });
        batch.decisions.push(decision::Model {
            id: turn.decision,
            workspace_id,
            draft_id: turn.draft,
            kind: match way {
                Way::Sent => DecisionKind::Send,
                Way::Approved | Way::Edited => DecisionKind::Hold,
                Way::ByPerson => DecisionKind::HandOff,
            },
            reasons: Json(Vec::new()),
            policy_version: 0,
            gate: Json(GateState::Closed),
            rules: Json(Vec::new()),
            terms: Json(Terms::default()),
            confidence: Some(0.9),
            facts: None,
            features: None,
            created_at: at,
        });
    }

    /// What is known of a draft.
    pub(super) fn known(&self, made: &Made, turn: &Turn, at: Timestamp) -> evidence::Model {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let day = moment.to_zoned(jiff::tz::TimeZone::UTC);
        evidence::Model {
            draft_id: turn.draft,
            workspace_id: self.house.workspace_id,
            conversation_id: made.id,
            agent_version_id: self.house.version_id,
            month: format!("{:04}-{:02}", day.year(), day.month()),
            mode: AnswerMode::Quote,
            score_version: 0,
            score: -2.0,
            topic: turn.asked.2.to_owned(),
            is_sensitive: false,
            is_fresh: false,
            rests_on: None,
            is_sent: false,
            band: None,
            probability: None,
            seq: None,
            is_drawn: None,
            weight: None,
            is_kept_back: false,
            left_out: false,
            label: None,
            judged_by: None,
            judged_at: None,
            second_label: None,
            second_at: None,
            is_changed: false,
            created_at: at,
        }
    }

    pub(super) fn item(
        &self,
        batch: &mut Batch,
        made: &Made,
        turn: &Turn,
        (id, kind, at, closed_at): (ItemId, ItemKind, Timestamp, Timestamp),
    ) {
        batch.items.push(review_item::Model {
            id,
            workspace_id: self.house.workspace_id,
            conversation_id: made.id,
            turn_id: turn.id,
            kind,
            state: ItemStatus::Closed,
            revision: 1,
            draft_id: (kind == ItemKind::Gate).then_some(turn.draft),
            reasons: Json(Vec::new()),
            waiting_since: at,
            deadline_at: at.plus_ms(900_000),
            leased_by: None,
            leased_until: None,
            created_at: at,
            closed_at: Some(closed_at),
            terms: Json(Terms::default()),
            wording: 0,
            delayed_at: None,
            rank_at: at,
            escalated: 0,
            likeness: None,
            topics: Json(vec![turn.asked.2.to_owned()]),
        });
    }

    pub(super) fn outcome(
        &self,
        batch: &mut Batch,
        turn: &Turn,
        (item_id, id, kind, verdict): (ItemId, OutcomeId, OutcomeKind, Option<VerdictLabel>),
        (body, created_at, final_at): (Option<String>, Timestamp, Timestamp),
    ) {
        batch.outcomes.push(outcome::Model {
            id,
            workspace_id: self.house.workspace_id,
            item_id,
            draft_id: Some(turn.draft),
            kind,
            state: OutcomeStatus::Final,
            member_id: Some(self.house.member_id),
            body,
            remember: false,
            verdict,
            reasons: Json(Vec::new()),
            note: None,
            created_at,
            final_at,
        });
    }
}
