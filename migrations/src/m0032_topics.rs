//! Questions that mean the same, and changes of the traffic.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0032_topics",
    changes: CHANGES,
};

/// A question is noticed first and embedded later: until then it has no embedder. Its vector is kept while it may still move.
const CHANGES: &str = r"
CREATE TABLE clusters (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    named_by {uuid},
    is_kept {bool} NOT NULL,
    example TEXT NOT NULL,
    embedder TEXT NOT NULL,
    vector {bytes} NOT NULL,
    questions {int} NOT NULL CHECK (questions >= 0),
    merged_into {uuid},
    created_at {int} NOT NULL,
    last_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    CHECK (merged_into IS NULL OR merged_into <> id),
    FOREIGN KEY (workspace_id, named_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, merged_into) REFERENCES clusters (workspace_id, id)
) {strict};

CREATE TABLE turn_clusters (
    turn_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    cluster_id {uuid},
    question TEXT NOT NULL,
    embedder TEXT,
    vector {bytes},
    asked_at {int} NOT NULL,
    UNIQUE (workspace_id, turn_id),
    CHECK (vector IS NULL OR embedder IS NOT NULL),
    CHECK (cluster_id IS NULL OR embedder IS NOT NULL),
    FOREIGN KEY (workspace_id, turn_id) REFERENCES turns (workspace_id, id),
    FOREIGN KEY (workspace_id, cluster_id) REFERENCES clusters (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
CREATE INDEX turn_clusters_by_cluster ON turn_clusters (workspace_id, cluster_id, asked_at);
CREATE INDEX turn_clusters_by_conversation ON turn_clusters (workspace_id, conversation_id);
CREATE INDEX turn_clusters_to_embed ON turn_clusters (workspace_id, turn_id) WHERE embedder IS NULL;
CREATE INDEX turn_clusters_held ON turn_clusters (workspace_id, asked_at, turn_id) WHERE vector IS NOT NULL;

CREATE TABLE cluster_watches (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    seq {int} NOT NULL,
    seen {int} NOT NULL,
    looked_on {int}
) {strict};

CREATE TABLE patterns (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    kind TEXT NOT NULL CHECK (kind IN ('cluster', 'handoff', 'negative', 'match', 'volume')),
    key TEXT NOT NULL,
    since {int} NOT NULL,
    amount {int} NOT NULL CHECK (amount >= 0),
    expected {real} NOT NULL,
    evidence {real} NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'dismissed', 'over')),
    found_at {int} NOT NULL,
    looked_on {int} NOT NULL,
    UNIQUE (workspace_id, id)
) {strict};
CREATE INDEX patterns_by_state ON patterns (workspace_id, state, id);
";
