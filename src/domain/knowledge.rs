//! Kinds of knowledge.

use serde::{Deserialize, Serialize};

/// What a piece of knowledge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A question with its answer: may be quoted as it stands.
    Faq,
    /// A section of a longer document.
    Section,
}
