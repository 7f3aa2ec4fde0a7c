//! How a turn is answered: by the AI alone, by the AI once somebody has looked, or by a person.

use super::rows::{Batch, Made, Maker, READ_AFTER_MS, Turn, Way};
use crate::domain::conversation::{Author, Epoch};
use crate::domain::evidence::JudgedBy;
use crate::domain::ids::{DecisionId, ItemId, MessageId, OutcomeId, ReleaseId, VerdictId};
use crate::domain::log::{Actor, EventKind};
use crate::domain::release::TextDigest;
use crate::domain::review::{ItemKind, OutcomeKind, VerdictLabel};
use crate::domain::time::Timestamp;
use crate::store::entity::{evidence, message, release, verdict};
use crate::store::{Json, LogDraft};

impl Maker {
    pub(super) fn released(
        &mut self,
        batch: &mut Batch,
        made: &mut Made,
        turn: &Turn,
        ((decision_id, outcome_id), text, at, epoch): ((Option<DecisionId>, Option<OutcomeId>), &str, Timestamp, i64),
    ) {
        let workspace_id = self.house.workspace_id;
        let (id, message_id): (ReleaseId, MessageId) = (self.id(at).into(), self.id(at).into());
        let salt = self.bytes::<16>();
        batch.releases.push(release::Model {
            id,
            workspace_id,
            draft_id: turn.draft,
            decision_id,
            outcome_id,
            epoch: Epoch(epoch),
            salt: salt.to_vec(),
            text_digest: TextDigest::of(&salt, text).0.to_vec(),
            created_at: at,
        });
        made.seq += 1;
        batch.messages.push(message::Model {
            id: message_id,
            workspace_id,
            conversation_id: made.id,
            turn_id: Some(turn.id),
            seq: made.seq,
            author: Author::Ai,
            member_id: None,
            body: text.to_owned(),
            client_id: None,
            release_id: Some(id),
            epoch: Epoch(epoch),
            created_at: at,
            delivered_at: Some(at.plus_ms(READ_AFTER_MS)),
        });
        let mut entry = LogDraft::new(EventKind::MessageReleased, Actor::Ai)
            .about("conversation", made.id)
            .about("draft", turn.draft)
            .about("message", message_id)
            .about("release", id)
            .about("seq", made.seq);
        if let Some(decision) = decision_id {
            entry = entry.about("decision", decision).about("revision", 1);
        }
        batch.entries.push((at, entry.with("text", text)));
    }

    pub(super) fn sent(&mut self, batch: &mut Batch, made: &mut Made, turn: &Turn, (at, epoch): (Timestamp, i64)) {
        self.released(
            batch,
            made,
            turn,
            ((Some(turn.decision), None), turn.asked.1, at, epoch),
        );
        let is_drawn = self.random.below(10) == 0;
        let is_bad = self.random.below(40) == 0;
        let label = if is_bad {
            VerdictLabel::Bad
        } else {
            VerdictLabel::Acceptable
        };
        let judged_at = is_drawn.then_some(at.plus_ms(3_600_000));
        let known = self.known(made, turn, at);
        batch.evidence.push(evidence::Model {
            is_sent: true,
            band: Some(0),
            probability: Some(0.1),
            is_drawn: Some(is_drawn),
            label: is_drawn.then_some(label),
            judged_by: is_drawn.then_some(JudgedBy::Sample),
            judged_at,
            ..known
        });
    }

    pub(super) fn reviewed(
        &mut self,
        batch: &mut Batch,
        made: &mut Made,
        turn: &Turn,
        (way, at, epoch): (Way, Timestamp, i64),
    ) -> Timestamp {
        let waited = i64::try_from(self.random.below(240_000)).unwrap_or_default();
        let decided_at = at.plus_ms(20_000 + waited);
        let final_at = decided_at.plus_ms(5_000);
        let (item, outcome_id): (ItemId, OutcomeId) = (self.id(at).into(), self.id(decided_at).into());
        self.item(batch, made, turn, (item, ItemKind::Gate, at, final_at));
        let entry = LogDraft::new(EventKind::ReviewRequested, Actor::Ai);
        let entry = entry.about("conversation", made.id).about("item", item);
        batch
            .entries
            .push((at, entry.about("draft", turn.draft).about("decision", turn.decision)));
        let (kind, label) = match way {
            Way::Edited => (OutcomeKind::Edit, VerdictLabel::Bad),
            _ => (OutcomeKind::Approve, VerdictLabel::Acceptable),
        };
        let text = match way {
            Way::Edited => format!("{} Ask us if anything is unclear.", turn.asked.1),
            _ => turn.asked.1.to_owned(),
        };
        self.outcome(
            batch,
            turn,
            (item, outcome_id, kind, Some(label)),
            (Some(text.clone()), decided_at, final_at),
        );
        batch.verdicts.push(verdict::Model {
            id: VerdictId::from(self.id(final_at)),
            workspace_id: self.house.workspace_id,
            draft_id: turn.draft,
            outcome_id,
            label,
            reasons: Json(Vec::new()),
            created_at: final_at,
        });
        let entry = LogDraft::new(EventKind::ReviewDecided, Actor::Member(self.house.member_id))
            .about("conversation", made.id)
            .about("item", item)
            .about("outcome", outcome_id)
            .about("revision", 1)
            .with("kind", serde_json::to_value(kind).unwrap_or_default());
        batch.entries.push((decided_at, entry));
        self.released(batch, made, turn, ((None, Some(outcome_id)), &text, final_at, epoch));
        let known = self.known(made, turn, at);
        batch.evidence.push(evidence::Model {
            band: Some(0),
            probability: Some(0.3),
            label: Some(label),
            judged_by: Some(JudgedBy::Gate),
            judged_at: Some(final_at),
            ..known
        });
        final_at
    }

    pub(super) fn taken_over(
        &mut self,
        batch: &mut Batch,
        made: &mut Made,
        turn: &Turn,
        (at, epoch): (Timestamp, i64),
    ) -> Timestamp {
        let waited = i64::try_from(self.random.below(600_000)).unwrap_or_default();
        let decided_at = at.plus_ms(30_000 + waited);
        let (item, outcome_id): (ItemId, OutcomeId) = (self.id(at).into(), self.id(decided_at).into());
        self.item(batch, made, turn, (item, ItemKind::Handoff, at, decided_at));
        self.outcome(
            batch,
            turn,
            (item, outcome_id, OutcomeKind::TakeOver, None),
            (None, decided_at, decided_at),
        );
        let member = self.house.member_id;
        let about = |kind, actor| LogDraft::new(kind, actor).about("conversation", made.id);
        let handed_off = about(EventKind::ConversationHandedOff, Actor::Ai);
        batch
            .entries
            .push((at, handed_off.about("item", item).about("draft", turn.draft)));
        let taken = about(EventKind::ConversationTakenOver, Actor::Member(member));
        batch
            .entries
            .push((decided_at, taken.about("item", item).about("epoch", epoch - 1)));
        let answered_at = decided_at.plus_ms(25_000);
        made.seq += 1;
        let id: MessageId = self.id(answered_at).into();
        batch.messages.push(message::Model {
            id,
            workspace_id: self.house.workspace_id,
            conversation_id: made.id,
            turn_id: Some(turn.id),
            seq: made.seq,
            author: Author::Person,
            member_id: Some(member),
            body: turn.asked.1.to_owned(),
            client_id: Some(format!("p-{}", made.seq)),
            release_id: None,
            epoch: Epoch(epoch - 1),
            created_at: answered_at,
            delivered_at: Some(answered_at.plus_ms(READ_AFTER_MS)),
        });
        let wrote = LogDraft::new(EventKind::MessageCreated, Actor::Member(member)).about("conversation", made.id);
        let wrote = wrote
            .about("message", id)
            .about("seq", made.seq)
            .with("text", turn.asked.1);
        batch.entries.push((answered_at, wrote));
        let back = LogDraft::new(EventKind::ConversationHandedBack, Actor::Member(member));
        let back = back.about("conversation", made.id).about("epoch", epoch);
        batch.entries.push((answered_at.plus_ms(1_000), back));
        answered_at
    }
}
