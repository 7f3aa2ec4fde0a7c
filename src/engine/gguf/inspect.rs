//! What a file is, before anybody says what it is to be used for.

use std::io::{self, Read, Seek};

use super::{GgufHeader, ModelFileProblem, ModelPurpose, file::GgufFile};
use crate::domain::model::Purpose;

/// A usable file, as its header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// What it can be used for.
    pub purpose: Purpose,
    /// The model's header; none for an adapter, which is none by itself.
    pub header: Option<GgufHeader>,
}

impl Inspected {
    /// Estimate of the memory it needs by itself with a window of `context_tokens`, bytes.
    pub fn memory_need_bytes(&self, context_tokens: u32) -> u64 {
        self.header
            .as_ref()
            .map_or(0, |header| header.memory_need_bytes(context_tokens))
    }

    /// True for a chat model that does not say how conversations are written.
    pub fn lacks_chat_template(&self) -> bool {
        let template = self.header.as_ref().is_some_and(|header| header.has_chat_template);
        self.purpose == Purpose::Chat && !template
    }
}

/// Looks at a file of `length` bytes.
///
/// # Errors
/// A [`ModelFileProblem`] for whatever is neither a model nor an adapter.
pub fn inspect<R: Read + Seek>(source: R, length: u64) -> Result<Inspected, ModelFileProblem> {
    let file = GgufFile::read(source, length)?;
    let metadata = &file.metadata;
    if let Some(parts) = metadata.number("split.count").filter(|parts| *parts > 1) {
        let part = format!("a part of one that comes in {parts} files, which have to be joined first");
        return Err(ModelFileProblem::NotAModel(part));
    }
    if metadata.text("general.type") == Some("adapter") {
        file.architecture()?;
        return Ok(Inspected {
            purpose: Purpose::Adapter,
            header: None,
        });
    }
    let header = GgufHeader::of_file(&file)?;
    // Older files of this kind do not say what they are.
    if header.architecture == "clip" {
        return Err(ModelFileProblem::NotAModel("what lets a model see pictures".to_owned()));
    }
    let purpose = match header.purpose() {
        ModelPurpose::Chat => Purpose::Chat,
        ModelPurpose::Embed => Purpose::Embed,
    };
    Ok(Inspected {
        purpose,
        header: Some(header),
    })
}

/// Looks at the first bytes of a file that will have `length` of them: `None` while too few have come to tell.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_beginning<R: Read + Seek>(source: R, length: u64) -> Result<Option<Inspected>, ModelFileProblem> {
    match inspect(source, length) {
        Ok(inspected) => Ok(Some(inspected)),
        Err(ModelFileProblem::Unreadable(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        // What was asked for lies inside the whole file, but not inside what has come.
        Err(ModelFileProblem::Truncated { have_bytes, need_bytes }) if need_bytes <= have_bytes => Ok(None),
        Err(problem) => Err(problem),
    }
}
