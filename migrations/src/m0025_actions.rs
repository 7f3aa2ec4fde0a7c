//! Tools, what was proposed to be done with them or by somebody's agent, secrets that tools use, and people to be called back.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0025_actions",
    changes: CHANGES,
};

/// A version of a tool never changes; the newest of a name is in force. What an action holds beside `standing_` is as it was
/// proposed; `request` is what is sent, to the last byte but the secrets. It cannot have begun without a final decision that lets it
/// run, and has not begun if anything else was decided.
const CHANGES: &str = r"
CREATE TABLE tool_versions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    number {int} NOT NULL,
    definition TEXT NOT NULL,
    is_removed {bool} NOT NULL,
    member_id {uuid},
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, name, number),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};

CREATE TABLE secrets (
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    name TEXT NOT NULL,
    value {bytes} NOT NULL,
    changed_at {int} NOT NULL,
    PRIMARY KEY (workspace_id, name)
) {strict};

CREATE TABLE actions (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    runs TEXT NOT NULL CHECK (runs IN ('here', 'there')),
    status TEXT NOT NULL CHECK (status IN ('waiting', 'decided', 'approved', 'running', 'executed', 'failed', 'unknown',
        'consumed', 'rejected', 'responded', 'expired', 'cancelled')),
    origin TEXT NOT NULL CHECK (origin IN ('ai', 'form', 'member', 'agent')),
    asked_by TEXT NOT NULL,
    tool_version_id {uuid},
    token_id {uuid},
    call_key TEXT NOT NULL,
    conversation_id {uuid},
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    risk TEXT NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
    args TEXT NOT NULL,
    args_schema TEXT,
    request TEXT NOT NULL,
    args_hash TEXT NOT NULL,
    standing_args TEXT NOT NULL,
    standing_request TEXT NOT NULL,
    standing_hash TEXT NOT NULL,
    allowed TEXT NOT NULL,
    quorum {int} NOT NULL,
    wording {int} NOT NULL,
    edited {bool} NOT NULL,
    votes TEXT NOT NULL,
    on_timeout TEXT NOT NULL CHECK (on_timeout IN ('reject', 'cancel')),
    callback_url TEXT,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    decision TEXT CHECK (decision IN ('approve', 'edit', 'reject', 'respond')),
    decided_by {uuid},
    decided_at {int},
    final_at {int},
    decided_hash TEXT,
    message TEXT,
    attempts {int} NOT NULL,
    under_way {bool} NOT NULL,
    begun_at {int},
    result TEXT,
    ended_at {int},
    leased_by {uuid},
    leased_until {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, call_key),
    CHECK ((decision IS NULL) = (decided_at IS NULL) AND (decision IS NULL) = (final_at IS NULL) AND (decision IS NULL) = (decided_hash IS NULL)),
    CHECK (begun_at IS NULL OR (decision IN ('approve', 'edit') AND decided_hash = standing_hash)),
    CHECK ((status IN ('running', 'executed', 'failed', 'unknown', 'consumed')) = (begun_at IS NOT NULL)),
    CHECK (status NOT IN ('decided', 'approved', 'rejected', 'responded') OR decision IS NOT NULL),
    CHECK ((runs = 'here') = (tool_version_id IS NOT NULL)),
    CHECK ((origin = 'agent') = (runs = 'there')),
    FOREIGN KEY (workspace_id, tool_version_id) REFERENCES tool_versions (workspace_id, id),
    FOREIGN KEY (workspace_id, token_id) REFERENCES tokens (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, decided_by) REFERENCES members (workspace_id, id),
    FOREIGN KEY (workspace_id, leased_by) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX actions_by_status ON actions (workspace_id, status, created_at, id);
CREATE INDEX actions_of_token ON actions (workspace_id, token_id, id);
CREATE INDEX actions_of_conversation ON actions (workspace_id, conversation_id, id);
CREATE INDEX actions_of_day ON actions (workspace_id, name, decided_at);

CREATE TABLE leads (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    action_id {uuid} NOT NULL,
    conversation_id {uuid},
    name TEXT NOT NULL,
    contact TEXT NOT NULL,
    note TEXT NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, action_id),
    FOREIGN KEY (workspace_id, action_id) REFERENCES actions (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};
";
