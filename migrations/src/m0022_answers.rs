//! Verified answers grown up: other wordings, what they rest on, what newer knowledge says against them, and each draft that was made from one.

use crate::dialect::{execute, execute_one_of};
use sea_orm_migration::prelude::*;

#[derive(Debug)]
pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0022_answers"
    }
}

/// `replaces` is one of the same workspace: whatever writes it has read that row through the workspace. A text never changes; another one is another row.
const CHANGES: &str = r"
ALTER TABLE verified_answers ADD COLUMN variants TEXT NOT NULL DEFAULT '[]';
ALTER TABLE verified_answers ADD COLUMN language TEXT;
ALTER TABLE verified_answers ADD COLUMN owner TEXT;
ALTER TABLE verified_answers ADD COLUMN expires_at {int};
ALTER TABLE verified_answers ADD COLUMN replaces {uuid};
ALTER TABLE verified_answers ADD COLUMN confirmed_at {int};
ALTER TABLE verified_answers ADD COLUMN grounded_at {int};
CREATE INDEX verified_answers_to_expire ON verified_answers (workspace_id, expires_at) WHERE retired_at IS NULL AND expires_at IS NOT NULL;

CREATE TABLE answer_sources (
    answer_id {uuid} NOT NULL,
    document_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    content_hash {bytes} NOT NULL CHECK (length(content_hash) = 32),
    noted_at {int} NOT NULL,
    PRIMARY KEY (answer_id, document_id),
    FOREIGN KEY (workspace_id, answer_id) REFERENCES verified_answers (workspace_id, id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES documents (workspace_id, id)
) {strict};
CREATE INDEX answer_sources_of_workspace ON answer_sources (workspace_id, answer_id);
CREATE INDEX answer_sources_by_document ON answer_sources (workspace_id, document_id);

CREATE TABLE answer_conflicts (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    answer_id {uuid} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('source_changed', 'source_gone', 'says_otherwise')),
    document_id {uuid},
    other_answer_id {uuid},
    title TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    differs TEXT NOT NULL,
    content_hash {bytes} NOT NULL,
    found_at {int} NOT NULL,
    decision TEXT CHECK (decision IN ('right', 'changed', 'retired', 'settled')),
    decided_by {uuid},
    decided_at {int},
    UNIQUE (workspace_id, id),
    CHECK ((document_id IS NULL) <> (other_answer_id IS NULL)),
    CHECK ((decision IS NULL) = (decided_at IS NULL)),
    CHECK (decided_by IS NULL OR decision IS NOT NULL),
    FOREIGN KEY (workspace_id, answer_id) REFERENCES verified_answers (workspace_id, id),
    FOREIGN KEY (workspace_id, document_id) REFERENCES documents (workspace_id, id),
    FOREIGN KEY (workspace_id, other_answer_id) REFERENCES verified_answers (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX answer_conflicts_by_answer ON answer_conflicts (workspace_id, answer_id);
CREATE INDEX answer_conflicts_open ON answer_conflicts (workspace_id, id) WHERE decision IS NULL;
CREATE INDEX answer_conflicts_by_document ON answer_conflicts (workspace_id, document_id);
CREATE INDEX answer_conflicts_by_other ON answer_conflicts (workspace_id, other_answer_id);

CREATE TABLE answer_uses (
    draft_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    answer_id {uuid} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, draft_id),
    FOREIGN KEY (workspace_id, draft_id) REFERENCES drafts (workspace_id, id),
    FOREIGN KEY (workspace_id, answer_id) REFERENCES verified_answers (workspace_id, id)
) {strict};
CREATE INDEX answer_uses_by_answer ON answer_uses (workspace_id, answer_id, created_at);

CREATE TABLE answer_candidates (
    answer_id {uuid} NOT NULL,
    candidate_id {uuid} NOT NULL,
    workspace_id {uuid} NOT NULL,
    PRIMARY KEY (answer_id, candidate_id),
    FOREIGN KEY (workspace_id, answer_id) REFERENCES verified_answers (workspace_id, id),
    FOREIGN KEY (workspace_id, candidate_id) REFERENCES candidates (workspace_id, id)
) {strict};
CREATE INDEX answer_candidates_of_workspace ON answer_candidates (workspace_id, answer_id);
CREATE INDEX answer_candidates_by_candidate ON answer_candidates (workspace_id, candidate_id);

CREATE TABLE answer_watches (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    embedder TEXT NOT NULL,
    number {int} NOT NULL CHECK (number >= 0)
) {strict};
";

/// Drafts of before name their answer inside of a text.
const USES: &str = "INSERT INTO answer_uses (draft_id, workspace_id, answer_id, created_at) \
    SELECT d.id, d.workspace_id, a.id, d.created_at FROM drafts d JOIN verified_answers a ON a.workspace_id = d.workspace_id AND a.id = ";
const NAMED_ON_SQLITE: &str =
    "unhex(replace(json_extract(d.sources, '$[0].verified_answer_id'), '-', '')) WHERE d.mode = 'verified'";
const NAMED_ON_POSTGRES: &str = "(d.sources::json -> 0 ->> 'verified_answer_id')::uuid WHERE d.mode = 'verified'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, CHANGES).await?;
        let uses = |named| format!("{USES}{named}");
        execute_one_of(manager, &uses(NAMED_ON_SQLITE), &uses(NAMED_ON_POSTGRES)).await
    }

    // On SQLite sea-orm runs migrations outside of a transaction unless told otherwise.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
