//! How the domain's types stand in a column: ids as UUIDs, times as integers, words and structures as text.

use crate::domain::account::Role;
use crate::domain::action::args::{ArgsHash, NotAHash};
use crate::domain::action::tool::Risk;
use crate::domain::action::{ActionStatus, DecisionType, OnTimeout, Runs};
use crate::domain::answer::AnswerMode;
use crate::domain::conversation::{Author, Epoch};
use crate::domain::evidence::{CheckPurpose, Ended, JudgedBy};
use crate::domain::fitness::Verdict;
use crate::domain::flow::Spam;
use crate::domain::goal::{ConversionSource, GoalKind, Worth};
use crate::domain::ids::{
    ActionId, AgentId, AgentVersionId, ApprovalId, CandidateId, CannedReplyId, CertificateId, ClusterId, ConflictId,
    ConversationId, ConversionId, DecisionId, DeliveryId, DocumentId, DraftId, GapId, GoalId, ItemId, JobId, LeadId,
    LeadOccurrenceId, MailId, MemberId, MessageId, NoteId, OutcomeId, PairId, PatternId, ProposalId,
    RegressionQuestionId, RehearsalCaseId, RehearsalId, ReleaseId, ReportId, ReportLinkId, RetrievalVersionId,
    SubscriptionId, TokenId, ToolVersionId, TurnId, UserId, VerdictId, VerifiedAnswerId, VisitorId, WorkspaceId,
};
use crate::domain::improve::answer::{ConflictDecision, ConflictKind};
use crate::domain::improve::candidate::{CandidateState, Effect, Origin as CandidateOrigin};
use crate::domain::improve::comparison::PairVerdict;
use crate::domain::improve::gap::{Cause, GapState, Origin, ProposalState};
use crate::domain::insight::{PatternKind, PatternState};
use crate::domain::knowledge::DocumentKind;
use crate::domain::lead::LeadStage;
use crate::domain::mail::MailState;
use crate::domain::model::{ModelName, NotAModelName, Purpose, Sha256Digest};
use crate::domain::money::Currency;
use crate::domain::policy::DecisionKind;
use crate::domain::rehearsal::{RehearsalState, RehearsalVerdict};
use crate::domain::report::{LogoKind, ReportKind};
use crate::domain::review::{ItemKind, OutcomeKind, VerdictLabel};
use crate::domain::time::Timestamp;
use crate::domain::tuning::RetrievalState;
use crate::domain::turn::TurnState;
use crate::domain::webhook::{DeliveryState, SubscriptionState};
use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{ActiveValue, ColIdx, DbErr, IntoActiveValue, QueryResult, TryFromU64, TryGetError, TryGetable, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A review item's state as a word; the pending or final outcome stands in its own table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Waits for a decision.
    Open,
    /// Decided, inside the undo window.
    Pending,
    /// Has its final outcome.
    Closed,
}

/// An outcome's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStatus {
    /// Inside the undo window.
    Pending,
    /// It stands.
    Final,
    /// Undone, or overtaken by a new message or a takeover; kept as history.
    Cancelled,
}

/// Who owns a conversation; the member stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerKind {
    /// The AI.
    Ai,
    /// A member.
    Person,
    /// Nobody yet.
    Nobody,
}

/// A kind of job. Its subject, a conversation or a workspace, makes it unique, so that nothing runs twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// A turn ends: draft an answer.
    Draft,
    /// An undo window ends: make the outcome final.
    Finalise,
    /// A held draft's deadline.
    Expire,
    /// An item has waited for long: tell somebody.
    Escalate,
    /// The person who owns a conversation should have answered by now.
    Recall,
    /// Compute missing embeddings of a workspace.
    Embed,
    /// Send an e-mail; its subject is the mail.
    Mail,
    /// Deliver a webhook; its subject is the delivery.
    Deliver,
    /// Mail the answers that a visitor has not seen.
    Reply,
    /// End a conversation in which nobody has said anything for long.
    Close,
    /// Compare what is known with what would be answered today.
    CarryOver,
    /// The same for what is found without the LLM, which must not go out before; its subject is the agent or, for all of them, the workspace.
    FindAnew,
    /// Draw what is checked, close months, test what may be sent without a person.
    Evidence,
    /// Draft what is rehearsed; its subject is the rehearsal.
    Rehearse,
    /// Try a candidate on questions of the past; its subject is the candidate.
    Replay,
    /// Let the LLM write what it would answer without a candidate and with it; its subject is the candidate.
    Write,
    /// Go on publishing a candidate, or taking it back; its subject is the candidate.
    Publish,
    /// Look for questions that were not answered, and for what people answered to them.
    Gaps,
    /// What conversations were is counted.
    Analyse,
    /// Make the report that is due, and send it.
    Report,
    /// Take out knowledge whose last day is over.
    Outdate,
    /// Find verified answers that newer knowledge speaks against.
    Conflicts,
    /// Turn what happened into webhooks for those who subscribed; its subject is the workspace.
    Announce,
    /// Go on with an action: make a decision final, run it, let it expire; its subject is the action.
    Act,
}

/// Who proposed an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionOrigin {
    /// The AI.
    Ai,
    /// A visitor, with a form in the conversation.
    Form,
    /// A member.
    Member,
    /// Somebody's agent, with a token.
    Agent,
}

/// For whom a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// For colleagues.
    Whisper,
    /// For the AI, with the conversation handed back.
    HandBack,
}

/// A structure stored as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Json<T>(pub T);

fn wrong_type(what: &str, cause: &dyn std::fmt::Display) -> TryGetError {
    TryGetError::DbErr(DbErr::Type(format!("a stored {what} cannot be read: {cause}")))
}

/// Through which stored type `Self` goes.
trait Stored: Sized {
    type As: TryGetable + ValueType + Nullable + Into<Value>;
    fn into_stored(self) -> Self::As;
    fn from_stored(stored: Self::As) -> Result<Self, String>;
}

macro_rules! column_value {
    ([$($generics:tt)*] $name:ty) => {
        impl<$($generics)*> From<$name> for Value {
            fn from(value: $name) -> Self {
                value.into_stored().into()
            }
        }

        impl<$($generics)*> TryGetable for $name {
            fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
                let stored = <<Self as Stored>::As as TryGetable>::try_get_by(row, index)?;
                Self::from_stored(stored).map_err(|cause| wrong_type(std::any::type_name::<Self>(), &cause))
            }
        }

        impl<$($generics)*> ValueType for $name {
            fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
                let stored = <<Self as Stored>::As as ValueType>::try_from(value)?;
                Self::from_stored(stored).map_err(|_cause| ValueTypeErr)
            }

            fn type_name() -> String {
                std::any::type_name::<Self>().to_owned()
            }

            fn array_type() -> ArrayType {
                <<Self as Stored>::As as ValueType>::array_type()
            }

            fn column_type() -> ColumnType {
                <<Self as Stored>::As as ValueType>::column_type()
            }
        }

        impl<$($generics)*> Nullable for $name {
            fn null() -> Value {
                <<Self as Stored>::As as Nullable>::null()
            }
        }

        impl<$($generics)*> IntoActiveValue<Self> for $name {
            fn into_active_value(self) -> ActiveValue<Self> {
                ActiveValue::Set(self)
            }
        }
    };
}

macro_rules! uuids {
    ($($name:ty),+ $(,)?) => {$(
        impl Stored for $name {
            type As = Uuid;
            fn into_stored(self) -> Uuid {
                self.uuid()
            }
            fn from_stored(stored: Uuid) -> Result<Self, String> {
                Ok(stored.into())
            }
        }
        column_value!([] $name);

        impl TryFromU64 for $name {
            fn try_from_u64(_number: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64("an id is not a number"))
            }
        }
    )+};
}

macro_rules! integers {
    ($($name:ty),+ $(,)?) => {$(
        impl Stored for $name {
            type As = i64;
            fn into_stored(self) -> i64 {
                self.0
            }
            fn from_stored(stored: i64) -> Result<Self, String> {
                Ok(Self(stored))
            }
        }
        column_value!([] $name);
    )+};
}

/// Enums whose serde form is one word.
macro_rules! words {
    ($($name:ty),+ $(,)?) => {$(
        impl Stored for $name {
            type As = String;
            fn into_stored(self) -> String {
                match serde_json::to_value(self) {
                    Ok(serde_json::Value::String(word)) => word,
                    // A word that cannot be written fails the column's CHECK instead of being stored as something else.
                    _ => String::new(),
                }
            }
            fn from_stored(stored: String) -> Result<Self, String> {
                serde_json::from_value(serde_json::Value::String(stored)).map_err(|cause| cause.to_string())
            }
        }
        column_value!([] $name);
    )+};
}

uuids!(
    ActionId,
    AgentId,
    AgentVersionId,
    ApprovalId,
    CandidateId,
    CannedReplyId,
    CertificateId,
    ClusterId,
    ConflictId,
    ConversationId,
    ConversionId,
    DecisionId,
    DeliveryId,
    DocumentId,
    DraftId,
    GapId,
    GoalId,
    ItemId,
    JobId,
    LeadId,
    LeadOccurrenceId,
    MailId,
    MemberId,
    MessageId,
    NoteId,
    OutcomeId,
    PairId,
    PatternId,
    RegressionQuestionId,
    ProposalId,
    RehearsalCaseId,
    RehearsalId,
    ReleaseId,
    ReportId,
    ReportLinkId,
    RetrievalVersionId,
    SubscriptionId,
    TokenId,
    ToolVersionId,
    TurnId,
    UserId,
    VerdictId,
    VerifiedAnswerId,
    VisitorId,
    WorkspaceId,
);
integers!(Timestamp, Epoch);
words!(
    ActionOrigin,
    ActionStatus,
    AnswerMode,
    Author,
    CandidateOrigin,
    CandidateState,
    Cause,
    CheckPurpose,
    ConflictDecision,
    ConflictKind,
    ConversionSource,
    Currency,
    DecisionKind,
    DecisionType,
    DeliveryState,
    DocumentKind,
    Effect,
    Ended,
    GapState,
    GoalKind,
    ItemKind,
    ItemStatus,
    JobKind,
    JudgedBy,
    LeadStage,
    MailState,
    NoteKind,
    OnTimeout,
    Origin,
    OutcomeKind,
    OutcomeStatus,
    OwnerKind,
    PairVerdict,
    PatternKind,
    PatternState,
    ProposalState,
    Purpose,
    LogoKind,
    ReportKind,
    RehearsalState,
    RehearsalVerdict,
    RetrievalState,
    Risk,
    Role,
    Runs,
    Spam,
    SubscriptionState,
    TurnState,
    Verdict,
    VerdictLabel,
    Worth,
);

impl Stored for ModelName {
    type As = String;
    fn into_stored(self) -> String {
        self.into()
    }
    fn from_stored(stored: String) -> Result<Self, String> {
        stored.parse().map_err(|cause: NotAModelName| cause.to_string())
    }
}
column_value!([] ModelName);

impl Stored for ArgsHash {
    type As = String;
    fn into_stored(self) -> String {
        self.to_string()
    }
    fn from_stored(stored: String) -> Result<Self, String> {
        stored.parse().map_err(|cause: NotAHash| cause.to_string())
    }
}
column_value!([] ArgsHash);

impl Stored for Sha256Digest {
    type As = Vec<u8>;
    fn into_stored(self) -> Vec<u8> {
        self.0.to_vec()
    }
    fn from_stored(stored: Vec<u8>) -> Result<Self, String> {
        let length = stored.len();
        stored
            .try_into()
            .map(Self)
            .map_err(|_other_length| format!("a digest has 32 bytes, not {length}"))
    }
}
column_value!([] Sha256Digest);

/// Keys that are words of people, not numbers.
macro_rules! no_numbers {
    ($($name:ty),+ $(,)?) => {$(
        impl TryFromU64 for $name {
            fn try_from_u64(_number: u64) -> Result<Self, DbErr> {
                Err(DbErr::ConvertFromU64("a name is not a number"))
            }
        }
    )+};
}
no_numbers!(ModelName, Purpose);

impl<T: Serialize + DeserializeOwned> Stored for Json<T> {
    type As = String;
    fn into_stored(self) -> String {
        // Serialising our own plain structures cannot fail; an empty text would be refused on reading, not misread.
        serde_json::to_string(&self.0).unwrap_or_default()
    }
    fn from_stored(stored: String) -> Result<Self, String> {
        serde_json::from_str(&stored)
            .map(Self)
            .map_err(|cause| cause.to_string())
    }
}
column_value!([T: Serialize + DeserializeOwned] Json<T>);
