//! Knowledge: documents by the file they came from, and the search.

use super::html;
use super::queue::{percent, shortened};
use super::view::{DocumentPage, DocumentRow, DocumentsPage, DocumentsPart, KnowledgeFile, Marked, SearchHit, Section};
use super::viewer::Viewer;
use crate::app::knowledge::{self, DocumentView, Passage};
use crate::domain::answer::content_words;
use crate::domain::ids::DocumentId;
use crate::domain::knowledge::DocumentKind;
use crate::web::error::Problem;
use crate::web::extract::{InPath, Query};
use crate::web::state::Web;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};

/// Documents read at once.
const READ: u64 = 200;
/// Documents listed at most; the search finds the others.
const LISTED: usize = 1_000;
/// Passages found at most.
const FOUND: usize = 10;

#[derive(Debug, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

/// `GET /knowledge?q=`
pub(super) async fn documents_page(
    State(web): State<Web>,
    viewer: Viewer,
    Query(Search { q }): Query<Search>,
) -> Result<Response, Problem> {
    let all = all(&web, &viewer).await?;
    let mut collections: BTreeSet<String> = all.iter().map(|document| document.collection.clone()).collect();
    collections.insert("default".to_owned());
    let verified = knowledge::verified_answers(&web.app, &viewer.caller).await?;
    html(&DocumentsPage {
        shell: viewer.shell(Section::Knowledge),
        list: if q.trim().is_empty() {
            listed(&viewer, all)
        } else {
            found(&web, &viewer, q).await?
        },
        verified_count: verified.len(),
        doubted: verified.iter().filter(|answer| answer.to_look_at).count(),
        collections: collections.into_iter().collect(),
    })
}

/// `GET /parts/knowledge?q=`
pub(super) async fn documents_part(
    State(web): State<Web>,
    viewer: Viewer,
    Query(Search { q }): Query<Search>,
) -> Result<Response, Problem> {
    let part = if q.trim().is_empty() {
        listed(&viewer, all(&web, &viewer).await?)
    } else {
        found(&web, &viewer, q).await?
    };
    html(&part)
}

/// `GET /knowledge/documents/{id}`
pub(super) async fn document_page(
    State(web): State<Web>,
    viewer: Viewer,
    InPath(id): InPath<DocumentId>,
) -> Result<Response, Problem> {
    let document = knowledge::document(&web.app, &viewer.caller, id).await?;
    let is_page = ["https://", "http://"]
        .iter()
        .any(|scheme| document.source.starts_with(scheme));
    let address = is_page.then(|| match document.anchor.as_str() {
        "" => document.source.clone(),
        anchor => format!("{}#{anchor}", document.source),
    });
    html(&DocumentPage {
        shell: viewer.shell(Section::Knowledge),
        place: document.anchor,
        address,
        language: document.language.unwrap_or_default(),
        owner: document.owner,
        expires: document.expires_at.map(|at| viewer.moment(at)),
        id: document.id.to_string(),
        title: document.title,
        text: document.body,
        is_faq: document.kind == DocumentKind::Faq,
        file: document.source,
        collection: document.collection,
        updated: viewer.moment(document.updated_at),
    })
}

/// One more than is listed, so that it can be said that there are more.
async fn all(web: &Web, viewer: &Viewer) -> Result<Vec<DocumentView>, Problem> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = knowledge::documents(&web.app, &viewer.caller, after.as_deref(), READ).await?;
        all.extend(page.items);
        after = page.next;
        if after.is_none() || all.len() > LISTED {
            return Ok(all);
        }
    }
}

fn listed(viewer: &Viewer, mut all: Vec<DocumentView>) -> DocumentsPart {
    let is_cut = all.len() > LISTED;
    all.truncate(LISTED);
    // Stable: within a file the order of import stays.
    all.sort_by(|a, b| (&a.source, &a.collection).cmp(&(&b.source, &b.collection)));
    let files = all
        .chunk_by(|a, b| (&a.source, &a.collection) == (&b.source, &b.collection))
        .filter_map(|documents| {
            let first = documents.first()?;
            let updated = documents.iter().map(|document| document.updated_at).max();
            Some(KnowledgeFile {
                collection: first.collection.clone(),
                name: first.source.clone(),
                updated: viewer.moment(updated.unwrap_or_default()),
                documents: documents.iter().map(row).collect(),
            })
        });
    DocumentsPart {
        files: files.collect(),
        is_cut,
        ..DocumentsPart::default()
    }
}

fn row(document: &DocumentView) -> DocumentRow {
    DocumentRow {
        id: document.id.to_string(),
        title: document.title.clone(),
        collection: document.collection.clone(),
        beginning: shortened(&document.body),
    }
}

async fn found(web: &Web, viewer: &Viewer, query: String) -> Result<DocumentsPart, Problem> {
    let passages = knowledge::search(&web.app, &viewer.caller, &query, None, FOUND).await?;
    let words = content_words(&query);
    // What has nothing in common with the question was not found.
    let hits = passages
        .into_iter()
        .map(|passage| hit(passage, &words))
        .filter(|hit| hit.nearness_percent > 0)
        .collect();
    Ok(DocumentsPart {
        query,
        hits,
        ..DocumentsPart::default()
    })
}

fn hit(passage: Passage, words: &HashSet<String>) -> SearchHit {
    SearchHit {
        href: match (passage.document_id, passage.verified_answer_id) {
            (Some(id), _) => format!("/knowledge/documents/{id}"),
            (None, Some(id)) => format!("/knowledge/answers/{id}"),
            (None, None) => "/knowledge".to_owned(),
        },
        passage: with_words(&passage.text, words),
        nearness_percent: percent(passage.score),
        is_verified: passage.verified_answer_id.is_some(),
        title: passage.title,
    }
}

/// `text` with every word highlighted whose stem is one of `words`.
fn with_words(text: &str, words: &HashSet<String>) -> Marked {
    let mut ranges = Vec::new();
    let mut start = None;
    for (at, character) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, character.is_alphanumeric()) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                if !content_words(text.get(from..at).unwrap_or_default()).is_disjoint(words) {
                    ranges.push(from..at);
                }
                start = None;
            }
            _ => {}
        }
    }
    Marked::new(text, &ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_question_are_marked_in_what_was_found() {
        let marked = with_words(
            "We deliver on Saturday until noon.",
            &content_words("Do you deliver on Saturday?"),
        );
        let words: Vec<_> = marked
            .pieces
            .iter()
            .filter(|piece| piece.marked)
            .map(|piece| piece.text.as_str())
            .collect();
        assert_eq!(words, ["deliver", "Saturday"]);
    }
}
