//! Versions of the tuned ranking: what was learned from verdicts, with what it was measured to do.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0014_tuner",
    changes: CHANGES,
};

const CHANGES: &str = r"
CREATE TABLE retrieval_versions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    number {int} NOT NULL CHECK (number > 0),
    state TEXT NOT NULL CHECK (state IN ('candidate', 'in_use', 'retired')),
    embedder TEXT NOT NULL,
    dimensions {int} NOT NULL CHECK (dimensions > 0),
    adapter {bytes} NOT NULL,
    adapter_hash {bytes} NOT NULL CHECK (length(adapter_hash) = 32),
    figures TEXT NOT NULL,
    member_id {uuid},
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, number),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
";
