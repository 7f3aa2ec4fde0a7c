//! What can go wrong when the engine is asked, and when it is started.

use std::{io, path::PathBuf, time::Duration};

use super::gguf::ModelFileError;

/// Why the engine gave no answer. Every variant is an outcome the caller plans for: a draft is then quoted or held.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// Nothing listens, or the engine failed or died while it answered.
    #[error(
        "The model engine cannot answer now ({why}); it recovers by itself, and `holdpoint doctor` says what keeps it from running."
    )]
    Unavailable {
        /// What was observed.
        why: String,
    },
    /// Too many requests wait.
    #[error("The model engine is busy ({why}); try again in a moment.")]
    Overloaded {
        /// What was observed.
        why: String,
    },
    /// The engine does not let us in.
    #[error("The model engine refuses our access token ({why}); give it the right one.")]
    Unauthorized {
        /// What it said.
        why: String,
    },
    /// No answer came in time.
    #[error("The model engine did not answer within {} ms; allow more time or use a smaller model.", limit.as_millis())]
    DeadlineExceeded {
        /// The time allowed.
        limit: Duration,
    },
    /// The prompt does not fit the model's window.
    #[error("{detail}")]
    ContextExceeded {
        /// The engine's sentence, with both numbers.
        detail: String,
    },
    /// No model of the needed kind is loaded.
    #[error("{detail}")]
    NoModel {
        /// The engine's sentence.
        detail: String,
    },
    /// The answer, or the request, was not understood.
    #[error("The model engine's answer could not be used: {detail}")]
    Protocol {
        /// What was wrong.
        detail: String,
    },
}

/// Why the engine child could not start or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// Neither model was named.
    #[error("Name a model to run: `--embed-model FILE`, `--chat-model FILE`, or both.")]
    NothingToRun,
    /// A model file cannot be used.
    #[error(transparent)]
    ModelFile(#[from] ModelFileError),
    /// The library refused the model or the context.
    #[error("The model `{}` could not be loaded: {why}. Use a GGUF file that a current llama.cpp can run.", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// The library's reason.
        why: String,
    },
    /// A chat model without a usable chat template.
    #[error("The model `{}` {why}, so it cannot hold a conversation; use an *instruct* model.", path.display())]
    ChatTemplate {
        /// The file.
        path: PathBuf,
        /// What is wrong with the template.
        why: String,
    },
    /// The socket could not be opened.
    #[error("The engine's socket `{}` could not be opened: {source}. Choose a shorter path in a directory that can be written.", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another engine answers on the socket.
    #[error("Another engine already answers on `{}`; stop it or choose another socket.", .0.display())]
    SocketInUse(PathBuf),
    /// A model's thread ended although nobody asked it to.
    #[error("The {0} model stopped unexpectedly; the engine must be restarted.")]
    ModelStopped(&'static str),
}

impl RunError {
    /// Exit code of the child: 78 (configuration) when a restart cannot help, else 1.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NothingToRun | Self::ModelFile(_) | Self::Load { .. } | Self::ChatTemplate { .. } => {
                EXIT_CONFIGURATION
            }
            Self::Socket { .. } | Self::SocketInUse(_) | Self::ModelStopped(_) => 1,
        }
    }
}

/// Exit code that tells the supervisor a restart cannot help.
pub(crate) const EXIT_CONFIGURATION: u8 = 78;
