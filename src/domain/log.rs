//! The log: per workspace, gapless and hash-chained; the audit trail and the event stream in one (invariant 8).
//!
//! An entry has an unerasable part (sequence, time, kind, actor, references) and an erasable one (salt and content).
//! The chain covers the first and `SHA-256(salt ‖ content)`: after salt and content are erased together it still
//! verifies, and what was erased cannot be guessed back.

mod line;

pub use line::{Line, NotAnEntry};

use super::ids::{MemberId, VisitorId, WorkspaceId};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A visitor.
    Visitor(VisitorId),
    /// A member of the workspace.
    Member(MemberId),
    /// The AI.
    Ai,
    /// Holdpoint itself: deadlines, finalisation, jobs.
    System,
    /// The administrator of the machine, on the command line.
    Admin,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Visitor(id) => write!(f, "visitor:{id}"),
            Self::Member(id) => write!(f, "member:{id}"),
            Self::Ai => f.write_str("ai"),
            Self::System => f.write_str("system"),
            Self::Admin => f.write_str("admin"),
        }
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $wire:literal),+ $(,)?) => {
        /// What happened. The names are the event stream's and the webhooks'.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $wire)] $name),+
        }

        impl EventKind {
            /// Its name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }
        }
    };
}

events! {
    /// A workspace was made.
    WorkspaceCreated = "workspace.created",
    /// A setting of the workspace changed, like its time zone.
    WorkspaceChanged = "workspace.changed",
    /// A member joined.
    MemberJoined = "member.joined",
    /// A member signed in.
    MemberSignedIn = "member.signed_in",
    /// An agent version was published.
    AgentPublished = "agent.published",
    /// A token was made.
    TokenCreated = "token.created",
    /// A token was revoked.
    TokenRevoked = "token.revoked",
    /// A set-up link was made.
    SetupLinkCreated = "setup_link.created",
    /// A conversation began.
    ConversationCreated = "conversation.created",
    /// The AI gave up: a person has to answer.
    ConversationHandedOff = "conversation.handed_off",
    /// A person took over.
    ConversationTakenOver = "conversation.taken_over",
    /// A person returned the conversation to the AI.
    ConversationHandedBack = "conversation.handed_back",
    /// A visitor or a person wrote.
    MessageCreated = "message.created",
    /// An AI text went out.
    MessageReleased = "message.released",
    /// The widget has shown messages.
    MessageDelivered = "message.delivered",
    /// A draft waits for a person.
    ReviewRequested = "review.requested",
    /// A reviewer looks at an item, or looks away.
    ReviewLeased = "review.leased",
    /// A reviewer decided.
    ReviewDecided = "review.decided",
    /// A decision was undone.
    ReviewUndone = "review.undone",
    /// Nobody decided in time.
    ReviewExpired = "review.expired",
    /// One of several people who have to approve an answer did.
    ReviewApproved = "review.approved",
    /// The visitor was told that the check takes longer.
    ReviewDelayed = "review.delayed",
    /// An item was given to a member, or given back.
    ReviewAssigned = "review.assigned",
    /// Others were told that an item has waited for long.
    ReviewEscalated = "review.escalated",
    /// A conversation was marked as spam.
    ConversationMarkedSpam = "conversation.marked_spam",
    /// A conversation turned out to be no spam.
    ConversationClearedSpam = "conversation.cleared_spam",
    /// The settings of the team changed, or those of a member's work.
    TeamChanged = "team.changed",
    /// Knowledge was imported.
    KnowledgeImported = "knowledge.imported",
    /// A visitor agreed, or does not agree, that what was said may train a model.
    TrainingConsent = "training.consent",
    /// Examples to train a model with were taken out.
    TrainingDataExported = "training.exported",
    /// A document was removed.
    KnowledgeRemoved = "knowledge.removed",
    /// A verified answer was added.
    VerifiedAnswerAdded = "verified_answer.added",
    /// A verified answer was retired.
    VerifiedAnswerRetired = "verified_answer.retired",
    /// What is known of a verified answer changed: who looks after it, or its last day.
    VerifiedAnswerChanged = "verified_answer.changed",
    /// Newer knowledge speaks against a verified answer: somebody is to look at it.
    VerifiedAnswerDoubted = "verified_answer.doubted",
    /// Nothing speaks against a verified answer any more.
    VerifiedAnswerSettled = "verified_answer.settled",
    /// A person said that a verified answer is still right.
    VerifiedAnswerConfirmed = "verified_answer.confirmed",
    /// Rules for verified answers were set.
    AnswerRulesChanged = "verified_answer.rules_changed",
    /// The sampling of a month began: its key's hash, its bands and their probabilities.
    SamplingOpened = "sampling.opened",
    /// Answers were drawn for a check, or not.
    SamplingDrawn = "sampling.drawn",
    /// What can be said about a month was published, and the key of its draws revealed.
    StatementPublished = "statement.published",
    /// The certificate was tested.
    CertificateTested = "certificate.tested",
    /// A certificate opened the gate.
    GateOpened = "gate.opened",
    /// The gate was closed because a certificate ended.
    GateClosed = "gate.closed",
    /// A quality check was judged.
    CheckJudged = "check.judged",
    /// Somebody looks at a quality check, or looks away.
    CheckLeased = "check.leased",
    /// What may go out without a person was set.
    AutonomyChanged = "autonomy.changed",
    /// Answers of the past were compared with what would be answered today.
    EvidenceCarriedOver = "evidence.carried_over",
    /// A version of the tuned ranking was learned from verdicts and measured; it ranks nothing yet.
    RetrievalTuned = "retrieval.tuned",
    /// Changes are to be tried before they go live.
    CandidateProposed = "candidate.proposed",
    /// Changes were tried on questions of the past.
    CandidateReplayed = "candidate.replayed",
    /// Changes go live.
    CandidatePublished = "candidate.published",
    /// A part of a large candidate went live, or was taken back.
    CandidateAdvanced = "candidate.advanced",
    /// Changes that did not go live were withdrawn.
    CandidateWithdrawn = "candidate.withdrawn",
    /// Changes that were live are taken back.
    CandidateRolledBack = "candidate.rolled_back",
    /// Answers without a candidate and with it are to be read blind.
    ComparisonBegun = "comparison.begun",
    /// A person judged two answers without knowing which was which.
    ComparisonJudged = "comparison.judged",
    /// A person said what follows from an edit.
    CorrectionApplied = "correction.applied",
    /// Visitors who had been told the same as an edited draft were written to.
    CorrectionFollowedUp = "correction.followed_up",
    /// A question was added to the regression set.
    RegressionQuestionAdded = "regression_question.added",
    /// A question was taken out of the regression set.
    RegressionQuestionRemoved = "regression_question.removed",
    /// A person said that a gap needs no answer.
    GapDismissed = "gap.dismissed",
    /// A person named questions that mean the same.
    ClusterRenamed = "cluster.renamed",
    /// A person said that two clusters of questions are one.
    ClusterMerged = "cluster.merged",
    /// A person said that they are two after all.
    ClusterUnmerged = "cluster.unmerged",
    /// Something has changed in the traffic.
    PatternFound = "pattern.found",
    /// A person has seen a change of the traffic and wants to hear no more of it.
    PatternDismissed = "pattern.dismissed",
    /// A change of the traffic is over, or usual by now.
    PatternOver = "pattern.over",
    /// A person wrote a question and an answer for a gap.
    ProposalWritten = "proposal.written",
    /// A person approved a question and an answer that were proposed for a gap.
    ProposalApproved = "proposal.approved",
    /// A person did not want what was proposed for a gap.
    ProposalDismissed = "proposal.dismissed",
    /// A rehearsal began: questions of the past are to be drafted.
    RehearsalStarted = "rehearsal.started",
    /// All questions of a rehearsal are drafted.
    RehearsalDrafted = "rehearsal.drafted",
    /// An answer of a rehearsal was judged.
    RehearsalJudged = "rehearsal.judged",
    /// A verdict on an answer of a rehearsal was taken back.
    RehearsalUndone = "rehearsal.undone",
    /// A rehearsal was ended.
    RehearsalEnded = "rehearsal.ended",
    /// A rehearsal was removed, with its questions.
    RehearsalRemoved = "rehearsal.removed",
    /// A version of an agent's policy came into force.
    PolicyApplied = "policy.applied",
    /// A conversation is over.
    ConversationClosed = "conversation.closed",
    /// The visitor rated a conversation.
    ConversationRated = "conversation.rated",
    /// A visitor left an e-mail address.
    VisitorLeftEmail = "visitor.left_email",
    /// An answer is on its way to a visitor by e-mail.
    VisitorWrittenTo = "visitor.written_to",
    /// A visitor came back through a link in an e-mail.
    VisitorReturned = "visitor.returned",
    /// A colleague left a note.
    NoteAdded = "note.added",
    /// A canned reply was added.
    CannedReplyAdded = "canned_reply.added",
    /// A canned reply has another short name or text.
    CannedReplyChanged = "canned_reply.changed",
    /// A canned reply was removed.
    CannedReplyRemoved = "canned_reply.removed",
    /// A report was made.
    ReportMade = "report.made",
    /// A report is on its way to those who get it.
    ReportSent = "report.sent",
    /// A link shows a report to whoever has it.
    ReportLinked = "report.linked",
    /// A link to a report shows nothing any more.
    ReportUnlinked = "report.unlinked",
    /// The settings of reports changed.
    ReportSettingsChanged = "report.settings_changed",
    /// The logo of reports changed.
    ReportLogoChanged = "report.logo_changed",
    /// A mail server accepted an e-mail.
    MailSent = "mail.sent",
    /// An e-mail is not tried any more by itself.
    MailFailed = "mail.failed",
    /// A person sends an e-mail again.
    MailRetried = "mail.retried",
    /// A receiver took a webhook.
    WebhookDelivered = "webhook.delivered",
    /// A webhook is not delivered any more by itself.
    WebhookFailed = "webhook.failed",
    /// A person has a webhook delivered again.
    WebhookRetried = "webhook.retried",
    /// A person sent a webhook to try its receiver.
    WebhookTested = "webhook.tested",
    /// Webhooks are signed with a first or another secret.
    WebhookSecretChanged = "webhook.secret_changed",
    /// An address is to be told what happens.
    WebhookSubscribed = "webhook.subscribed",
    /// What an address is told, or whether it is, changed.
    WebhookSubscriptionChanged = "webhook.subscription_changed",
    /// An address is not told any more what happens.
    WebhookUnsubscribed = "webhook.unsubscribed",
    /// A person has what happened since a time delivered again.
    WebhookReplayed = "webhook.replayed",
    /// A tool was defined, or another version of it.
    ToolDefined = "tool.defined",
    /// A tool was removed.
    ToolRemoved = "tool.removed",
    /// A secret that tools use was set.
    SecretChanged = "secret.changed",
    /// A secret that tools use was removed.
    SecretRemoved = "secret.removed",
    /// Something is to happen if people let it.
    ActionProposed = "action.proposed",
    /// Somebody looks at a proposal, or looks away.
    ActionLeased = "action.leased",
    /// One of several people who have to approve a proposal did.
    ActionApproved = "action.approved",
    /// A person decided about a proposal.
    ActionDecided = "action.decided",
    /// A decision about a proposal was undone.
    ActionUndone = "action.undone",
    /// A decision about a proposal is final.
    ActionSettled = "action.settled",
    /// Nobody decided about a proposal in time, or nobody used the approval in time.
    ActionExpired = "action.expired",
    /// Whoever asked took a proposal back.
    ActionCancelled = "action.cancelled",
    /// Carrying out a proposal begins.
    ActionStarted = "action.started",
    /// An attempt to carry out a proposal came to nothing; there will be another.
    ActionDeferred = "action.deferred",
    /// The agent that asked has taken its approval.
    ActionConsumed = "action.consumed",
    /// A proposal was carried out.
    ActionExecuted = "action.executed",
    /// A proposal was not carried out.
    ActionFailed = "action.failed",
    /// Whether a proposal was carried out is not known.
    ActionUnknown = "action.unknown",
    /// A person has found out whether a proposal was carried out.
    ActionFoundOut = "action.found_out",
    /// An agent asks for more than people can look at; it is refused for a while.
    AgentBraked = "agent.braked",
    /// The gate opened or closed.
    GateChanged = "gate.changed",
    /// A goal was set, changed or retired.
    GoalChanged = "goal.changed",
    /// A visitor reached a goal.
    ConversionRecorded = "conversion.recorded",
    /// What a page had said of a goal was confirmed by the shop's server.
    ConversionConfirmed = "conversion.confirmed",
    /// A page says more of its visitor than anybody reaches; it is refused for a while.
    ConversionsFlooded = "conversion.flooded",
    /// What is known of somebody to be called back changed: how far it is, or who looks after them.
    LeadChanged = "lead.changed",
}

/// A link of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first entry of a workspace follows.
    pub const GENESIS: Self = Self([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The unerasable part of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Whose log.
    pub workspace_id: WorkspaceId,
    /// 1, 2, 3, … without a gap.
    pub seq: i64,
    /// When it was committed.
    pub at: Timestamp,
    /// What happened: [`EventKind::as_str`].
    pub kind: String,
    /// Who did it: [`Actor`] as text.
    pub actor: String,
    /// Ids and numbers it is about, by name.
    pub refs: BTreeMap<String, String>,
}

/// Length of a salt, in bytes. Fixed, so that no byte can move between salt and content under the same digest.
pub const SALT_BYTES: usize = 16;

/// `SHA-256(salt ‖ content)`, the part of the chain that survives erasure.
pub fn content_digest(salt: &[u8; SALT_BYTES], content: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(content.as_bytes());
    Hash(hash.finalize().into())
}

/// The hash of an entry: over its predecessor's hash, its header and its content digest, each field with its length
/// before it, so that no two different entries have the same bytes.
pub fn entry_hash(previous: Hash, header: &Header, content_digest: Hash) -> Hash {
    let mut hash = Sha256::new();
    let mut field = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    field(&previous.0);
    field(header.workspace_id.uuid().as_bytes());
    field(&header.seq.to_be_bytes());
    field(&header.at.0.to_be_bytes());
    field(header.kind.as_bytes());
    field(header.actor.as_bytes());
    for (name, value) in &header.refs {
        field(name.as_bytes());
        field(value.as_bytes());
    }
    field(&content_digest.0);
    Hash(hash.finalize().into())
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The unerasable part.
    pub header: Header,
    /// Salt ([`SALT_BYTES`] long) and content, until they are erased.
    pub content: Option<(Vec<u8>, String)>,
    /// Digest of salt and content.
    pub content_digest: Hash,
    /// Hash of the entry before.
    pub previous: Hash,
    /// Hash of this entry.
    pub hash: Hash,
}

/// The first thing that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An entry is missing or out of order.
    #[error("entry {expected} is missing: entry {found} follows in its place")]
    Gap {
        /// The sequence expected.
        expected: i64,
        /// The sequence found.
        found: i64,
    },
    /// An entry does not follow from the one before.
    #[error("entry {0} does not follow from the one before: an entry was replaced or removed")]
    BrokenLink(i64),
    /// An entry was changed.
    #[error("entry {0} was changed after it was written")]
    Altered(i64),
    /// The content of an entry was changed.
    #[error("the content of entry {0} was changed after it was written")]
    ContentAltered(i64),
}

/// Walks a chain entry by entry; works offline, from nothing but the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerifier {
    next_seq: i64,
    head: Hash,
}

impl Default for ChainVerifier {
    fn default() -> Self {
        Self {
            next_seq: 1,
            head: Hash::GENESIS,
        }
    }
}

impl ChainVerifier {
    /// Checks the next entry.
    ///
    /// # Errors
    /// The first [`ChainError`].
    pub fn accept(&mut self, entry: &Entry) -> Result<(), ChainError> {
        let seq = entry.header.seq;
        if seq != self.next_seq {
            return Err(ChainError::Gap {
                expected: self.next_seq,
                found: seq,
            });
        }
        if entry.previous != self.head {
            return Err(ChainError::BrokenLink(seq));
        }
        if let Some((salt, content)) = &entry.content
            && !<&[u8; SALT_BYTES]>::try_from(salt.as_slice())
                .is_ok_and(|salt| content_digest(salt, content) == entry.content_digest)
        {
            return Err(ChainError::ContentAltered(seq));
        }
        if entry_hash(entry.previous, &entry.header, entry.content_digest) != entry.hash {
            return Err(ChainError::Altered(seq));
        }
        self.next_seq += 1;
        self.head = entry.hash;
        Ok(())
    }

    /// Hash of the last accepted entry.
    pub const fn head(&self) -> Hash {
        self.head
    }

    /// Entries accepted so far.
    pub const fn entries(&self) -> i64 {
        self.next_seq - 1
    }
}

#[cfg(test)]
mod tests;
