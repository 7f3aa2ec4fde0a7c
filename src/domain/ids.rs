//! Identifiers. Every id is a `UUIDv7` made by the injected [`IdSource`]; the types keep them from being mixed up.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Makes fresh, time-ordered identifiers. Injected, so that tests and replays are repeatable.
pub trait IdSource: Send + Sync {
    /// A fresh `UUIDv7`.
    fn next(&self) -> Uuid;
}

/// Fills buffers with random bytes fit for secrets. Injected like the clock.
pub trait RandomSource: Send + Sync {
    /// Overwrites the whole buffer with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// What was given where an id was expected cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id of Holdpoint; copy the whole id, for example 01981b2e-7c1a-7000-8000-000000000000")]
pub struct NotAnId;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id.
            pub fn new(ids: &dyn IdSource) -> Self {
                Self(ids.next())
            }

            /// The bare UUID, as stored.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                // Only the canonical 36-character form: one id, one spelling.
                if text.len() != 36 {
                    return Err(NotAnId);
                }
                text.parse().map(Self).map_err(|_invalid| NotAnId)
            }
        }
    )+};
}

id! {
    /// One client or brand.
    WorkspaceId,
    /// A person with an account on this machine.
    UserId,
    /// A user's place in one workspace.
    MemberId,
    /// An AI persona.
    AgentId,
    /// An immutable snapshot of an agent.
    AgentVersionId,
    /// Someone who writes in the widget.
    VisitorId,
    /// A conversation.
    ConversationId,
    /// A burst of visitor messages and what answers it.
    TurnId,
    /// A message.
    MessageId,
    /// What the AI proposes.
    DraftId,
    /// What the policy said about a draft.
    DecisionId,
    /// One thing in the queue.
    ItemId,
    /// What happened to a review item.
    OutcomeId,
    /// One of several approvals that an answer needs.
    ApprovalId,
    /// A label on an AI draft.
    VerdictId,
    /// What lets AI text out.
    ReleaseId,
    /// Changes that are tried before they go live.
    CandidateId,
    /// Two answers to one question that are read blind.
    PairId,
    /// A question with the answer that it has to get.
    RegressionQuestionId,
    /// A version of the tuned ranking.
    RetrievalVersionId,
    /// A document of the knowledge: a question with its answer, or a section of a longer text.
    DocumentId,
    /// A question/answer pair that a person approved.
    VerifiedAnswerId,
    /// What newer knowledge says against a verified answer.
    ConflictId,
    /// A piece of background work.
    JobId,
    /// A bearer token of a program.
    TokenId,
    /// A model file on its way into the models folder.
    ArrivalId,
    /// An e-mail to be sent.
    MailId,
    /// A webhook to be delivered.
    DeliveryId,
    /// An address that is told what happens.
    SubscriptionId,
    /// A note of a colleague.
    NoteId,
    /// A text that colleagues write again and again.
    CannedReplyId,
    /// What lets the gate open.
    CertificateId,
    /// Questions of the past, drafted and judged before going live.
    RehearsalId,
    /// One of these questions.
    RehearsalCaseId,
    /// Questions that were not answered, or badly, and belong together.
    GapId,
    /// A question and an answer that are proposed for a gap.
    ProposalId,
    /// Something that is to happen only if a person lets it.
    ActionId,
    /// An immutable snapshot of a tool: what an owner lets the AI, a form or a colleague propose.
    ToolVersionId,
    /// Somebody to be called back.
    LeadId,
    /// One of the times that somebody asked to be called back.
    LeadOccurrenceId,
    /// What an owner wants visitors to reach.
    GoalId,
    /// A goal that was reached.
    ConversionId,
    /// Questions that mean the same.
    ClusterId,
    /// A change of the traffic.
    PatternId,
    /// What a week or a month was like.
    ReportId,
    /// A link that shows one report.
    ReportLinkId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = ConversationId::from(Uuid::from_u128(0x0198_1b2e_7c1a_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string().parse(), Ok(id));
        for other in [
            "",
            "x",
            "{01981b2e-7c1a-7000-8000-000000000001}",
            "01981b2e7c1a70008000000000000001",
        ] {
            assert_eq!(other.parse::<ConversationId>(), Err(NotAnId), "{other}");
        }
    }
}
