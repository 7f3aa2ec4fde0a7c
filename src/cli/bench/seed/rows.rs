//! The rows of one conversation, as the application would have left them behind.

use crate::domain::answer::{AnswerMode, Signals};
use crate::domain::conversation::{Author, Epoch};
use crate::domain::draft::Source;
use crate::domain::evidence::JudgedBy;
use crate::domain::ids::{
    AgentId, AgentVersionId, ConversationId, DecisionId, DraftId, ItemId, MemberId, MessageId, OutcomeId, ReleaseId,
    TurnId, VerdictId, VisitorId, WorkspaceId,
};
use crate::domain::log::{Actor, EventKind};
use crate::domain::policy::{DecisionKind, GateState, Terms};
use crate::domain::release::TextDigest;
use crate::domain::review::{ItemKind, OutcomeKind, VerdictLabel};
use crate::domain::screening::Screening;
use crate::domain::time::Timestamp;
use crate::domain::turn::TurnState;
use crate::stats::random::SplitMix64;
use crate::store::entity::{
    conversation, decision, draft, evidence, message, outcome, rating, release, review_item, turn, verdict, visitor,
};
use crate::store::{ItemStatus, Json, LogDraft, OutcomeStatus, OwnerKind};
use uuid::{Builder, Uuid};

/// What is asked, what answers it, and the topic it belongs to.
const TALK: [(&str, &str, &str); 8] = [
    (
        "When do you open on Saturday?",
        "On Saturday the shop is open from 9:00 to 16:00.",
        "opening hours",
    ),
    (
        "How long does a refund take?",
        "We send refunds back on the day the goods reach us.",
        "returns",
    ),
    (
        "Can I return something I bought?",
        "Unused goods can be returned within 30 days with the receipt.",
        "returns",
    ),
    (
        "Do you deliver complete bikes?",
        "Complete bikes are delivered by our own van within 25 miles for £29.",
        "delivery",
    ),
    (
        "How much does a tune-up cost?",
        "A standard tune-up costs £65.",
        "repairs",
    ),
    (
        "How long does a repair take?",
        "Small repairs are ready within two working days.",
        "repairs",
    ),
    (
        "Do you sell gift vouchers?",
        "Yes, for any amount from £10, on paper or by e-mail.",
        "other",
    ),
    (
        "Is there a car park near the shop?",
        "The Quayside car park is four minutes away on foot.",
        "other",
    ),
];

/// Who and what every conversation is with.
#[derive(Debug, Clone, Copy)]
pub(super) struct House {
    pub(super) workspace_id: WorkspaceId,
    pub(super) member_id: MemberId,
    pub(super) agent_id: AgentId,
    pub(super) version_id: AgentVersionId,
}

/// Rows that are written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) visitors: Vec<visitor::Model>,
    pub(super) conversations: Vec<conversation::Model>,
    pub(super) turns: Vec<turn::Model>,
    pub(super) drafts: Vec<draft::Model>,
    pub(super) decisions: Vec<decision::Model>,
    pub(super) items: Vec<review_item::Model>,
    pub(super) outcomes: Vec<outcome::Model>,
    pub(super) verdicts: Vec<verdict::Model>,
    pub(super) releases: Vec<release::Model>,
    pub(super) messages: Vec<message::Model>,
    pub(super) evidence: Vec<evidence::Model>,
    pub(super) ratings: Vec<rating::Model>,
    pub(super) entries: Vec<(Timestamp, LogDraft)>,
}

/// How a turn is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The AI's answer goes out by itself.
    Sent,
    /// Somebody approves it first.
    Approved,
    /// Somebody changes it first.
    Edited,
    /// A person takes over and answers.
    ByPerson,
}

/// A conversation as it is made.
#[derive(Debug, Clone, Copy)]
struct Made {
    id: ConversationId,
    visitor: VisitorId,
    seq: i64,
}

/// A turn's ids and its draft.
struct Turn {
    id: TurnId,
    draft: DraftId,
    decision: DecisionId,
    asked: (&'static str, &'static str, &'static str),
}

/// Makes conversations, one after the other.
#[derive(Debug)]
pub(super) struct Maker {
    house: House,
    random: SplitMix64,
    last_id: (i64, u16),
}

impl Maker {
    pub(super) const fn new(house: House, seed: u64) -> Self {
        Self {
            house,
            random: SplitMix64::new(seed),
            last_id: (0, 0),
        }
    }

    pub(super) const fn house(&self) -> &House {
        &self.house
    }

    /// A `UUIDv7` of `at`; rising, so that the rows lie in the order in which they are written.
    fn id(&mut self, at: Timestamp) -> Uuid {
        let (ms, nth) = self.last_id;
        self.last_id = if at.0 > ms {
            (at.0, 0)
        } else if nth < 0x0fff {
            (ms, nth + 1)
        } else {
            (ms + 1, 0)
        };
        let (ms, nth) = self.last_id;
        let mut bytes = [0; 10];
        let [low @ .., _, _] = &mut bytes;
        low.copy_from_slice(&self.random.draw().to_le_bytes());
        bytes.rotate_right(2);
        let [first, second, ..] = &mut bytes;
        [*first, *second] = nth.to_be_bytes();
        Builder::from_unix_timestamp_millis(u64::try_from(ms).unwrap_or_default(), &bytes).into_uuid()
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for part in bytes.chunks_mut(8) {
            let drawn = self.random.draw().to_le_bytes();
            for (byte, drawn) in part.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
        bytes
    }

    /// Adds a conversation that begins at `at`: one or two turns, each answered in some way, mostly over in the end.
    pub(super) fn conversation(&mut self, batch: &mut Batch, at: Timestamp) {
        let workspace_id = self.house.workspace_id;
        let mut made = Made {
            visitor: self.id(at).into(),
            id: self.id(at).into(),
            seq: 0,
        };
        batch.visitors.push(visitor::Model {
            id: made.visitor,
            workspace_id,
            token_hash: self.bytes::<32>().to_vec(),
            created_at: at,
            address_mark: None,
        });
        batch.entries.push((
            at,
            LogDraft::new(EventKind::ConversationCreated, Actor::Visitor(made.visitor))
                .about("conversation", made.id)
                .about("agent", self.house.agent_id),
        ));
        let turns = if self.random.below(6) == 0 { 2 } else { 1 };
        let (mut now, mut epoch) = (at, 0);
        let mut over = Vec::new();
        // The conversation's row says how it ended, and others refer to it: it comes first.
        let place = batch.conversations.len();
        for number in 1..=turns {
            now = self.turn(batch, &mut made, &mut epoch, (number, now.plus_ms(20_000)));
        }
        let is_closed = self.random.below(10) > 0;
        if is_closed {
            let entry = LogDraft::new(EventKind::ConversationClosed, Actor::Visitor(made.visitor));
            over.push((now.plus_ms(1_000), entry.about("conversation", made.id)));
        }
        if is_closed && self.random.below(4) == 0 {
            let stars = i64::try_from(self.random.below(3)).unwrap_or_default() + 3;
            batch.ratings.push(rating::Model {
                conversation_id: made.id,
                workspace_id,
                stars,
                words: None,
                created_at: now.plus_ms(2_000),
            });
            let entry = LogDraft::new(EventKind::ConversationRated, Actor::Visitor(made.visitor));
            let entry = entry.about("conversation", made.id).about("stars", stars);
            over.push((now.plus_ms(2_000), entry));
        }
        batch.entries.extend(over);
        let row = conversation::Model {
            id: made.id,
            workspace_id,
            agent_id: self.house.agent_id,
            visitor_id: made.visitor,
            owner: OwnerKind::Ai,
            owner_member_id: None,
            epoch: Epoch(epoch),
            last_seq: made.seq,
            delivered_seq: made.seq,
            created_at: at,
            updated_at: now,
            spam: None,
            closed_at: is_closed.then_some(now.plus_ms(1_000)),
            answer_due_at: None,
            training_consent: None,
        };
        batch.conversations.insert(place, row);
    }

    /// A turn, from its question to its answer; tells when that was read.
    fn turn(
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
        let read_at = answered_at.plus_ms(1_500);
        let entry = LogDraft::new(EventKind::MessageDelivered, Actor::Visitor(made.visitor))
            .about("conversation", made.id)
            .about("seq", made.seq);
        batch.entries.push((read_at, entry));
        read_at
    }

    fn asks(&mut self, batch: &mut Batch, made: &mut Made, turn: &Turn, (at, epoch): (Timestamp, i64)) {
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

    fn drafts(&mut self, batch: &mut Batch, turn: &Turn, way: Way, (at, epoch): (Timestamp, i64)) {
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
    fn known(&self, made: &Made, turn: &Turn, at: Timestamp) -> evidence::Model {
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

    fn released(
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

    fn sent(&mut self, batch: &mut Batch, made: &mut Made, turn: &Turn, (at, epoch): (Timestamp, i64)) {
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

    fn reviewed(
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

    fn taken_over(
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

    fn item(
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

    fn outcome(
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
