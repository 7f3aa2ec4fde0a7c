//! Why a wish was not fulfilled: one sentence for the person who asked, and a kind for the layer that answers.

use crate::domain::account::Scope;
use crate::domain::flow::FlowError;
use crate::domain::ids::NotAnId;
use crate::domain::policy::EngineTrouble;
use crate::domain::review::ReviewError;
use crate::domain::text::TextError;
use crate::engine::EngineError;
use crate::store::StoreError;
use serde_json::{Value, json};

/// What kind of refusal it is; the web layer turns it into a status, the command line into an exit code.
#[derive(Debug, Clone, PartialEq)]
pub enum ErrorKind {
    /// It is not there, or belongs to someone else.
    NotFound,
    /// Nobody is signed in.
    Unauthenticated,
    /// This person or token may not do it.
    Forbidden,
    /// The wish itself is not valid.
    Invalid,
    /// Somebody or something was faster; the object holds what the asker needs to go on.
    Conflict(Value),
    /// It was there and is no longer.
    Gone,
    /// Later, please.
    Busy,
    /// Something this needs is not there right now.
    Unavailable,
    /// A defect or a broken machine; details are in the log.
    Internal,
}

/// Why the app did not do it.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Unknown, or another workspace's.
    #[error("{0} was not found; it may have been removed, or the link is incomplete")]
    NotFound(&'static str),
    /// Nobody is signed in.
    #[error("please sign in first")]
    Unauthenticated,
    /// Wrong e-mail address or password.
    #[error("e-mail address and password do not match; try again, or ask the owner for a new set-up link")]
    WrongPassword,
    /// Not allowed for this role or token.
    #[error("you may not do this; ask an owner of this workspace")]
    Forbidden,
    /// A program's token does not go so far.
    #[error(
        "this token may not do this: it takes the scope `{0}`; make one with: holdpoint admin token add NAME --as EMAIL --scope {0}"
    )]
    OtherScope(Scope),
    /// Only a member of the workspace can do it.
    #[error("only a member can do this; sign in, or name one with --as EMAIL")]
    NoMember,
    /// Not acceptable as asked.
    #[error("{0}")]
    Invalid(String),
    /// A text was refused.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Not an id.
    #[error(transparent)]
    Id(#[from] NotAnId),
    /// The rules of the conversation refuse it.
    #[error("{sentence}")]
    Conflict {
        /// What happened and what to do.
        sentence: String,
        /// What the asker needs to go on.
        extra: Value,
    },
    /// A set-up link that was used.
    #[error("this set-up link was already used; sign in, or make a new one with: holdpoint admin setup-link")]
    LinkUsed,
    /// A set-up link that is too old or unknown.
    #[error("this set-up link is not valid (any more); make a new one with: holdpoint admin setup-link")]
    LinkInvalid,
    /// Too many at once.
    #[error("{0}")]
    TooMany(String),
    /// The AI engine is needed and not there.
    #[error("the AI engine is not available right now ({0}); see: holdpoint doctor")]
    Engine(String),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A defect.
    #[error("something went wrong; nothing was changed, and the details are in Holdpoint's log")]
    Internal(String),
}

impl AppError {
    /// The kind of refusal.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Unauthenticated | Self::WrongPassword => ErrorKind::Unauthenticated,
            Self::Forbidden | Self::OtherScope(_) | Self::NoMember => ErrorKind::Forbidden,
            Self::Invalid(_) | Self::Text(_) | Self::Id(_) => ErrorKind::Invalid,
            Self::Conflict { extra, .. } => ErrorKind::Conflict(extra.clone()),
            Self::Store(StoreError::Duplicate(_)) => ErrorKind::Conflict(json!({})),
            Self::LinkUsed | Self::LinkInvalid => ErrorKind::Gone,
            Self::TooMany(_) => ErrorKind::Busy,
            Self::Engine(_) | Self::Store(StoreError::Closed | StoreError::Busy | StoreError::DiskFull(_)) => {
                ErrorKind::Unavailable
            }
            Self::Store(_) | Self::Internal(_) => ErrorKind::Internal,
        }
    }
}

impl From<FlowError> for AppError {
    fn from(error: FlowError) -> Self {
        let sentence = error.to_string();
        let extra = match error {
            FlowError::Review(ReviewError::NewerMessage { revision }) => json!({ "revision": revision }),
            _ => json!({}),
        };
        Self::Conflict { sentence, extra }
    }
}

/// What the engine's refusal means to the policy.
pub(super) const fn trouble_of(error: &EngineError) -> EngineTrouble {
    match error {
        EngineError::Overloaded { .. } => EngineTrouble::Overloaded,
        EngineError::DeadlineExceeded { .. } => EngineTrouble::Deadline,
        EngineError::ContextExceeded { .. } => EngineTrouble::PromptTooLong,
        EngineError::Protocol { .. } => EngineTrouble::UnusableAnswer,
        // Also whatever a remote engine may add to this: somebody has to look after it.
        _ => EngineTrouble::Unavailable,
    }
}
