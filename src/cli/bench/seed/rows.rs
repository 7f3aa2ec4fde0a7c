//! The rows of one conversation, as the application would have left them behind.

use crate::domain::conversation::Epoch;
use crate::domain::ids::{
    AgentId, AgentVersionId, ConversationId, DecisionId, DraftId, MemberId, TurnId, VisitorId, WorkspaceId,
};
use crate::domain::log::{Actor, EventKind};
use crate::domain::time::Timestamp;
use crate::stats::random::SplitMix64;
use crate::store::entity::{
    conversation, decision, draft, evidence, message, outcome, rating, release, review_item, turn, verdict, visitor,
};
use crate::store::{LogDraft, OwnerKind};
use uuid::{Builder, Uuid};

/// What is asked, what answers it, and the topic it belongs to.
pub(super) const TALK: [(&str, &str, &str); 8] = [
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

/// So long after it went out an answer was on the screen, in milliseconds.
pub(super) const READ_AFTER_MS: i64 = 1_500;

/// Who and what every conversation is with.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "columns are called so")]
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
pub(super) enum Way {
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
pub(super) struct Made {
    pub(super) id: ConversationId,
    pub(super) visitor: VisitorId,
    pub(super) seq: i64,
}

/// A turn's ids and its draft.
pub(super) struct Turn {
    pub(super) id: TurnId,
    pub(super) draft: DraftId,
    pub(super) decision: DecisionId,
    pub(super) asked: (&'static str, &'static str, &'static str),
}

/// Makes conversations, one after the other.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) house: House,
    pub(super) random: SplitMix64,
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
    pub(super) fn id(&mut self, at: Timestamp) -> Uuid {
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

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
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
}
