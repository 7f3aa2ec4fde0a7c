//! Knowledge: documents, search, verified answers.

use askama::Template;

use super::{Marked, Moment, Shell};

/// `GET /knowledge`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/documents.html")]
pub struct DocumentsPage {
    /// The frame.
    pub shell: Shell,
    /// The documents, or what the search found.
    pub list: DocumentsPart,
    /// Verified answers in use, for the tab.
    pub verified_count: u64,
    /// Collections that exist, proposed in the import form.
    pub collections: Vec<String>,
}

/// The documents, or the passages found for a question. `GET /parts/knowledge?q=`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/document_list.html")]
pub struct DocumentsPart {
    /// What is searched for; empty shows all documents.
    pub query: String,
    /// All documents, when nothing is searched.
    pub documents: Vec<DocumentRow>,
    /// What was found, best first.
    pub hits: Vec<SearchHit>,
}

/// One line of the documents.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its collection.
    pub collection: String,
    /// How many passages it was cut into.
    pub passages: u64,
    /// When it was last imported.
    pub updated: Moment,
}

/// A passage found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// Its document's id.
    pub document_id: String,
    /// Its document's name.
    pub document: String,
    /// The passage's own title (an FAQ's question, a heading).
    pub title: String,
    /// The passage, with the words of the query highlighted.
    pub passage: Marked,
    /// How near the question it is, in percent 0–100.
    pub nearness_percent: u8,
}

/// `GET /knowledge/documents/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/document.html")]
pub struct DocumentPage {
    /// The frame.
    pub shell: Shell,
    /// The document.
    pub document: DocumentRow,
    /// Its passages in order.
    pub passages: Vec<PassageView>,
}

/// A passage of a document.
#[derive(Clone, Debug)]
pub struct PassageView {
    /// An FAQ's question, or the heading; may be empty.
    pub title: String,
    /// The text.
    pub text: String,
}

/// `GET /knowledge/verified`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/verified_answers.html")]
pub struct VerifiedAnswersPage {
    /// The frame.
    pub shell: Shell,
    /// Those in use, newest first.
    pub answers: Vec<VerifiedAnswerRow>,
}

/// A question and the answer a person stands behind.
#[derive(Clone, Debug)]
pub struct VerifiedAnswerRow {
    /// Its id.
    pub id: String,
    /// The question it was given to.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Who approved it.
    pub author: String,
    /// When.
    pub at: Moment,
    /// The conversation it came from; empty when entered by hand.
    pub conversation_id: String,
    /// How many drafts used it.
    pub used: u64,
}
