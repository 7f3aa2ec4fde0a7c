//! Checks a GGUF file before the native library sees it: cheap, without loading, and never panicking.
//!
//! The library aborts or reports a null pointer on a damaged file. Reading the header here turns that into one
//! sentence with a remedy, in the server as well as in the child.

mod adapter;
mod file;
mod header;
mod inspect;
mod reader;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

pub use adapter::check_adapter;
pub use header::GgufHeader;
pub use inspect::{Inspected, inspect, inspect_beginning};

use file::GgufFile;

use super::{memory, wire::ModelPurpose};

/// A model file that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("The model file `{}` {problem}", path.display())]
pub struct ModelFileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: ModelFileProblem,
}

/// What is wrong with a model file; reads on after the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelFileProblem {
    /// The system does not let it be read.
    #[error("cannot be read: {0}. Check the path and its permissions.")]
    Unreadable(#[from] io::Error),
    /// It does not begin as a GGUF file does.
    #[error("is not a GGUF file. Download the model's `.gguf` file, not its web page or another format.")]
    NotGguf,
    /// A version this program does not know.
    #[error("is GGUF of version {0}, and versions 2 and 3 are supported. Download a newer conversion of the model.")]
    UnsupportedVersion(u32),
    /// The file ends before its content does.
    #[error("is incomplete: it has {have_bytes} bytes and needs at least {need_bytes}. Download it again.")]
    Truncated {
        /// Size of the file.
        have_bytes: u64,
        /// Size its header promises, as far as it could be read.
        need_bytes: u64,
    },
    /// The header contradicts itself.
    #[error("is damaged ({0}). Download it again.")]
    Damaged(&'static str),
    /// A file that holds something else than a model.
    #[error("holds no model but: {0}. Choose the file of the model itself.")]
    NotAModel(String),
    /// A file that holds no LoRA adapter.
    #[error("is {0}. Choose a LoRA adapter that was converted to GGUF.")]
    NotAnAdapter(&'static str),
    /// An adapter for another model.
    #[error("does not fit the model: {0}. Use the model it was trained on, or another adapter.")]
    OtherModel(String),
    /// A model of the other kind.
    #[error("is {found}, and {} is needed here. Swap the two models or choose another file.", wanted.noun())]
    WrongKind {
        /// What it is to be used for.
        wanted: ModelPurpose,
        /// What it is.
        found: String,
    },
    /// It would not fit into memory.
    #[error(
        "needs about {} MB of memory and {} MB are available. Use a smaller model or quantisation, a smaller context, or a machine with more memory.",
        megabytes(*need_bytes), megabytes(*available_bytes)
    )]
    TooLarge {
        /// Estimate of what the model needs.
        need_bytes: u64,
        /// What the system can give.
        available_bytes: u64,
    },
}

pub(crate) const fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// Headers of the models that are to run together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckedModels {
    /// The embedding model's, if one was named.
    pub embed: Option<GgufHeader>,
    /// The chat model's, if one was named.
    pub chat: Option<GgufHeader>,
}

/// Checks the files of an engine, without loading them: each by itself, and both together against the memory that
/// is available now. `context_tokens` is the chat model's window.
pub fn check_models(
    embed: Option<&Path>,
    chat: Option<&Path>,
    context_tokens: u32,
) -> Result<CheckedModels, ModelFileError> {
    let mut available_bytes = memory::available_bytes();
    let mut check_next = |path: &Path, purpose, context_tokens| {
        let header = check(path, purpose, context_tokens, available_bytes).map_err(|problem| ModelFileError {
            path: path.to_owned(),
            problem,
        })?;
        let need_bytes = header.memory_need_bytes(context_tokens);
        available_bytes = available_bytes.map(|available| available.saturating_sub(need_bytes));
        Ok(header)
    };
    Ok(CheckedModels {
        embed: embed.map(|path| check_next(path, ModelPurpose::Embed, 0)).transpose()?,
        chat: chat
            .map(|path| check_next(path, ModelPurpose::Chat, context_tokens))
            .transpose()?,
    })
}

/// Reads a model's file without looking at the memory; `purpose` is what it must be for, if that matters yet.
pub fn read_model(path: &Path, purpose: Option<ModelPurpose>) -> Result<GgufHeader, ModelFileError> {
    open(path)
        .and_then(|file| GgufHeader::of_file(&file))
        .and_then(|header| match purpose {
            Some(purpose) => check_purpose(&header, purpose).map(|()| header),
            None => Ok(header),
        })
        .map_err(|problem| ModelFileError {
            path: path.to_owned(),
            problem,
        })
}

fn open(path: &Path) -> Result<GgufFile, ModelFileProblem> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    GgufFile::read(file, metadata.len())
}

fn check(
    path: &Path,
    purpose: ModelPurpose,
    context_tokens: u32,
    available_bytes: Option<u64>,
) -> Result<GgufHeader, ModelFileProblem> {
    let header = GgufHeader::of_file(&open(path)?)?;
    check_purpose(&header, purpose)?;
    let need_bytes = header.memory_need_bytes(context_tokens);
    match available_bytes {
        Some(available_bytes) if need_bytes > available_bytes => Err(ModelFileProblem::TooLarge {
            need_bytes,
            available_bytes,
        }),
        _ => Ok(header),
    }
}

/// An encoder and a decoder take different ways through the library; the wrong one kills the process.
fn check_purpose(header: &GgufHeader, wanted: ModelPurpose) -> Result<(), ModelFileProblem> {
    let found = header.purpose();
    if found == wanted {
        return Ok(());
    }
    Err(ModelFileProblem::WrongKind {
        wanted,
        found: format!("{} (architecture `{}`)", found.noun(), header.architecture),
    })
}

#[cfg(test)]
mod tests;
