//! Webhooks and how far they came, and the topics of what waits.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0006_duty",
    changes: CHANGES,
};

const CHANGES: &str = r"
ALTER TABLE review_items ADD COLUMN topics TEXT NOT NULL DEFAULT '[]';

CREATE TABLE deliveries (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    delivery_key TEXT NOT NULL,
    url TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    conversation_id {uuid},
    state TEXT NOT NULL CHECK (state IN ('queued', 'delivered', 'failed')),
    attempts {int} NOT NULL,
    last_error TEXT,
    created_at {int} NOT NULL,
    next_at {int},
    ended_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, delivery_key),
    CHECK ((state = 'queued') = (next_at IS NOT NULL)),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};

CREATE TABLE webhook_secrets (
    workspace_id {uuid} PRIMARY KEY REFERENCES workspaces (id),
    secret {bytes} NOT NULL,
    previous {bytes},
    changed_at {int} NOT NULL
) {strict};
";
