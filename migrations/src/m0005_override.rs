//! A person in charge: e-mail and what it carries.

use crate::dialect::Statements;

pub(crate) const MIGRATION: Statements = Statements {
    name: "m0005_override",
    changes: TABLES,
};

const TABLES: &str = r"
CREATE TABLE mails (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    mail_key TEXT NOT NULL,
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT,
    body_html TEXT,
    reply_to TEXT,
    conversation_id {uuid},
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unclear')),
    attempts {int} NOT NULL,
    last_error TEXT,
    created_at {int} NOT NULL,
    next_at {int},
    ended_at {int},
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, mail_key),
    CHECK ((state = 'queued') = (next_at IS NOT NULL)),
    CHECK ((body_text IS NULL) = (state = 'sent')),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};

CREATE TABLE contacts (
    conversation_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    address TEXT NOT NULL,
    consent TEXT NOT NULL CHECK (consent <> ''),
    mailed_seq {int} NOT NULL,
    left_at {int} NOT NULL,
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};

CREATE TABLE return_links (
    token_hash {bytes} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    created_at {int} NOT NULL,
    expires_at {int} NOT NULL,
    returned_at {int},
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};

CREATE TABLE notes (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    conversation_id {uuid} NOT NULL,
    member_id {uuid} NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('whisper', 'hand_back')),
    body TEXT NOT NULL,
    after_seq {int} NOT NULL,
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};
CREATE INDEX notes_by_conversation ON notes (conversation_id, id);

CREATE TABLE canned_replies (
    id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL REFERENCES workspaces (id),
    shortcut TEXT NOT NULL,
    body TEXT NOT NULL,
    member_id {uuid},
    created_at {int} NOT NULL,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, shortcut),
    FOREIGN KEY (workspace_id, member_id) REFERENCES members (workspace_id, id)
) {strict};

CREATE TABLE ratings (
    conversation_id {uuid} PRIMARY KEY,
    workspace_id {uuid} NOT NULL,
    stars {int} NOT NULL CHECK (stars BETWEEN 1 AND 5),
    words TEXT,
    created_at {int} NOT NULL,
    FOREIGN KEY (workspace_id, conversation_id) REFERENCES conversations (workspace_id, id)
) {strict};

ALTER TABLE conversations ADD COLUMN closed_at {int};
";
