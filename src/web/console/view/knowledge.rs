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
    pub verified_count: usize,
    /// How many of them somebody is to look at.
    pub doubted: usize,
    /// Collections that exist, proposed in the import form.
    pub collections: Vec<String>,
}

/// The documents, or the passages found for a question. `GET /parts/knowledge?q=`.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "console/document_list.html")]
pub struct DocumentsPart {
    /// What is searched for; empty shows all documents.
    pub query: String,
    /// All documents by the file they came from, when nothing is searched.
    pub files: Vec<KnowledgeFile>,
    /// Whether there are more documents than are listed.
    pub is_cut: bool,
    /// What was found, best first.
    pub hits: Vec<SearchHit>,
}

/// What one imported file brought.
#[derive(Clone, Debug)]
pub struct KnowledgeFile {
    /// The name it was imported under.
    pub name: String,
    /// The collection it belongs to.
    pub collection: String,
    /// Its documents, in their order.
    pub documents: Vec<DocumentRow>,
    /// When one of them last changed.
    pub updated: Moment,
}

impl KnowledgeFile {
    /// What tells it from every other file.
    pub fn label(&self) -> String {
        match self.collection.as_str() {
            "default" => self.name.clone(),
            collection => format!("{} ({collection})", self.name),
        }
    }

    /// How many documents: `1 entry`, `12 entries`.
    pub fn size(&self) -> String {
        match self.documents.len() {
            1 => "1 entry".to_owned(),
            count => format!("{count} entries"),
        }
    }
}

/// One line of the documents.
#[derive(Clone, Debug)]
pub struct DocumentRow {
    /// Its id.
    pub id: String,
    /// A question, or the path of headings.
    pub title: String,
    /// The collection it belongs to.
    pub collection: String,
    /// The first words of the answer or text.
    pub beginning: String,
}

/// A passage found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// Where it is shown whole.
    pub href: String,
    /// Its title: a question, or the path of headings.
    pub title: String,
    /// The passage, with the words of the query highlighted.
    pub passage: Marked,
    /// How near the question it is, in percent 0–100.
    pub nearness_percent: u8,
    /// Whether a person verified it.
    pub is_verified: bool,
}

/// `GET /knowledge/documents/{id}`.
#[derive(Clone, Debug, Template)]
#[template(path = "console/document.html")]
pub struct DocumentPage {
    /// The frame.
    pub shell: Shell,
    /// Its id.
    pub id: String,
    /// A question, or the path of headings.
    pub title: String,
    /// The answer, or the text.
    pub text: String,
    /// Whether it is a question with its answer, which may be quoted as it stands.
    pub is_faq: bool,
    /// The file it was imported from.
    pub file: String,
    /// Its place there, such as `page=3`; empty at the beginning.
    pub place: String,
    /// Where it can be read, if it is a page of a site.
    pub address: Option<String>,
    /// The language it is written in; empty where that cannot be told.
    pub language: String,
    /// Who looks after it.
    pub owner: Option<String>,
    /// From when on it is not answered from any more.
    pub expires: Option<Moment>,
    /// Its collection.
    pub collection: String,
    /// When it last changed.
    pub updated: Moment,
}
