//! What can go wrong when the engine is asked, and when it is started.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

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
    #[error("Name a model to run: `--embed-model FILE`, `--chat-model FILE` or `--model FILE`.")]
    NothingToRun,
    /// Nowhere to listen.
    #[error("Say where to listen: `--socket PATH`, or `--listen ADDRESS:PORT` for other machines.")]
    NowhereToListen,
    /// Two files would answer to one name.
    #[error("Both `{}` and `{}` would be called `{name}`; rename one of them.", first.display(), second.display())]
    NameTwice {
        /// The name.
        name: String,
        /// The file named first.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// The library cannot be used at all.
    #[error("The model library cannot be started: {0}.")]
    Library(String),
    /// Not one of the models can be used.
    #[error("{0}")]
    NoModelWorks(String),
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
    /// Other machines may not ask without a token.
    #[error(
        "`{0}` can be reached from other machines, so a token is needed; name its file with `--token-file FILE`, or listen on 127.0.0.1."
    )]
    TokenNeeded(SocketAddr),
    /// The token's file cannot be used.
    #[error("The token file `{}` {why}", path.display())]
    Token {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        why: String,
    },
    /// The address could not be opened.
    #[error("The engine cannot listen on `{address}`: {source}. Choose another address or port.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

impl RunError {
    /// Exit code of the child: 78 (configuration) when a restart cannot help, else 1.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NothingToRun
            | Self::NowhereToListen
            | Self::NameTwice { .. }
            | Self::NoModelWorks(_)
            | Self::Load { .. }
            | Self::ChatTemplate { .. }
            | Self::TokenNeeded(_)
            | Self::Token { .. } => EXIT_CONFIGURATION,
            Self::Library(_) | Self::Socket { .. } | Self::SocketInUse(_) | Self::Listen { .. } => 1,
        }
    }
}

/// Exit code that tells the supervisor a restart cannot help.
pub(crate) const EXIT_CONFIGURATION: u8 = 78;
