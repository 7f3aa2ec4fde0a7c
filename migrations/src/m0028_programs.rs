//! Conversations that programs lead for their visitors: whose they are, and how the program names them.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0028_programs",
    changes: CHANGES,
};

const CHANGES: &str = r"
CREATE TABLE program_conversations (
    conversation_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    token_id {uuid} NOT NULL,
    client_key TEXT,
    asked_hash {bytes},
    handed_out_at {int},
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, conversation_id),
    UNIQUE (workspace_id, token_id, client_key),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, token_id) REFERENCES tokens (workspace_id, id)
) {strict};
CREATE INDEX program_conversations_by_hash ON program_conversations (workspace_id, token_id, asked_hash, created_at);
";
